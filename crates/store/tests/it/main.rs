//! The store as its users see it, from append to scan, over good and bad object stores, and over
//! whichever kind `under_test.rs` is told to take.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod cache;
mod counting_objects;
mod delete;
mod duckdb;
mod duplicates;
mod fail_points;
mod faults;
mod faulty_objects;
mod folder;
mod formats;
mod inspect;
mod life;
mod places;
mod random;
mod under_test;
mod upkeep;
mod verify;
mod watch;
mod world;
mod writers;
