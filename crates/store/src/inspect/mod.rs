//! A look at a store from outside: what it holds and what that costs, without the lock of its
//! folder and without changing anything, whether or not it is being served.
//!
//! Start here: [`Inspection`]. What it returns is plain data, which serde can write; times are
//! nanoseconds since 1970 there.

mod log;
mod segment;
mod space;
mod state;
mod view;

pub use log::LogFileState;
pub use segment::{ColumnSpace, RowGroupSpace, SegmentDepth, StreamSpace};
pub use space::LabelSpace;
pub use state::{DayState, ManifestState, SegmentState, WriterState};
pub use view::Inspection;
pub(crate) use view::folder;

pub use crate::wal::Tail;
