//! The queue of one sink: batches in the order in which they were read, within a bound.
//!
//! The lines of a pod that is gone are nowhere else than here, so a batch is a file before it is
//! sent. It is not synced: a process that is killed loses nothing of it, and after a power cut the
//! positions, which move only when a sink has acknowledged, have what is left of the log files read
//! again.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::Error;
use crate::custody::{Custody, Ticket};
use crate::limits::QUEUE_MEMORY_BYTES_MAX;
use crate::tail::Mark;
use crate::write::metrics::SinkMetrics;
use crate::write::queue::Record;

/// The ending of a batch's file name, after its number.
const SUFFIX: &str = "batch";

/// The queue of one sink.
#[derive(Debug)]
pub struct Queue {
    folder: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
    changed: Notify,
    metrics: SinkMetrics,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    next: u64,
    bytes: u64,
    is_closed: bool,
    /// Whether there is room for whatever comes.
    is_wide: bool,
}

/// One batch that waits.
#[derive(Debug)]
struct Waiting {
    number: u64,
    bytes: u64,
    /// The batch itself, where there is room for it in memory, or none for it on disk.
    record: Option<Record>,
    is_on_disk: bool,
    tickets: Vec<Arc<Ticket>>,
}

/// The batch whose turn it is.
#[derive(Debug, Clone)]
pub struct Front {
    /// What to call it when it is done.
    pub number: u64,
    /// How many entries it has.
    pub entries: u64,
    /// How many records those were made of.
    pub records: u64,
    /// The body of the push.
    pub body: Bytes,
}

