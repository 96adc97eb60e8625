//! The query engine over a real store on a real disk. One binary: DataFusion links slowly.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod answers;
mod data;
mod memory;
mod oracle;
