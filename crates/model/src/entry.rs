//! One log line with its time and metadata, and the stream that it belongs to.

use crate::{Labels, Timestamp};

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the line was written, as its writer says.
    pub timestamp: Timestamp,
    /// The line, without its final newline; it may hold newlines of its own.
    pub line: String,
    /// Structured metadata: facts about this entry alone.
    pub metadata: Labels,
}

impl Entry {
    /// An entry without metadata.
    #[must_use]
    pub fn new(timestamp: Timestamp, line: impl Into<String>) -> Self {
        Self { timestamp, line: line.into(), metadata: Labels::default() }
    }
}

/// Entries that share their labels, in the order in which they were written or pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The identity of the stream.
    pub labels: Labels,
    /// Its entries.
    pub entries: Vec<Entry>,
}
