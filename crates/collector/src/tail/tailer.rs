//! The files of all containers: which there are, what is due, and the next parcel.
//!
//! Everything here blocks on the disk and nothing waits; [`Reader`](super::Reader) decides when.
//! Finding and opening never depends on there being room for what is read: a file must be open
//! before it is deleted, even while the store is away for an hour.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use airflow::Pod;
use model::Clock;
use tokio::time::Instant;

use crate::limits::{MISSED_SCANS_MAX, MISSING_FOLDER_WARNING_INTERVAL, READ_BYTES_MAX};
use crate::metrics::Metrics;
use crate::stage::{Labeller, Parcel, Pipeline, PodSource, Position};
use crate::status::Progress;
use crate::tail::file::{Change, Inode, LogFile};
use crate::tail::folder::{LogName, PodFolder};
use crate::tail::position::{FileNo, Positions, Saved};
use crate::tail::watch::{Hints, Watcher};
use crate::{Config, Error};

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
    /// How far each file is dealt with.
    pub positions: Arc<Mutex<Positions>>,
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
    /// When the last bytes were read.
    read_at: Instant,
    is_due: bool,
    missed_scans: u32,
}

/// What was seen in looking through folders.
#[derive(Debug, Default)]
struct Seen {
    inodes: HashSet<Inode>,
    /// Something could not be looked at, so that what was not seen may be there all the same.
    is_partial: bool,
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

