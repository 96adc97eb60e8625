//! The whole of it, as its users have it: the binary as a process, the machines over HTTP, real
//! logs. One binary: linking the engine is slow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod alloy;
mod ask;
mod client;
mod crash;
mod crash_table;
mod demo;
mod errors;
mod flight;
mod full_disk;
mod import;
mod inspect;
mod memory;
mod place;
mod push;
mod site;
mod tail;
mod truth;
mod verify;
