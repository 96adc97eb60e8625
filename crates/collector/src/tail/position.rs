//! How far each file has been acknowledged, on disk.
//!
//! A position moves only when the store has acknowledged the entries before it (or when they were
//! put aside for good), and it is on disk a moment later: written to a new file, synced, renamed.
//! What is acknowledged after the last write is sent again after a crash; it is the same again, and
//! the store drops it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airflow::Pod;
use airflow::attribute::Attributor;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::stage::{Checkpoint, Lane, Position};
use crate::tail::file::{Fingerprint, Inode, LogFile};
use crate::tail::state::{Kept, StateFolder, Turnover, forget_before};

/// The name of the file in the state folder.
const FILE_NAME: &str = "positions.json";
/// The version of what is written there.
const VERSION: u32 = 1;

/// The number of an open file, never used again while the collector runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileNo(pub u64);

/// What is kept of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Where it was last; for people, since a file is known by what follows.
    pub path: PathBuf,
    /// Which file.
    pub inode: Inode,
    /// Its first bytes.
    pub fingerprint: Fingerprint,
    /// How far it is dealt with.
    pub position: Position,
    /// Its pod, as far as it was known: Kubernetes may have forgotten it at the next start.
    pub pod: Option<Arc<Pod>>,
    /// Whether all of it was read and nothing will come any more: it is kept, compressed or as a
    /// copy, of what was read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_done: bool,
    /// Places from which it can be read on with what was known there, in their order, where that
    /// matters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<Kept>,
}

/// What must be written so that the positions are on disk.
#[derive(Debug)]
pub struct Changes {
    turnover: Turnover,
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Where a file can be read on from, as it is kept with the lines that were read before that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    inode: Inode,
    fingerprint: Fingerprint,
    position: Position,
}

/// The positions of all files.
#[derive(Debug)]
pub struct Positions {
    path: PathBuf,
    /// Files that this collector has opened.
    open: HashMap<FileNo, Saved>,
    /// Files that an earlier one had open and this one has not met.
    left: Vec<Saved>,
    /// Files that took over what another left open: which other, and how far that one was read.
    carried: HashMap<FileNo, (FileNo, u64)>,
    /// How far files were read whose lines still wait for each of the sinks. They are read on from
    /// there, and not from where all is acknowledged.
    queued: Vec<Vec<Mark>>,
    /// What keeps the lines of a file once that is gone: a copy of it, or itself if it is packed.
    copies: HashMap<FileNo, (Inode, PathBuf)>,
    folder: StateFolder,
    is_changed: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    files: Vec<Saved>,
}

