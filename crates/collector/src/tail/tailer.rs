//! The open files of all containers: what is due, and the next parcel.
//!
//! Everything here blocks on the disk and nothing waits; [`Reader`](super::Reader) decides when.
//! Finding and opening never depends on there being room for what is read: a file must be open
//! before it is deleted, even while the store is away for an hour.

mod scan;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use airflow::Pod;
use model::Clock;
use tokio::time::Instant;

use crate::Config;
use crate::custody::Custody;
use crate::limits::{MISSED_SCANS_MAX, READ_BYTES_MAX};
use crate::metrics::Metrics;
use crate::stage::{Carry, Labeller, Parcel, Pipeline, PodSource, Position};
use crate::status::Progress;
use crate::tail::file::{Change, Inode, LogFile};
use crate::tail::folder::PodFolder;
use crate::tail::position::{FileNo, Positions, Saved};
use crate::tail::watch::Watcher;

/// What was read of a file, on its way to the store.
#[derive(Debug)]
pub struct Delivery {
    /// The file.
    pub no: FileNo,
    /// What came of the bytes.
    pub parcel: Parcel,
    /// Whether nothing more will come of the file, so that its position can be forgotten.
    pub is_last: bool,
}

/// What a tailer works with.
#[derive(Debug)]
pub struct Surroundings {
    /// Who knows the pods.
    pub pods: Arc<dyn PodSource>,
    /// The time of lines that tell none.
    pub clock: Arc<dyn Clock>,
    /// Who answers for what was read, and knows how far each file is dealt with.
    pub custody: Custody,
    /// What is counted.
    pub metrics: Metrics,
    /// Where it is told how far one has come.
    pub progress: Progress,
}

/// All files.
#[derive(Debug)]
pub struct Tailer {
    config: Config,
    around: Surroundings,
    watcher: Watcher,
    files: HashMap<FileNo, Tailing>,
    by_inode: HashMap<Inode, FileNo>,
    /// Files that have something due, each once, in the order in which they have their turn.
    due: VecDeque<FileNo>,
    /// What is left of files that were replaced.
    farewells: VecDeque<Delivery>,
    next_no: u64,
    buffer: Vec<u8>,
    missing_told: Option<Instant>,
}

/// One open file.
#[derive(Debug)]
struct Tailing {
    file: LogFile,
    path: PathBuf,
    place: Place,
    pipeline: Pipeline,
    pod: Option<Arc<Pod>>,
    /// Until when the first lines wait for the pod; none once they do not.
    wait_until: Option<Instant>,
    /// The file whose name it took, until what that one left open is taken over.
    before: Option<FileNo>,
    /// When the last bytes were read.
    read_at: Instant,
    is_due: bool,
    missed_scans: u32,
}

/// Whose files are in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    pod: PodFolder,
    container: String,
}

impl Tailer {
    /// A tailer that has not looked at anything yet.
    pub fn new(config: Config, around: Surroundings, watcher: Watcher) -> Self {
        Self {
            config,
            around,
            watcher,
            files: HashMap::new(),
            by_inode: HashMap::new(),
            due: VecDeque::new(),
            farewells: VecDeque::new(),
            next_no: 0,
            buffer: vec![0; READ_BYTES_MAX],
            missing_told: None,
        }
    }

    /// Whether [`next`](Self::next) has something to do.
    pub fn has_work(&self) -> bool {
        !self.due.is_empty() || !self.farewells.is_empty()
    }

    /// Looks at the files that are open, and not at folders: what has waited long enough is due.
    pub fn refresh(&mut self, now: Instant) {
        let numbers: Vec<FileNo> = self.files.keys().copied().collect();
        for no in numbers {
            self.find_pod(no);
            self.end_waiting(no, now);
            if self.files.get(&no).is_some_and(|tailing| !tailing.is_at_rest()) {
                self.make_due(no);
            }
        }
        let is_at_end = !self.has_work() && self.files.values().all(Tailing::is_at_rest);
        let files = self.files.len();
        self.around.metrics.files_open.set(i64::try_from(files).unwrap_or(i64::MAX));
        self.around.progress.note(|status| {
            status.files = files as u64;
            status.is_at_end = is_at_end;
        });
    }

