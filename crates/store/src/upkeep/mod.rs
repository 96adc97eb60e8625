//! Upkeep: what a store does in the background so that it stays small and quick. Segments are
//! merged, what is old expires, what was deleted is erased, and objects that nobody needs are swept
//! away. All of it are commits of a manifest: several processes may do it at once, and one that is
//! killed anywhere leaves nothing but objects for the next sweep.

mod erase;
mod expire;
mod report;
mod retention;
mod rewrite;
mod rules;
mod sweep;
mod task;

pub use report::{NextExpiry, Retained, UpkeepReport};
pub(crate) use rewrite::Rewriter;
pub use rules::{EntryTest, Erasure, Rules};
pub(crate) use task::Upkeep;
