//! A segment: the rows of one tenant and one UTC day as one immutable Parquet object, sorted by
//! stream and time. The file is described in `docs/formats/segment.md`; any Parquet reader reads
//! it, and we find our way in it by its stream table.
//!
//! This module knows one segment at a time. Which segments are live is the manifest's to say.

mod checksum;
mod grams;
mod narrow;
mod object;
mod pieces;
mod prints;
mod reader;
mod stats;
mod upload;
mod writer;

pub(crate) use checksum::{Checksums, range as chunk_range};
pub(crate) use pieces::{Piece, by_row_group, divide};
pub(crate) use prints::RowPrints;
pub(crate) use reader::{Library, Segment};
pub use stats::StreamStats;
pub(crate) use stats::{StreamEntry, StreamTable};
pub(crate) use upload::upload;
pub(crate) use writer::{Encoded, SegmentWriter, encode};