impl Queue {
    /// The queue in this folder, with what an earlier collector left there, and how far the files
    /// of that were read.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(
        folder: PathBuf,
        bytes_max: u64,
        custody: &Custody,
        metrics: SinkMetrics,
    ) -> Result<(Self, Vec<Mark>), Error> {
        let failed = |source| Error::StateFolder { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let (mut state, mut marks) = (State::default(), Vec::new());
        for (number, path) in batches(&folder).map_err(failed)? {
            state.next = number + 1;
            let Some(record) = read(&path).map_err(failed)? else { continue };
            let bytes = fs::metadata(&path).map_err(failed)?.len();
            let tickets = vec![Arc::new(custody.ticket_of_queued(record.entries))];
            state.bytes += bytes;
            marks.extend(record.marks);
            let is_on_disk = true;
            state.waiting.push_back(Waiting { number, bytes, record: None, is_on_disk, tickets });
        }
        // The files of these lines are read on from here, so now they must outlive a power cut too.
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        let queue =
            Self { folder, bytes_max, state: Mutex::new(state), changed: Notify::new(), metrics };
        queue.measure();
        Ok((queue, marks))
    }

    /// Adds a batch, once there is room for it.
    pub async fn push(&self, record: Record, tickets: Vec<Arc<Ticket>>) {
        let bytes = Bytes::from(record.encode());
        let len = bytes.len() as u64;
        self.until(|state| state.has_room(len, self.bytes_max)).await;
        let number = {
            let mut state = self.state();
            state.next += 1;
            state.next - 1
        };
        let is_on_disk = self.write(number, bytes).await;
        if !is_on_disk {
            self.until(|state| state.memory() + len <= QUEUE_MEMORY_BYTES_MAX).await;
        }
        {
            let mut state = self.state();
            let is_kept = !is_on_disk || state.memory() + len <= QUEUE_MEMORY_BYTES_MAX;
            let record = is_kept.then_some(record);
            state.bytes += len;
            state.waiting.push_back(Waiting { number, bytes: len, record, is_on_disk, tickets });
        }
        self.measure();
        self.changed.notify_waiters();
    }

    /// Adds tickets of parcels that came to nothing: they are let go in their turn.
    pub fn push_empty(&self, tickets: Vec<Arc<Ticket>>) {
        {
            let mut state = self.state();
            let number = state.next;
            state.next += 1;
            let record = Some(Record::default());
            state.waiting.push_back(Waiting {
                number,
                bytes: 0,
                record,
                is_on_disk: false,
                tickets,
            });
        }
        self.changed.notify_waiters();
    }

    /// The batch whose turn it is, as soon as there is one. `None` when none will come any more.
    pub async fn front(&self) -> Option<Front> {
        loop {
            self.until(|state| state.is_closed || !state.waiting.is_empty()).await;
            let (number, record) = {
                let state = self.state();
                let front = state.waiting.front()?;
                (front.number, front.record.clone())
            };
            let record = match record {
                Some(record) => Some(record),
                None => self.read(number).await,
            };
            match record {
                Some(Record { entries, records, body, .. }) => {
                    return Some(Front { number, entries, records, body });
                }
                None => self.give_up(),
            }
        }
    }

    /// Removes the batch whose turn it was, and lets go of its tickets.
    pub async fn done(&self, number: u64) {
        let is_on_disk = self.state().waiting.front().is_some_and(|front| front.is_on_disk);
        if is_on_disk {
            self.remove(number).await;
        }
        let done = {
            let mut state = self.state();
            let done = state.waiting.pop_front();
            state.bytes -= done.as_ref().map_or(0, |done| done.bytes);
            done
        };
        drop(done);
        self.measure();
        self.changed.notify_waiters();
    }

    /// No more will be added.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_waiters();
    }

    /// From now on there is room for what is left to come: nothing is taken out any more.
    pub fn widen(&self) {
        self.state().is_wide = true;
        self.changed.notify_waiters();
    }

    /// Lets go of a batch whose file is damaged. Its lines stay undelivered: the positions must not
    /// move over them, so the tickets are never dropped, and what is left of the log files is read
    /// again at the next start.
    fn give_up(&self) {
        let lost = self.state().waiting.pop_front();
        if let Some(Waiting { tickets, bytes, .. }) = lost {
            self.state().bytes -= bytes;
            tickets.into_iter().for_each(std::mem::forget);
        }
        self.measure();
        self.changed.notify_waiters();
    }

    /// Writes a batch; tells whether that went well.
    async fn write(&self, number: u64, bytes: Bytes) -> bool {
        let path = self.path(number);
        let written = spawn_blocking(move || {
            let new = path.with_extension("new");
            fs::write(&new, &bytes).and_then(|()| fs::rename(&new, &path))
        });
        match written.await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                let folder = self.folder.display();
                tracing::error!(
                    %folder, %error,
                    "the queue cannot be written, lines wait in memory; make room on its disk",
                );
                false
            }
            Err(_) => false,
        }
    }

    async fn remove(&self, number: u64) {
        let path = self.path(number);
        if let Ok(Err(error)) = spawn_blocking(move || fs::remove_file(path)).await {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "a batch that was sent stays in the queue");
        }
    }

    async fn read(&self, number: u64) -> Option<Record> {
        let path = self.path(number);
        spawn_blocking(move || read(&path).ok().flatten()).await.ok().flatten()
    }

    /// Waits until this holds.
    async fn until(&self, mut holds: impl FnMut(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if holds(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    fn measure(&self) {
        let state = self.state();
        self.metrics.queued(state.waiting.len(), state.bytes);
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.{SUFFIX}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One batch always has room, however large it is: nothing could ever be sent otherwise.
    fn has_room(&self, bytes: u64, bytes_max: u64) -> bool {
        self.is_wide || self.waiting.is_empty() || self.bytes + bytes <= bytes_max
    }

    fn memory(&self) -> u64 {
        self.waiting.iter().filter(|it| it.record.is_some()).map(|it| it.bytes).sum()
    }
}

/// The batches of a folder in their order. What was not written to its end is removed: it was never
/// part of the queue.
fn batches(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        match (ending, number) {
            (Some(SUFFIX), Some(number)) => found.push((number, path)),
            (Some("new"), _) => fs::remove_file(path)?,
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a batch. One that is damaged is put aside under another name, and told about.
fn read(path: &Path) -> io::Result<Option<Record>> {
    let bytes = fs::read(path)?;
    match Record::decode(bytes.into()) {
        Ok(record) => Ok(Some(record)),
        Err(reason) => {
            let aside = path.with_extension("broken");
            tracing::error!(path = %aside.display(), reason, "a queued batch is damaged");
            fs::rename(path, aside)?;
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests;