impl Positions {
    /// The positions in this state folder, which is made if it is not there. A file that cannot be
    /// understood is put aside and told about: all is read again, and the store drops what it has.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(state_folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::StateFolder { path: state_folder.to_owned(), source };
        fs::create_dir_all(state_folder).map_err(failed)?;
        let path = state_folder.join(FILE_NAME);
        let folder = StateFolder::open(state_folder).map_err(failed)?;
        let left = match fs::read(&path) {
            Ok(bytes) => match parse(&bytes) {
                Ok(files) => files,
                Err(error) => {
                    tracing::error!(
                        path = %path.display(), %error,
                        "the positions cannot be understood and are put aside; all files are \
                         read from their beginning",
                    );
                    fs::rename(&path, path.with_extension("json.broken")).map_err(failed)?;
                    Vec::new()
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let (open, carried, copies) = (HashMap::new(), HashMap::new(), HashMap::new());
        let queued = Vec::new();
        let is_changed = false;
        Ok(Self { path, open, left, carried, queued, copies, folder, is_changed })
    }

    /// Notes what a sink has in its queue: the files of that, as far as it goes.
    pub fn queue(&mut self, marks: Vec<Mark>) {
        self.queued.push(marks);
    }

    /// Where a file can be read on from once it is dealt with up to here.
    pub fn mark(&self, no: FileNo, position: Position) -> Option<Mark> {
        let Saved { inode, fingerprint, .. } = self.open.get(&no)?;
        Some(Mark { inode: *inode, fingerprint: *fingerprint, position })
    }

    /// What was kept of this file by an earlier collector. Of one that was empty then nothing is
    /// certain: the inode may be another file's by now.
    pub fn restore(&mut self, file: &LogFile) -> io::Result<Option<Saved>> {
        for at in 0..self.left.len() {
            let Saved { inode, fingerprint, is_done, .. } = self.left[at];
            let is_sure = inode == file.inode() && !fingerprint.is_empty() && !is_done;
            if is_sure && file.begins_with(fingerprint)? {
                return Ok(Some(self.left.swap_remove(at)));
            }
        }
        Ok(None)
    }

    /// What was kept by an earlier collector of the file that this is a copy of, compressed or not.
    pub fn restore_copy(&mut self, file: &LogFile, path: &Path) -> io::Result<Original> {
        for at in 0..self.left.len() {
            let saved = &self.left[at];
            if saved.path.parent() != path.parent() || !file.is_copy_of(saved.fingerprint)? {
                continue;
            }
            if saved.is_done && saved.inode == file.inode() {
                return Ok(Original::Done);
            }
            return Ok(if saved.is_there() {
                Original::There
            } else {
                Original::Gone(Box::new(self.left.swap_remove(at)))
            });
        }
        Ok(Original::Unknown)
    }

    /// From where a file is read on that is dealt with up to here: behind what waits for every
    /// sink. What waits for some of them only is read again; those that have it drop it.
    pub fn read_on(&self, file: &LogFile, settled: Position) -> io::Result<Position> {
        let mut common: Option<Position> = None;
        for marks in &self.queued {
            let mut reached = settled;
            for mark in marks {
                let is_same = mark.inode == file.inode() && !mark.fingerprint.is_empty();
                let is_same = is_same && file.begins_with(mark.fingerprint)?;
                if is_same || file.is_copy_of(mark.fingerprint)? {
                    reached = reached.later(mark.position);
                }
            }
            common = Some(common.map_or(reached, |common| common.earlier(reached)));
        }
        Ok(common.unwrap_or(settled))
    }

    /// Keeps the position of a file that was opened.
    pub fn track(&mut self, no: FileNo, saved: Saved) {
        self.open.insert(no, saved);
        self.is_changed = true;
    }

    /// Notes what became known of a file: its name, its first bytes, its pod.
    pub fn describe(&mut self, no: FileNo, change: impl FnOnce(&mut Saved)) {
        if let Some(saved) = self.open.get_mut(&no) {
            let before = saved.clone();
            change(saved);
            self.is_changed |= *saved != before;
        }
    }

    /// Notes that what a file left open, which was read up to `end`, goes on at the beginning of
    /// another. It is dealt with when that is.
    pub fn carry(&mut self, from: FileNo, end: u64, to: FileNo) {
        self.carried.insert(to, (from, end));
    }

    /// Whether another file goes on with what this one left open, and is not dealt with yet.
    pub fn is_carried_from(&self, no: FileNo) -> bool {
        self.carried.values().any(|(from, _)| *from == no)
    }

    /// Keeps what is known at some places of a file: before a position comes there. Tells whether
    /// they are the first: then they must be on disk before the file's lines are sent. The lines
    /// that told it may be in a file that is removed any moment, and a restart that found neither
    /// would attribute what was sent anew, and otherwise.
    #[must_use]
    pub fn keep_states(&mut self, no: FileNo, checkpoints: Vec<Checkpoint>) -> bool {
        let Some(saved) = self.open.get_mut(&no) else { return false };
        let is_first = saved.states.is_empty();
        for checkpoint in checkpoints {
            self.folder.keep(&mut saved.states, checkpoint);
            self.is_changed = true;
        }
        is_first
    }

    /// Notes that a file is dealt with up to here.
    pub fn settle(&mut self, no: FileNo, position: Position) {
        if let Some(saved) = self.open.get_mut(&no) {
            self.is_changed |= saved.position != position;
            saved.position = position;
            forget_before(&mut saved.states, position.replay_from);
        }
        self.settle_elders(no);
    }

    /// What a file has dealt with of what others left open to it, those have dealt with too.
    fn settle_elders(&mut self, mut no: FileNo) {
        while let Some((from, end)) = self.carried.get(&no).copied()
            && let Some(position) = self.position(no)
        {
            let is_dealt_with = |lane: &Lane| position.lanes[*lane] > 0;
            self.describe(from, |saved| {
                let lanes = &mut saved.position.lanes;
                Lane::ALL.into_iter().filter(is_dealt_with).for_each(|lane| lanes[lane] = end);
            });
            if Lane::ALL.iter().all(is_dealt_with) {
                self.carried.remove(&no);
            }
            no = from;
        }
    }

    /// How far a file is dealt with.
    pub fn position(&self, no: FileNo) -> Option<Position> {
        self.open.get(&no).map(|saved| saved.position)
    }

    /// Notes that a file's lines are kept here too once it is gone: they are not read again.
    pub fn keep_copy(&mut self, no: FileNo, inode: Inode, path: &Path) {
        self.copies.insert(no, (inode, path.to_owned()));
    }

    /// Forgets a file that is gone, or whose lines are kept elsewhere.
    pub fn forget(&mut self, no: FileNo) {
        self.carried.remove(&no);
        let Some(saved) = self.open.remove(&no) else { return };
        self.is_changed = true;
        if let Some((inode, path)) = self.copies.remove(&no) {
            let states = Vec::new();
            self.left.push(Saved { inode, path, is_done: true, states, ..saved });
        }
    }

    /// Forgets what is kept of files that are not there any more.
    pub fn sweep(&mut self, is_there: impl Fn(Inode) -> bool) {
        let before = self.left.len();
        self.left.retain(|saved| is_there(saved.inode));
        self.is_changed |= self.left.len() != before;
    }

    /// Forgets what is kept of files that an earlier collector had open and that do not have their
    /// names any more.
    pub fn sweep_nameless(&mut self) {
        let before = self.left.len();
        self.left.retain(|saved| {
            fs::metadata(&saved.path).is_ok_and(|metadata| Inode::of(&metadata) == saved.inode)
        });
        self.is_changed |= self.left.len() != before;
    }

    /// What was known at the last of these places of a file that can be understood; the others are
    /// not among them any more.
    pub fn recall(&self, states: &mut Vec<Kept>) -> Option<Arc<Attributor>> {
        self.folder.recall(states)
    }

    /// Notes that what [`changed`](Self::changed) gave out was written.
    pub fn written(&mut self, changes: &Changes) {
        let files = self.open.values_mut().chain(&mut self.left);
        changes.turnover.release(files.flat_map(|saved| &mut saved.states));
    }

    /// Notes that what [`changed`](Self::changed) gave out could not be written.
    pub fn keep_changed(&mut self) {
        self.is_changed = true;
        self.folder.doubt();
    }

    /// What must be written, if anything changed since the last call.
    pub fn changed(&mut self) -> Option<Changes> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let mut files: Vec<Saved> = self.open.values().chain(&self.left).cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let turnover = self.folder.turn_over(files.iter().flat_map(|saved| &saved.states));
        let bytes = serde_json::to_vec(&Document { version: VERSION, files });
        let bytes = bytes.expect("plain data with text keys is always JSON");
        Some(Changes { turnover, path: self.path.clone(), bytes })
    }
}

impl Changes {
    /// Writes it.
    ///
    /// # Errors
    /// With what could not be written, when the state folder cannot be used.
    pub fn write(&self) -> Result<(), (PathBuf, io::Error)> {
        let written = self.turnover.write().and_then(|()| write_whole(&self.path, &self.bytes));
        written.map_err(|error| (self.path.clone(), error))?;
        self.turnover.remove();
        Ok(())
    }
}

/// What an earlier collector knew of the file that another is a copy of.
#[derive(Debug)]
pub enum Original {
    /// Nothing.
    Unknown,
    /// All of it was read, and this copy is what is left of it.
    Done,
    /// It is still there, and will be met.
    There,
    /// It is gone, and was read up to here.
    Gone(Box<Saved>),
}

impl Saved {
    /// Whether the file is still where it was.
    fn is_there(&self) -> bool {
        let file = LogFile::open(&self.path).ok().filter(|file| file.inode() == self.inode);
        file.is_some_and(|file| file.begins_with(self.fingerprint).unwrap_or(false))
    }
}

impl Mark {
    /// How many words it is written in.
    pub const WORDS: usize = 8;

