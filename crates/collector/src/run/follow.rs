//! The files that a component reads: found by name, opened at birth, read through rotation and
//! deletion to their last line, and how far.
//!
//! Everything here blocks on the disk and nothing waits.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Clock, Labels};
use tokio::time::Instant;

use crate::component::Batch;
use crate::custody::Custody;
use crate::limits::{FILE_GRACE, FILES_MAX, GLOB_FILES_MAX, LOOKS_PER_SWEEP, READ_BYTES_MAX};
use crate::metrics::Metrics;
use crate::run::births::Births;
use crate::run::followed::{Followed, Form};
use crate::run::ledger::Ledger;
use crate::stage::{Lanes, Position};
use crate::tail::{Change, FileNo, Inode, LogFile, Saved};

/// What it works with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Keeps the positions.
    pub custody: Custody,
    /// Holds files that may be deleted before they are wanted.
    pub births: Arc<Births>,
    /// The time of lines that tell none.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// What lines are made of.
    pub form: Form,
}

/// The files of one component.
#[derive(Debug)]
pub struct Files {
    parts: Parts,
    /// The names that are wanted, each with the label sets that its lines get.
    wanted: BTreeMap<PathBuf, Vec<Labels>>,
    open: HashMap<FileNo, Followed>,
    by_inode: HashMap<Inode, FileNo>,
    /// Files that were read to their end, as long as somebody holds them: they are not read again.
    finished: HashSet<Inode>,
    due: VecDeque<FileNo>,
    /// Names that changes were told of.
    told_of: HashSet<PathBuf>,
    next_no: u64,
    looks: u32,
    buffer: Vec<u8>,
    /// Whether files that have no position are read from their end.
    is_from_end: bool,
}

impl Files {
    /// No files yet.
    #[must_use]
    pub fn new(parts: Parts, is_from_end: bool) -> Self {
        Self {
            parts,
            wanted: BTreeMap::new(),
            open: HashMap::new(),
            by_inode: HashMap::new(),
            finished: HashSet::new(),
            due: VecDeque::new(),
            told_of: HashSet::new(),
            next_no: 0,
            looks: 0,
            buffer: vec![0; READ_BYTES_MAX],
            is_from_end,
        }
    }

    /// From now on these names are wanted. Files whose names are not wanted any more are read to
    /// their end.
    pub fn want(&mut self, wanted: BTreeMap<PathBuf, Vec<Labels>>) {
        self.wanted = wanted;
        for file in self.open.values_mut() {
            if let Some(labels) = self.wanted.get(&file.path) {
                file.labels.clone_from(labels);
            }
        }
    }

    /// Whether one of these names was not told of before: it may be one that is to be wanted.
    pub fn has_news(&mut self, paths: &HashSet<PathBuf>) -> bool {
        if self.told_of.len() > GLOB_FILES_MAX {
            self.told_of.clear();
        }
        paths.iter().filter(|path| self.told_of.insert((*path).clone())).count() > 0
    }

    /// Looks at all names that are wanted.
    pub fn look(&mut self, now: Instant) {
        let paths: Vec<PathBuf> = self.wanted.keys().cloned().collect();
        paths.iter().for_each(|path| self.look_at(path, now));
        // What is there when one begins is old; what comes later is read whole.
        self.is_from_end = false;
        self.finished.retain(|inode| self.parts.births.holds(*inode));
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(LOOKS_PER_SWEEP) {
            self.parts.custody.positions().sweep_nameless();
        }
        self.look_at_old(now);
    }

