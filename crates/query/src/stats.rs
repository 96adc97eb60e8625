//! What a query read: counted by the scan, reported with the answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::BytesRead;

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
#[derive(Debug)]
pub(crate) struct Counters {
    /// The most bytes that may be read.
    bytes_max: u64,
    pub(crate) lines: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) partitions: AtomicU64,
    pub(crate) passed: AtomicU64,
}

impl Counters {
    /// All at zero; `bytes_max` bytes of lines may be read.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let zero = AtomicU64::default;
        Self { bytes_max, lines: zero(), bytes: zero(), partitions: zero(), passed: zero() }
    }

    /// Counts bytes of lines that were read.
    pub(crate) fn read(&self, bytes: usize) -> Result<(), BytesRead> {
        let before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let limit = self.bytes_max;
        if before.saturating_add(bytes as u64) > limit { Err(BytesRead { limit }) } else { Ok(()) }
    }

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
