//! What a query read: counted by the scan, reported with the answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a query read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Rows that came out of the scan.
    pub lines: u64,
    /// Bytes of the lines that were read (none where the query does not look at lines).
    pub bytes: u64,
    /// Segments and heads that were opened.
    pub partitions: u64,
    /// Rows that passed all stages.
    pub passed: u64,
    /// How long the query took.
    pub elapsed: Duration,
}

/// Counts while the operators run, on several threads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) lines: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) partitions: AtomicU64,
    pub(crate) passed: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: usize) {
        counter.fetch_add(by as u64, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self, elapsed: Duration) -> Stats {
        Stats {
            lines: self.lines.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            partitions: self.partitions.load(Ordering::Relaxed),
            passed: self.passed.load(Ordering::Relaxed),
            elapsed,
        }
    }
}
