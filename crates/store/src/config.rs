//! What can be set, as plain data, and what a store is given to work with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use object_store::ObjectStore;

use crate::wal::Folder;
use crate::{Disk, FailPoints, Metrics, Threads};

/// The settings of a store. Every number is a limit with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A file of the write-ahead log is closed at this size, in bytes. Recovery reads a file as a
    /// whole, and a published file is removed as a whole.
    pub wal_segment_bytes: u64,
    /// Appends are refused, to be sent again, when the log would be larger than this, in bytes: the
    /// disk below it belongs to others too. The head is flushed when it is half full.
    pub wal_bytes_max: u64,
    /// Appends are gathered into one record and one fsync up to this size, in bytes.
    pub wal_group_bytes: usize,
    /// The largest single append, in bytes: twice what a push may hold once decompressed.
    pub append_bytes_max: u64,
    /// How many appends may wait for the log. The next ones wait to be let in.
    pub append_queue: usize,
    /// The head is flushed at this size, in bytes of memory: large enough for good Parquet files,
    /// small enough to write in a few seconds.
    pub flush_bytes: u64,
    /// The head is flushed at this many rows.
    pub flush_rows: u64,
    /// The head is flushed when its first row is this old, so that other readers of the bucket,
    /// and a restart, have little to catch up with.
    pub flush_age: Duration,
    /// How often the three rules above are looked at.
    pub flush_check: Duration,
    /// How often to look for manifests of other writers of the same object store.
    pub refresh_age: Duration,
    /// Appends are refused, to be sent again, when this much waits in memory, in bytes: it is how
    /// long an outage of the object store can be survived.
    pub head_bytes_max: u64,
    /// How long such an append waits for room before: as long as flushes succeed, a sender in a
    /// hurry is slowed down by that, and not sent away.
    pub append_patience: Duration,
    /// How many appends may wait so; the next ones are refused at once. Each holds what it brings.
    pub append_waiters: usize,
    /// Rows of a row group of a segment: the unit that readers skip by statistics.
    pub row_group_rows: usize,
    /// Rows of a data page: the unit that is read and decompressed. One task's lines should not
    /// cost a megabyte.
    pub page_rows: usize,
    /// A partition of a scan has about this many rows of a segment: what one core should read.
    pub partition_rows: u64,
    /// How the segments of a day that goes on are packed.
    pub packing: Packing,
    /// How segments are packed that are rewritten when their day is over: they are kept and read
    /// for weeks, and nobody waits for them.
    pub packing_complete: Packing,
    /// A day is complete when it has been over, and nothing has been added to it, for so long.
    pub complete_age: Duration,
    /// Segments are merged up to this size of an object, in bytes: large enough that a day has few
    /// of them, small enough to be written by one put.
    pub compact_bytes_max: u64,
    /// Of a day that is still being written, so many segments of like size are merged. Each row is
    /// rewritten about once for each power of this number.
    pub compact_inputs_min: usize,
    /// How often to look for segments to merge, to expire and to sweep.
    pub maintain_age: Duration,
    /// The object of a segment that is not live any more is removed after so long: no query runs
    /// longer, and nobody who reads is so far behind.
    pub removed_age: Duration,
    /// An object that no manifest knows is swept away when it is so old: what is uploaded becomes
    /// part of a manifest within minutes, or never.
    pub orphan_age: Duration,
    /// How often to look for such objects, which takes a list of all.
    pub sweep_age: Duration,
    /// Memory for the footers of segments, in bytes.
    pub footer_cache_bytes: usize,
    /// Memory for the fingerprints of published rows, in bytes: used only to recognise lines that
    /// are sent again after they were flushed.
    pub fingerprint_cache_bytes: usize,
    /// Memory for blocks of segments in a remote object store, in bytes: what a dashboard asks
    /// again and again.
    pub read_cache_memory_bytes: usize,
    /// Disk for such blocks, in bytes: some days of segments. It must fit beside the log. 0 keeps
    /// none.
    pub read_cache_disk_bytes: u64,
}

/// What is given to make a segment small (decision 015).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// The level of zstd. Of lines of templates with numbers, 1 makes less than 2, 3 and 4 do, and
    /// faster: it takes no match that is shorter than a number costs.
    pub zstd_level: i32,
    /// Whether a line is written without what it has in common with the beginning of the line
    /// before it. That makes less, and costs readers a copy.
    pub shares_prefixes: bool,
}

impl Default for Config {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            wal_segment_bytes: 64 * MIB,
            wal_bytes_max: 4096 * MIB,
            wal_group_bytes: 4 * 1024 * 1024,
            append_bytes_max: 1024 * MIB,
            append_queue: 1024,
            flush_bytes: 128 * MIB,
            flush_rows: 1_000_000,
            flush_age: Duration::from_secs(600),
            flush_check: Duration::from_secs(1),
            refresh_age: Duration::from_secs(10),
            head_bytes_max: 512 * MIB,
            append_patience: Duration::from_secs(5),
            append_waiters: 16,
            row_group_rows: 128 * 1024,
            page_rows: 8 * 1024,
            partition_rows: 256 * 1024,
            packing: Packing { zstd_level: 1, shares_prefixes: false },
            packing_complete: Packing { zstd_level: 9, shares_prefixes: true },
            complete_age: Duration::from_secs(3600),
            compact_bytes_max: 64 * MIB,
            compact_inputs_min: 8,
            maintain_age: Duration::from_secs(30),
            removed_age: Duration::from_secs(900),
            orphan_age: Duration::from_secs(86_400),
            sweep_age: Duration::from_secs(6 * 3600),
            footer_cache_bytes: 64 * 1024 * 1024,
            fingerprint_cache_bytes: 64 * 1024 * 1024,
            read_cache_memory_bytes: 128 * 1024 * 1024,
            read_cache_disk_bytes: 10 * 1024 * MIB,
        }
    }
}

/// What a store works with. Components are passed in, so that tests and simulations decide.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Where segments and manifests are kept. Several stores may share it.
    pub objects: Arc<dyn ObjectStore>,
    /// The folder of the write-ahead log, which belongs to this store alone.
    pub log: Arc<dyn Disk>,
    /// The folder for blocks of segments that were read or written, which belongs to this store
    /// alone. `None` where objects are on a local disk, whose reads the operating system caches.
    pub cache_dir: Option<PathBuf>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where to count; without it the store makes [its own](crate::Store::metrics).
    pub metrics: Option<Metrics>,
    /// What happens at the hops of a line's life; by default nothing.
    pub fail_points: FailPoints,
    /// Where work runs that does not give way.
    pub threads: Threads,
    /// What tells this process from others that begin at the same time: its number.
    pub process: u32,
}

impl Parts {
    /// What every store needs: no cache of reads, counters of its own, no fail points, threads for
    /// blocking work.
    #[must_use]
    pub fn new(objects: Arc<dyn ObjectStore>, wal_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            objects,
            log: Arc::new(Folder(wal_dir)),
            cache_dir: None,
            clock,
            metrics: None,
            fail_points: FailPoints::default(),
            threads: Threads::default(),
            process: std::process::id(),
        }
    }
}
