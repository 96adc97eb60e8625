//! How far the collector has come, for whoever waits for it.

use tokio::sync::watch;

/// What has been read and delivered since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// Files that are open now.
    pub files: u64,
    /// Files that were opened.
    pub files_opened: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Physical lines read for the first time.
    pub lines_read: u64,
    /// Entries that were read, or found in a queue.
    pub entries_queued: u64,
    /// Entries pushed, each time that they were.
    pub entries_sent: u64,
    /// Entries that a sink has acknowledged, counted for each.
    pub entries_acked: u64,
    /// Physical lines that those entries were made of.
    pub physical_lines_acked: u64,
    /// Entries that the store refused for good, and that lie in the dead-letter folder.
    pub entries_refused: u64,
    /// Entries that every sink has dealt with.
    pub entries_settled: u64,
    /// Whether every file that is known was read to its end, with nothing open.
    pub is_at_end: bool,
    /// Rounds through all folders that were made.
    pub scans: u64,
    /// Task log files that are read.
    pub task_files: u64,
    /// Whether all task log files that are known were read to their end; true where none are read.
    pub are_tasks_at_end: bool,
    /// Looks at all volumes that were made.
    pub task_rounds: u64,
}

impl Status {
    /// Whether all that is on disk has been delivered, or put aside.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.is_at_end && self.are_tasks_at_end && self.entries_queued == self.entries_settled
    }
}

/// Where the parts of the collector note how far they have come.
#[derive(Debug, Clone)]
pub struct Progress(watch::Sender<Status>);

impl Progress {
    /// Nothing done yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(Status { are_tasks_at_end: true, ..Status::default() }))
    }

    /// Notes a change.
    pub fn note(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_modify(change);
    }

    /// Sees every change from now on.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }
}