    /// Its words, as `docs/formats/collector-queue.md` has them.
    pub fn to_words(self) -> [u64; Self::WORDS] {
        let Self { inode, fingerprint, position } = self;
        let [len, hash] = fingerprint.to_words();
        let [stdout, stderr, unknown] = Lane::ALL.map(|lane| position.lanes[lane]);
        [inode.device, inode.number, len, hash, position.replay_from, stdout, stderr, unknown]
    }

    /// The mark with these words.
    pub fn from_words(words: [u64; Self::WORDS]) -> Self {
        let [device, number, len, hash, replay_from, lanes @ ..] = words;
        let mut position = Position { replay_from, ..Position::default() };
        Lane::ALL.into_iter().zip(lanes).for_each(|(lane, at)| position.lanes[lane] = at);
        let fingerprint = Fingerprint::from_words([len, hash]);
        Self { inode: Inode { device, number }, fingerprint, position }
    }
}

/// Writes a file so that it is there whole, or as it was before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The rename itself is on disk only once its folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn is_false(value: &bool) -> bool {
    !value
}

fn parse(bytes: &[u8]) -> Result<Vec<Saved>, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.version != VERSION {
        return Err(format!("version {} is not {VERSION}", document.version));
    }
    Ok(document.files)
}

#[cfg(test)]
mod tests;