    /// Looks through all folders.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read.
    pub fn scan(&mut self, now: Instant) -> Result<(), Error> {
        let root = self.config.pods_folder.clone();
        self.watcher.add(&root);
        let folders = match entries(&root) {
            Ok(folders) => folders,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.tell_missing(now);
                return Ok(());
            }
            Err(source) if is_lasting(&source) => {
                return Err(Error::PodsFolder { path: root, source });
            }
            Err(error) => {
                let folder = root.display();
                tracing::warn!(%folder, %error, "the pods folder cannot be read, it is tried again");
                return Ok(());
            }
        };
        let mut seen = Seen::default();
        folders.iter().for_each(|folder| self.scan_pod(folder, now, &mut seen));
        if !seen.is_partial {
            self.miss(&seen);
        }
        self.refresh(now);
        self.around.progress.note(|status| status.scans += 1);
        Ok(())
    }

    /// Looks where something may have changed.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read.
    pub fn follow(&mut self, hints: &Hints, now: Instant) -> Result<(), Error> {
        hints.dropped.iter().for_each(|watch| self.watcher.forget(watch));
        if hints.is_overflow {
            return self.scan(now);
        }
        let folders: HashSet<PathBuf> =
            hints.events.iter().filter_map(|(watch, name)| self.pod_folder(watch, name)).collect();
        for folder in folders {
            self.scan_pod(&folder, now, &mut Seen::default());
        }
        Ok(())
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
        let tailing = self.files.get_mut(&no)?;
        tailing.is_due = false;
        let bytes = match tailing.file.read(&mut self.buffer) {
            Ok(bytes) => bytes,
            Err(error) => {
                // It stays open and is tried again when it is looked at next.
                let path = tailing.path.display();
                tracing::warn!(%path, %error, "a log file cannot be read now, it is tried again");
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
        }
        Some(Delivery { no, parcel, is_last: false })
    }

    /// What is due at the end of a file: to end what is open, or to let a file go that is gone.
    fn at_end(&mut self, no: FileNo, now: Instant) -> Option<Delivery> {
        let tailing = self.files.get_mut(&no)?;
        if tailing.is_gone() {
            return self.close(no);
        }
        tailing.pipeline.end_idle(now.duration_since(tailing.read_at));
        let parcel = tailing.pipeline.take_parcel();
        (!parcel.entries.is_empty()).then_some(Delivery { no, parcel, is_last: false })
    }

    fn close(&mut self, no: FileNo) -> Option<Delivery> {
        let mut tailing = self.files.remove(&no)?;
        self.by_inode.remove(&tailing.file.inode());
        tailing.pipeline.finish();
        Some(Delivery { no, parcel: tailing.pipeline.take_parcel(), is_last: true })
    }

    fn scan_pod(&mut self, folder: &Path, now: Instant, seen: &mut Seen) {
        let Some(pod) = folder.file_name().and_then(PodFolder::parse) else { return };
        self.watcher.add(folder);
        for container in seen.list(folder) {
            let Some(name) = container.file_name().and_then(|name| name.to_str()) else { continue };
            let place = Place { pod: pod.clone(), container: name.to_owned() };
            self.scan_container(&container, &place, now, seen);
        }
    }

    fn scan_container(&mut self, folder: &Path, place: &Place, now: Instant, seen: &mut Seen) {
        self.watcher.add(folder);
        let mut logs: Vec<(LogName, PathBuf)> = seen
            .list(folder)
            .into_iter()
            .filter_map(|path| Some((LogName::parse(path.file_name()?)?, path)))
            .collect();
        // What was rotated away is older than what is written now.
        logs.sort();
        for (_, path) in logs {
            match self.meet(&path, place, now, seen) {
                Ok(()) => {}
                // Renamed or removed since the folder was listed: the next look will tell.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "a log file cannot be opened, it is tried again");
                }
            }
        }
    }

    /// Looks at a file that has this name now.
    fn meet(
        &mut self,
        path: &Path,
        place: &Place,
        now: Instant,
        seen: &mut Seen,
    ) -> io::Result<()> {
        let inode = Inode::of(&fs::metadata(path)?);
        seen.inodes.insert(inode);
        let Some(no) = self.by_inode.get(&inode).copied() else {
            return self.open(path, place.clone(), now);
        };
        let Some(tailing) = self.files.get_mut(&no) else { return Ok(()) };
        match tailing.file.look()? {
            Change::Unread(0) => {}
            Change::Unread(_) => self.make_due(no),
            Change::Replaced => {
                tracing::info!(path = %path.display(), "a log file was truncated and is read anew");
                let farewell = self.close(no);
                self.farewells.extend(farewell);
                return self.open(path, place.clone(), now);
            }
        }
        self.describe(no, path);
        Ok(())
    }

    /// Notes which files were not seen when all folders were looked through.
    fn miss(&mut self, seen: &Seen) {
        for tailing in self.files.values_mut() {
            let is_seen = seen.inodes.contains(&tailing.file.inode());
            tailing.missed_scans = if is_seen { 0 } else { tailing.missed_scans + 1 };
        }
        self.positions().sweep(|inode| seen.inodes.contains(&inode));
    }

    fn open(&mut self, path: &Path, place: Place, now: Instant) -> io::Result<()> {
        let mut file = LogFile::open(path)?;
        let saved = self.positions().restore(&file)?;
        let position = saved.as_ref().map_or_else(Position::default, |saved| saved.position);
        file.seek(position.replay_from);
        let pod = saved.and_then(|saved| saved.pod);
        let known = pod.clone().unwrap_or_else(|| Arc::new(place.pod_of_path()));
        let labeller = Labeller::new(known, &*place.container);
        let born = self.around.clock.now();
        let pipeline = Pipeline::new(position, labeller, born, self.config.line_bytes_max);
        let (no, inode) = (FileNo(self.next_no), file.inode());
        self.next_no += 1;
        let fingerprint = file.fingerprint();
        let saved = Saved { path: path.to_owned(), inode, fingerprint, position, pod: pod.clone() };
        self.positions().track(no, saved);
        let tailing = Tailing {
            file,
            path: path.to_owned(),
            place,
            pipeline,
            pod,
            wait_until: Some(now + self.config.metadata_wait),
            read_at: now,
            is_due: false,
            missed_scans: 0,
        };
        self.files.insert(no, tailing);
        self.by_inode.insert(inode, no);
        self.around.progress.note(|status| status.files_opened += 1);
        self.find_pod(no);
        self.end_waiting(no, now);
        Ok(())
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

    /// The folder of the pod that an event was about.
    fn pod_folder(
        &self,
        watch: &inotify::WatchDescriptor,
        name: &Option<std::ffi::OsString>,
    ) -> Option<PathBuf> {
        let folder = self.watcher.folder(watch)?;
        let below = folder.strip_prefix(&self.config.pods_folder).ok()?;
        let pod = below.components().next().map(|part| part.as_os_str().to_owned());
        Some(self.config.pods_folder.join(pod.or_else(|| name.clone())?))
    }

    fn tell_missing(&mut self, now: Instant) {
        let is_due = self
            .missing_told
            .is_none_or(|told| now.duration_since(told) >= MISSING_FOLDER_WARNING_INTERVAL);
        if is_due {
            self.missing_told = Some(now);
            let folder = self.config.pods_folder.display();
            tracing::warn!(%folder, "the pods folder is not there, it is waited for");
        }
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.around.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tailing {
    fn is_gone(&self) -> bool {
        self.missed_scans >= MISSED_SCANS_MAX
    }

    /// Whether there is nothing to do for it until it grows.
    fn is_at_rest(&self) -> bool {
        self.wait_until.is_none() && self.pipeline.is_idle() && !self.is_gone()
    }
}

impl Seen {
    /// The paths of what is in a folder. One that is gone again needs no word.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        entries(folder).unwrap_or_else(|error| {
            if ![io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) {
                self.is_partial = true;
                let folder = folder.display();
                tracing::warn!(%folder, %error, "a folder cannot be read, it is tried again");
            }
            Vec::new()
        })
    }
}

impl Place {
    /// The pod as far as the path tells it.
    fn pod_of_path(&self) -> Pod {
        let PodFolder { namespace, pod, uid } = self.pod.clone();
        Pod { uid, ..Pod::new(namespace, pod) }
    }
}

/// Whether somebody must act before a folder can be read. Else (too many files are open, the disk
/// has a hiccup) it is better to go on with the files that one has.
fn is_lasting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory)
}

/// The paths of what is in a folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests;