    /// Does what is due next, and gives out what came of it.
    pub fn next(&mut self, now: Instant) -> Option<Delivery> {
        let delivery = self.farewells.pop_front().or_else(|| self.read_next(now))?;
        let parcel = &delivery.parcel;
        self.around.metrics.read_lines.inc_by(parcel.records_read);
        self.around.metrics.cut_entries.inc_by(parcel.cut);
        self.around.progress.note(|status| {
            status.is_at_end = false;
            status.lines_read += parcel.records_read;
            status.entries_queued += parcel.entries.len() as u64;
        });
        Some(delivery)
    }

    fn read_next(&mut self, now: Instant) -> Option<Delivery> {
        let no = self.due.pop_front()?;
        self.files.get_mut(&no)?.is_due = false;
        if !self.take_over(no) {
            return None;
        }
        let tailing = self.files.get_mut(&no)?;
        let bytes = match tailing.file.read(&mut self.buffer) {
            Ok(bytes) => bytes,
            Err(error) => {
                // It stays open and is tried again when it is looked at next.
                let path = tailing.path.display();
                tracing::warn!(%path, %error, "a log file cannot be read now, it is tried again");
                // The one that took its name does not wait for that.
                if let Some(after) = self.after(no) {
                    self.carry_on(after, None);
                }
                return None;
            }
        };
        if bytes.is_empty() {
            return self.at_end(no, now);
        }
        tailing.read_at = now;
        tailing.pipeline.feed(bytes);
        let count = bytes.len();
        let parcel = tailing.pipeline.take_parcel();
        self.around.metrics.read_bytes.inc_by(count as u64);
        self.around.progress.note(|status| status.bytes_read += count as u64);
        if count == READ_BYTES_MAX {
            self.make_due(no);
        } else if let Some(after) = self.after(no) {
            self.make_due(after);
        }
        Some(Delivery { no, parcel, is_last: false })
    }

    /// Before the first bytes of a file that took another's name: takes over what that one left
    /// open. Tells whether it may be read; if not, the other is read first, and makes it due.
    fn take_over(&mut self, no: FileNo) -> bool {
        let Some(tailing) = self.files.get_mut(&no) else { return false };
        let Some(before) = tailing.before else { return true };
        // While it is empty, the runtime may still write to the other.
        if !tailing.has_unread() {
            return true;
        }
        if self.files.get_mut(&before).is_some_and(Tailing::has_unread) {
            self.make_due(before);
            return false;
        }
        let carry = self.files.get_mut(&before).map(|elder| elder.pipeline.hand_over());
        if let Some(carry) = &carry {
            self.positions().carry(before, carry.end, no);
        }
        self.carry_on(no, carry);
        true
    }

