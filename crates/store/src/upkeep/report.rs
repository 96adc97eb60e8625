//! What the upkeep has done and will do, for those who look.

use model::Timestamp;

use super::rewrite::Rewritten;
use crate::manifest::SegmentRecord;

/// What the upkeep of this process has done since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpkeepReport {
    /// When it last looked.
    pub ran_at: Option<Timestamp>,
    /// Segments that were merged into others.
    pub merged_segments: u64,
    /// What retention has freed.
    pub expired: Retained,
    /// What deletions have freed.
    pub erased: Retained,
    /// Objects that were removed.
    pub swept_objects: u64,
    /// What retention will free next, and when.
    pub next: Option<NextExpiry>,
}

/// What was freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retained {
    /// When something was freed last.
    pub last_at: Option<Timestamp>,
    /// Rows.
    pub rows: u64,
    /// Bytes of objects.
    pub bytes: u64,
}

/// What retention will free next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextExpiry {
    /// When.
    pub at: Timestamp,
    /// Segments that expire then as a whole.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What one round has freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Freed {
    pub(super) segments: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Freed {
    /// Counts what became of some segments.
    pub(super) fn add(&mut self, _segments: &[SegmentRecord], done: Rewritten) {
        if let Rewritten::Done { rows_gone, bytes_gone } = done {
            self.rows += rows_gone;
            self.bytes += bytes_gone;
        }
    }
}

impl Retained {
    /// Adds what a round has freed.
    pub(super) fn add(&mut self, freed: Freed, now: Timestamp) {
        if freed.rows > 0 {
            self.last_at = Some(now);
        }
        self.rows += freed.rows;
        self.bytes += freed.bytes;
    }
}
