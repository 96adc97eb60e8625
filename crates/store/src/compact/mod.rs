//! Compaction: few large segments in place of many small ones, with the same rows.
//!
//! `plan.rs` decides from a manifest alone what is merged; `merge.rs` reads and writes rows, and
//! leaves out those that have expired or were deleted. What is done with the result is in `upkeep`.

mod cursor;
mod merge;
mod output;
mod plan;

pub(crate) use merge::{LeftOut, merge};
pub(crate) use plan::plan;