    /// Lets a file begin that took another's name, with what that one left open.
    fn carry_on(&mut self, no: FileNo, carry: Option<Carry>) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        tailing.before = None;
        carry.into_iter().for_each(|carry| tailing.pipeline.take_over(carry));
        self.make_due(no);
    }

    /// The file that took the name of this one and has not taken over from it yet.
    fn after(&self, no: FileNo) -> Option<FileNo> {
        self.files.iter().find(|(_, tailing)| tailing.before == Some(no)).map(|(after, _)| *after)
    }

    /// What is due at the end of a file: to end what is open, or to let a file go that is gone.
    fn at_end(&mut self, no: FileNo, now: Instant) -> Option<Delivery> {
        let tailing = self.files.get_mut(&no)?;
        if tailing.is_gone() {
            return self.close(no);
        }
        // After a pause of ours, what is open may go on in the file that took the name.
        if let Some(after) = self.after(no)
            && self.files.get_mut(&after).is_some_and(Tailing::has_unread)
        {
            self.make_due(after);
            return None;
        }
        let tailing = self.files.get_mut(&no)?;
        tailing.pipeline.end_idle(now.duration_since(tailing.read_at));
        let parcel = tailing.pipeline.take_parcel();
        (!parcel.entries.is_empty()).then_some(Delivery { no, parcel, is_last: false })
    }

    fn close(&mut self, no: FileNo) -> Option<Delivery> {
        let mut tailing = self.files.remove(&no)?;
        self.by_inode.remove(&tailing.file.inode());
        tailing.pipeline.end_bytes();
        if let Some(after) = self.after(no) {
            self.carry_on(after, Some(tailing.pipeline.hand_over()));
        }
        tailing.pipeline.finish();
        Some(Delivery { no, parcel: tailing.pipeline.take_parcel(), is_last: true })
    }

    fn open(
        &mut self,
        path: &Path,
        place: Place,
        before: Option<FileNo>,
        now: Instant,
    ) -> io::Result<FileNo> {
        let mut file = LogFile::open(path)?;
        let saved = self.positions().restore(&file)?;
        let settled = saved.as_ref().map_or_else(Position::default, |saved| saved.position);
        let position = self.positions().read_on(&file, settled)?;
        file.seek(position.replay_from);
        let pod = saved.and_then(|saved| saved.pod);
        let known = pod.clone().unwrap_or_else(|| Arc::new(place.pod_of_path()));
        let labeller = Labeller::new(known, &*place.container);
        let born = self.around.clock.now();
        let pipeline = Pipeline::new(position, labeller, born, self.config.line_bytes_max);
        let (no, inode) = (FileNo(self.next_no), file.inode());
        self.next_no += 1;
        let fingerprint = file.fingerprint();
        let (path_now, pod_now) = (path.to_owned(), pod.clone());
        // Only what is acknowledged is a position: a queue may be lost with its disk's cache.
        let saved = Saved { path: path_now, inode, fingerprint, position: settled, pod: pod_now };
        self.positions().track(no, saved);
        let tailing = Tailing {
            file,
            path: path.to_owned(),
            place,
            pipeline,
            pod,
            wait_until: Some(now + self.config.metadata_wait),
            before,
            read_at: now,
            is_due: false,
            missed_scans: 0,
        };
        self.files.insert(no, tailing);
        self.by_inode.insert(inode, no);
        self.around.progress.note(|status| status.files_opened += 1);
        self.find_pod(no);
        self.end_waiting(no, now);
        Ok(no)
    }

    /// Notes the name that a file has now, and its first bytes.
    fn describe(&mut self, no: FileNo, path: &Path) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        if tailing.path != path {
            path.clone_into(&mut tailing.path);
        }
        let fingerprint = tailing.file.fingerprint();
        self.positions().describe(no, |saved| {
            path.clone_into(&mut saved.path);
            saved.fingerprint = fingerprint;
        });
    }

    /// Asks for the pod of a file whose pod is not known.
    fn find_pod(&mut self, no: FileNo) {
        let Some(tailing) = self.files.get_mut(&no).filter(|tailing| tailing.pod.is_none()) else {
            return;
        };
        let PodFolder { namespace, pod, uid } = &tailing.place.pod;
        let Some(pod) = self.around.pods.pod(namespace, pod, uid) else { return };
        tailing.pipeline.know(Arc::clone(&pod), &tailing.place.container);
        tailing.pod = Some(Arc::clone(&pod));
        self.positions().describe(no, |saved| saved.pod = Some(pod));
    }

    /// Lets the first lines of a file go when their pod is known or they have waited long enough.
    fn end_waiting(&mut self, no: FileNo, now: Instant) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        let Some(wait_until) = tailing.wait_until else { return };
        if tailing.pod.is_none() && now < wait_until {
            return;
        }
        if tailing.pod.is_none() {
            self.around.metrics.unknown_pods.inc();
            let path = tailing.path.display();
            tracing::warn!(%path, "nothing is known of a pod, its lines go out without its facts");
        }
        tailing.wait_until = None;
        self.make_due(no);
    }

    /// Gives a file its turn, unless it has one or its lines have to wait for their pod.
    fn make_due(&mut self, no: FileNo) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        if tailing.is_due || tailing.wait_until.is_some() {
            return;
        }
        tailing.is_due = true;
        self.due.push_back(no);
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.around.custody.positions()
    }
}

impl Tailing {
    fn has_unread(&mut self) -> bool {
        matches!(self.file.look(), Ok(Change::Unread(1..)))
    }

    fn is_gone(&self) -> bool {
        self.missed_scans >= MISSED_SCANS_MAX
    }

    /// Whether there is nothing to do for it until it grows.
    fn is_at_rest(&self) -> bool {
        self.wait_until.is_none() && self.pipeline.is_idle() && !self.is_gone()
    }
}

impl Place {
    /// The pod as far as the path tells it.
    fn pod_of_path(&self) -> Pod {
        let PodFolder { namespace, pod, uid } = self.pod.clone();
        Pod { uid, ..Pod::new(namespace, pod) }
    }
}

#[cfg(test)]
mod tests;
