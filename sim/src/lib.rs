//! A simulation: several stores on one object store, with faults, and an auditor. The same seed
//! gives the same bytes.
//!
//! Start here: [`run`], then `world.rs`. Time is virtual ([`tokio::time::pause`]), there is one
//! thread, and all randomness comes from the seed. What is simulated is the world outside the
//! store: disks (`disk.rs`), the object store (`bucket.rs`), clocks (`clock.rs`), processes that
//! end anywhere (`power.rs`, `host.rs`), those who use the store (`writer.rs`, `reader.rs`) and
//! those who make trouble (`trouble.rs`). What must be true is in `ledger.rs` and `end.rs`.

#![forbid(unsafe_code)]

mod bucket;
mod clock;
mod disk;
mod end;
mod host;
mod ledger;
mod power;
mod reader;
mod rules;
mod settings;
mod trace;
mod trouble;
mod world;
mod writer;

pub use world::{Outcome, run};
