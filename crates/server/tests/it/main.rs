//! The server's routes, over a real store and engine, without a socket. One binary: linking the
//! engine is slow.

#![allow(clippy::unwrap_used, reason = "a test's panic is its verdict")]

mod access;
mod airflow;
mod cancel;
mod delete;
mod grafana;
mod harness;
mod lifecycle;
mod limits;
mod metadata;
mod patterns;
mod push;
mod query;
mod recorded;
mod serve;
mod stalled;
mod tail;
mod upkeep;