    /// Looks at a name, if it is wanted.
    pub fn look_at(&mut self, path: &Path, now: Instant) {
        if !self.wanted.contains_key(path) {
            return;
        }
        for file in self.parts.births.of(path) {
            let inode = file.inode();
            if !self.by_inode.contains_key(&inode) && !self.finished.contains(&inode) {
                self.begin(path, file, now);
            }
        }
        let Ok(metadata) = fs::metadata(path) else { return };
        let inode = Inode::of(&metadata);
        let Some(no) = self.by_inode.get(&inode).copied() else {
            self.finished.remove(&inode);
            match LogFile::open(path) {
                Ok(file) => self.begin(path, file, now),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "a file cannot be opened, it is tried again");
                }
            }
            return;
        };
        self.look_again(no, path, now);
    }

    /// Reads on in the next file that has something. `None` when none has.
    pub fn next(&mut self, now: Instant) -> Option<Batch> {
        while let Some(no) = self.due.pop_front() {
            let Some(file) = self.open.get_mut(&no) else { continue };
            file.is_due = false;
            if self.waits(no) {
                continue;
            }
            let Some(file) = self.open.get_mut(&no) else { continue };
            let before = file.offset();
            match file.read(&mut self.buffer, &*self.parts.clock, now) {
                Ok(Some(batch)) => {
                    self.parts.metrics.read_bytes.inc_by(file.offset() - before);
                    self.parts.metrics.read_lines.inc_by(batch.len() as u64);
                    self.make_due(no);
                    if !batch.is_empty() {
                        return Some(batch);
                    }
                }
                Ok(None) => self.let_begin_after(no),
                Err(error) => {
                    let path = file.path.display();
                    tracing::warn!(%path, %error, "a file cannot be read now, it is tried again");
                    self.let_begin_after(no);
                }
            }
        }
        None
    }

    /// Whether a file has to wait until the one is read that had its name before.
    fn waits(&mut self, no: FileNo) -> bool {
        let Some(before) = self.open.get(&no).and_then(|file| file.before) else { return false };
        let is_waiting = self.open.get_mut(&before).is_some_and(Followed::has_unread);
        if is_waiting {
            self.make_due(before);
        } else if let Some(file) = self.open.get_mut(&no) {
            file.before = None;
        }
        is_waiting
    }

    /// A file is at its end: those that took its name may begin.
    fn let_begin_after(&mut self, no: FileNo) {
        let after = self.open.iter_mut().filter(|(_, file)| file.before == Some(no));
        let after: Vec<FileNo> = after
            .map(|(after, file)| {
                file.before = None;
                *after
            })
            .collect();
        after.into_iter().for_each(|after| self.make_due(after));
    }

    /// Where each file is, how far it is dealt with, and how many bytes are behind that.
    #[must_use]
    pub fn told(&self) -> Vec<(String, String)> {
        let positions = self.parts.custody.positions();
        let mut told: Vec<(String, String)> = self
            .open
            .iter()
            .map(|(no, file)| {
                let settled = positions.position(*no).map_or(0, |position| position.replay_from);
                let size = file.size();
                let lag = size.saturating_sub(settled);
                (file.path.display().to_string(), format!("{settled} of {size} bytes, lag {lag}"))
            })
            .collect();
        told.sort();
        told
    }

    fn begin(&mut self, path: &Path, mut file: LogFile, now: Instant) {
        if self.open.len() >= FILES_MAX {
            tracing::warn!(path = %path.display(), "too many files are open, this one waits");
            return;
        }
        let custody = self.parts.custody.clone();
        let mut positions = custody.positions();
        let saved = positions.restore(&file).ok().flatten();
        let position = match saved {
            Some(saved) => saved.position,
            None if self.is_from_end => place(file.size().unwrap_or(0)),
            None => place(0),
        };
        file.seek(position.replay_from);
        let (no, inode) = (FileNo(self.next_no), file.inode());
        self.next_no += 1;
        let fingerprint = file.fingerprint();
        let (path_kept, is_done) = (path.to_owned(), false);
        let (pod, states) = (None, Vec::new());
        let saved = Saved { path: path_kept, inode, fingerprint, position, pod, is_done, states };
        positions.track(no, saved);
        drop(positions);
        // The one that had the name before is read to its end first.
        let had_name = self.open.iter().filter(|(_, file)| file.path == path);
        let before = had_name.map(|(no, _)| *no).max();
        let labels = self.wanted.get(path).cloned().unwrap_or_default();
        let ledger = Ledger::new(custody);
        let form = self.parts.form;
        let followed =
            Followed::new(no, path.to_owned(), file, labels, ledger, form, (before, now));
        self.open.insert(no, followed);
        self.parts.metrics.files_open.inc();
        self.by_inode.insert(inode, no);
        self.make_due(no);
    }

    fn look_again(&mut self, no: FileNo, path: &Path, now: Instant) {
        let Some(file) = self.open.get_mut(&no) else { return };
        match file.look() {
            Ok(Change::Unread(0)) => {}
            Ok(Change::Unread(_)) => self.make_due(no),
            Ok(Change::Replaced) => {
                tracing::info!(path = %path.display(), "a file was truncated and is read anew");
                self.end(no);
                if let Ok(file) = LogFile::open(path) {
                    self.begin(path, file, now);
                }
                return;
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a file cannot be looked at");
                return;
            }
        }
        let Some(file) = self.open.get_mut(&no) else { return };
        if file.path != path {
            path.clone_into(&mut file.path);
        }
        let fingerprint = file.fingerprint();
        self.parts.custody.positions().describe(no, |saved| {
            path.clone_into(&mut saved.path);
            saved.fingerprint = fingerprint;
        });
    }

    /// Reads files on that have lost their name or are not wanted, and lets them go when nothing
    /// has come for a while.
    fn look_at_old(&mut self, now: Instant) {
        let numbers: Vec<FileNo> = self.open.keys().copied().collect();
        for no in numbers {
            let Some(file) = self.open.get_mut(&no) else { continue };
            if file.is_finished() {
                self.end(no);
                continue;
            }
            let has_name = self.wanted.contains_key(&file.path)
                && fs::metadata(&file.path).is_ok_and(|it| Inode::of(&it) == file.inode());
            if has_name {
                continue;
            }
            match file.look() {
                Ok(Change::Unread(0)) if file.idle(now) >= FILE_GRACE => self.end(no),
                Ok(Change::Unread(1..)) => self.make_due(no),
                Ok(Change::Unread(0)) => {}
                Ok(Change::Replaced) | Err(_) => self.end(no),
            }
        }
    }

    /// Nothing more will come of a file: its last line may have no newline. The line goes out with
    /// the next batch that somebody takes.
    fn end(&mut self, no: FileNo) {
        let Some(file) = self.open.get_mut(&no) else { return };
        if file.finish() {
            // It has a last line, which must be taken first.
            self.make_due(no);
            return;
        }
        let Some(file) = self.open.remove(&no) else { return };
        self.parts.metrics.files_open.dec();
        self.let_begin_after(no);
        if self.by_inode.get(&file.inode()) != Some(&no) {
            // Another has begun in its place.
            return;
        }
        self.by_inode.remove(&file.inode());
        if self.parts.births.holds(file.inode()) {
            self.finished.insert(file.inode());
        }
    }

    fn make_due(&mut self, no: FileNo) {
        if let Some(file) = self.open.get_mut(&no)
            && !std::mem::replace(&mut file.is_due, true)
        {
            self.due.push_back(no);
        }
    }
}

/// A position without anything open.
pub fn place(at: u64) -> Position {
    Position { replay_from: at, lanes: Lanes::each(|_| at) }
}
