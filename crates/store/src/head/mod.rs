//! The head: rows that are durable in the log and not yet in a segment, visible at once.
//!
//! Nothing here does I/O or waits, and nothing here knows Parquet.

mod generation;
mod seal;
mod seen;
mod table;

pub(crate) use generation::Generation;
pub(crate) use seal::due;
pub(crate) use seen::{Fingerprint, MetadataHash, Prints, Seen};
pub(crate) use table::{Position, StreamRows, Table};
