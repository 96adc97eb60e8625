//! Files → batches, on threads that may wait.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use collector::{Streams, TaskLog, TaskPlace};
use model::{Labels, Timestamp};
use tokio::sync::mpsc;

use super::journal::Known;
use super::logs::{LogFile, Logs};

/// Bytes that are read from a file at once: a push has several of them.
const READ_BYTES_MAX: usize = 256 * 1024;
/// Bytes of lines and metadata in one push: large enough that a round trip and an fsync cost
/// little beside it, small beside what a server takes.
const BATCH_BYTES: usize = 1024 * 1024;
/// A file that was written to since is taken to be written to still: what a process has open it
/// writes to within this time, or its last lines are whole.
const SETTLED: Duration = Duration::from_secs(300);

/// A file of the list, and where to begin.
#[derive(Debug)]
pub struct Task {
    /// The file.
    pub file: LogFile,
    /// Where to read on from.
    pub place: TaskPlace,
}

/// What several readers share.
#[derive(Debug)]
pub struct Shelf {
    /// Where the bytes are.
    pub logs: Logs,
    /// The files, in the order in which they are read.
    pub tasks: Vec<Task>,
    /// Labels for all lines.
    pub labels: Labels,
    /// The time at which the files were found.
    pub now: Timestamp,
    /// Whether nothing writes to them any more.
    pub is_stopped: bool,
    /// Which file is the next that somebody reads.
    pub next: AtomicUsize,
}

/// Entries on their way to a server, and how far their files are dealt with once it has them.
#[derive(Debug, Default)]
pub struct Batch {
    /// The push; empty where there is no entry.
    pub body: Bytes,
    /// How many entries there are.
    pub entries: u64,
    /// How many bytes their lines have.
    pub line_bytes: u64,
    /// How many bytes of files were read for it.
    pub file_bytes: u64,
    /// How far files are dealt with, by their numbers.
    pub marks: Vec<(usize, Known)>,
    /// How many files were read of which an end is left, since it may not be whole.
    pub open: u64,
    /// What could not be read.
    pub failures: Vec<(usize, String)>,
}

/// Reads files, one after the other, until there are no more or nobody wants them.
pub fn run(shelf: &Arc<Shelf>, outbox: &mpsc::Sender<Batch>) {
    let mut reader = Reader { shelf, outbox, streams: Streams::default(), batch: Batch::default() };
    loop {
        let at = shelf.next.fetch_add(1, Ordering::Relaxed);
        let Some(task) = shelf.tasks.get(at) else { break };
        if let Err(error) = reader.read(at, task) {
            reader.batch.failures.push((at, format!("{error:#}")));
        }
        if outbox.is_closed() {
            return;
        }
    }
    reader.send();
}

struct Reader<'a> {
    shelf: &'a Shelf,
    outbox: &'a mpsc::Sender<Batch>,
    streams: Streams,
    batch: Batch,
}

impl Reader<'_> {
    fn read(&mut self, at: usize, task: &Task) -> Result<()> {
        let Task { file, place } = task;
        let path = file.path().context("it is no log of a task")?;
        let mut bytes = self.shelf.logs.open(file, place.from)?;
        let mut log = TaskLog::new(&path, &self.shelf.labels, *place, file.modified);
        let mut buffer = vec![0; READ_BYTES_MAX];
        // What was read before counts as read.
        self.batch.file_bytes += if file.is_packed() { file.bytes } else { place.from };
        loop {
            let read =
                bytes.read(&mut buffer).with_context(|| format!("failed to read {}", file.name))?;
            if read == 0 {
                break;
            }
            log.feed(&buffer[..read]);
            self.batch.file_bytes += if file.is_packed() { 0 } else { read as u64 };
            if !self.take(at, file, &mut log) {
                return Ok(());
            }
        }
        if self.is_settled(file) {
            log.end();
            self.take(at, file, &mut log);
        }
        let place = log.place();
        let whole = place.done == log.fed();
        self.batch.open += u64::from(!whole);
        self.mark(at, Known { bytes: file.bytes, whole, place });
        Ok(())
    }

    fn is_settled(&self, file: &LogFile) -> bool {
        let is_old = self.shelf.now.since(file.modified) > SETTLED;
        self.shelf.is_stopped || is_old || file.is_packed()
    }

    /// Takes what has come out of a file; `false` when nobody wants it any more.
    fn take(&mut self, at: usize, file: &LogFile, log: &mut TaskLog) -> bool {
        for entry in log.take() {
            self.batch.line_bytes += entry.entry.line.len() as u64;
            self.streams.add(entry.labels, entry.entry);
            if self.streams.bytes() >= BATCH_BYTES {
                self.mark(at, Known { bytes: file.bytes, whole: false, place: entry.place });
                if !self.send() {
                    return false;
                }
            }
        }
        true
    }

    fn mark(&mut self, at: usize, known: Known) {
        match self.batch.marks.last_mut() {
            Some((last, before)) if *last == at => *before = known,
            _ => self.batch.marks.push((at, known)),
        }
    }

    fn send(&mut self) -> bool {
        let streams = std::mem::take(&mut self.streams);
        let mut batch = std::mem::take(&mut self.batch);
        batch.entries = streams.entries();
        if batch.entries > 0 {
            batch.body = Bytes::from(loki::push::encode(streams.streams()));
        }
        self.outbox.blocking_send(batch).is_ok()
    }
}
