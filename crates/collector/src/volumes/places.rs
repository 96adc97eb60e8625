//! How far each task log file is dealt with, on disk (`docs/formats/collector-task-logs.md`).
//!
//! There are as many such files as tries in a day, and a handful that grow. So what changes is
//! added to the end of a file, a line each, and all is written anew only when that file has become
//! much longer than what it says.
//!
//! A task log is known by its name and its first bytes: devices have other numbers when a volume is
//! mounted again.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::custody::Custody;
use crate::limits::{TASK_FILES_MAX, TASK_PLACES_SLACK};
use crate::run::{Keeper, save_regularly};
use crate::stage::TaskPlace;
use crate::tail::{Fingerprint, LogFile, write_whole};

/// The folder in the state folder, and the file in it.
const FOLDER_NAME: &str = "task-logs";
const FILE_NAME: &str = "places.jsonl";
/// The version of what is written there.
const VERSION: u32 = 1;

/// What is kept of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its namespace, if it is known, and its path from `dag_id=` on.
    pub name: String,
    /// Its first bytes.
    pub fingerprint: Fingerprint,
    /// When it was written to last, in seconds since 1970.
    pub modified: i64,
    /// How far it is dealt with.
    pub place: TaskPlace,
    /// Where entries were ended because nothing came for long, from the place on. Whoever reads
    /// again what is not dealt with must end them there too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<u64>,
}

/// The number of a file among those that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Number(u64);

/// What is kept of all files.
#[derive(Debug)]
pub struct Places {
    path: PathBuf,
    custody: Custody,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    saved: BTreeMap<Number, Saved>,
    by_name: HashMap<String, Vec<Number>>,
    changed: BTreeMap<Number, ()>,
    next: u64,
    /// How many lines the file has.
    lines: usize,
}

/// The place of one file, for a ledger.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: Number,
}

/// How far a file is dealt with, and what it was like then.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    /// How far.
    pub place: TaskPlace,
    /// Its first bytes.
    pub fingerprint: Fingerprint,
    /// When it was written to last.
    pub modified: i64,
    /// Whether nothing more will come of it.
    pub is_last: bool,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
}

/// Each further line. The last of a file holds; without `saved` it is forgotten.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    file: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    saved: Option<Saved>,
}

impl Places {
    /// The places in this state folder. A file of them that cannot be understood is put aside and
    /// told about: all is read again, and the store drops what it has.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(state_folder: &Path, custody: Custody) -> Result<Arc<Self>, Error> {
        let folder = state_folder.join(FOLDER_NAME);
        let path = folder.join(FILE_NAME);
        let failed = |source| Error::StateFolder { path: path.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut state = State::default();
        match fs::read(&path) {
            Ok(bytes) => {
                if let Err(error) = state.read(&bytes) {
                    tracing::error!(
                        path = %path.display(), error,
                        "the places of task logs cannot be understood and are put aside; those \
                         that are young enough are read from their beginning",
                    );
                    fs::rename(&path, path.with_extension("jsonl.broken")).map_err(failed)?;
                    state = State::default();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // So that a line is never added to one that was not written to its end.
        write_whole(&path, &state.whole()).map_err(failed)?;
        Ok(Arc::new(Self { path, custody, state: Mutex::new(state) }))
    }

    /// What was kept of this file under this name.
    pub fn restore(&self, name: &str, file: &LogFile) -> io::Result<Option<(Number, Saved)>> {
        let state = self.lock();
        for number in state.by_name.get(name).into_iter().flatten() {
            let Some(saved) = state.saved.get(number) else { continue };
            if !saved.fingerprint.is_empty() && file.begins_with(saved.fingerprint)? {
                return Ok(Some((*number, saved.clone())));
            }
        }
        Ok(None)
    }

    /// Whether anything is kept under this name.
    pub fn has(&self, name: &str) -> bool {
        self.lock().by_name.contains_key(name)
    }

    /// Keeps a file that was opened.
    pub fn track(&self, saved: Saved) -> Number {
        let mut state = self.lock();
        let number = state.insert(saved);
        // The eldest are those that nobody writes to any more.
        if state.saved.len() > TASK_FILES_MAX {
            let oldest = state.saved.iter().min_by_key(|(_, saved)| saved.modified);
            let oldest = oldest.map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| state.forget(number));
        }
        number
    }

    /// Keeps on disk that entries of a file are ended here, before anybody gets them.
    ///
    /// # Errors
    /// When the state folder cannot be written to.
    pub fn cut(&self, number: Number, at: u64, fingerprint: Fingerprint) -> io::Result<()> {
        let mut state = self.lock();
        if let Some(saved) = state.saved.get_mut(&number) {
            saved.cuts.push(at);
            // Of a file that was empty when it was opened nothing else tells yet which it is.
            saved.fingerprint = fingerprint;
            state.changed.insert(number, ());
        }
        drop(state);
        self.save()
    }

    /// The place of a file, for a ledger.
    pub fn place(self: &Arc<Self>, number: Number) -> Place {
        Place { places: Arc::clone(self), number }
    }

    /// Forgets files that nobody has written to since then and nobody has open.
    pub fn forget_older(&self, modified: i64, is_open: impl Fn(Number) -> bool) {
        let mut state = self.lock();
        let is_old = |(number, saved): (&Number, &Saved)| {
            (saved.modified < modified && !is_open(*number)).then_some(*number)
        };
        let old: Vec<Number> = state.saved.iter().filter_map(is_old).collect();
        old.into_iter().for_each(|number| state.forget(number));
    }

    /// Writes places to disk until it is told to end, and then once more.
    pub async fn save_regularly(self: Arc<Self>, every: Duration, cancel: CancellationToken) {
        save_regularly("the places of task logs", move || self.save(), every, cancel).await;
    }

    /// Writes to disk what has changed.
    ///
    /// # Errors
    /// When the state folder cannot be written to.
    pub fn save(&self) -> io::Result<()> {
        // Under the lock, so that what is older is not written after what is newer: it is a few
        // lines once a second.
        let mut state = self.lock();
        let changed = std::mem::take(&mut state.changed);
        if changed.is_empty() {
            return Ok(());
        }
        let written = if state.lines + changed.len() > 2 * state.saved.len() + TASK_PLACES_SLACK {
            state.lines = state.saved.len();
            write_whole(&self.path, &state.whole())
        } else {
            state.lines += changed.len();
            add(&self.path, &state.lines_of(changed.keys()))
        };
        if written.is_err() {
            state.changed.extend(changed);
            // What was added may end in the middle of a line.
            state.lines = usize::MAX / 2;
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Place {
    type Claim = Reached;

    fn keep(&self, claim: Reached) {
        let Reached { place, fingerprint, modified, is_last } = claim;
        if self.places.custody.is_closed() {
            return;
        }
        let mut state = self.places.lock();
        if is_last {
            return state.forget(self.number);
        }
        if let Some(saved) = state.saved.get_mut(&self.number) {
            saved.cuts.retain(|at| *at > place.from);
            (saved.place, saved.fingerprint, saved.modified) = (place, fingerprint, modified);
            state.changed.insert(self.number, ());
        }
    }
}

impl State {
    fn read(&mut self, bytes: &[u8]) -> Result<(), String> {
        let told = |error: serde_json::Error| error.to_string();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
        let head = lines.next().ok_or("it has no first line")?;
        let Head { version } = serde_json::from_slice(head).map_err(told)?;
        if version != VERSION {
            return Err(format!("version {version} is not {VERSION}"));
        }
        let mut saved: BTreeMap<Number, Saved> = BTreeMap::new();
        for line in lines {
            let line: Line = serde_json::from_slice(line).map_err(told)?;
            match line.saved {
                Some(of) => saved.insert(line.file, of),
                None => saved.remove(&line.file),
            };
        }
        // Numbers begin anew, as all is written anew.
        for saved in saved.into_values() {
            self.insert(saved);
        }
        self.changed.clear();
        self.lines = self.saved.len();
        Ok(())
    }

    fn insert(&mut self, saved: Saved) -> Number {
        let number = Number(self.next);
        self.next += 1;
        self.by_name.entry(saved.name.clone()).or_default().push(number);
        self.saved.insert(number, saved);
        self.changed.insert(number, ());
        number
    }

    fn forget(&mut self, number: Number) {
        let Some(saved) = self.saved.remove(&number) else { return };
        if let Some(numbers) = self.by_name.get_mut(&saved.name) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_name.remove(&saved.name);
            }
        }
        self.changed.insert(number, ());
    }

    fn lines_of<'a>(&self, numbers: impl Iterator<Item = &'a Number>) -> Vec<u8> {
        let mut out = Vec::new();
        for number in numbers {
            let saved = self.saved.get(number).cloned();
            put(&mut out, &Line { file: *number, saved });
        }
        out
    }

    fn whole(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, &Head { version: VERSION });
        out.extend(self.lines_of(self.saved.keys()));
        out
    }
}

fn put(out: &mut Vec<u8>, line: &impl Serialize) {
    out.extend(serde_json::to_vec(line).expect("plain data with text keys is always JSON"));
    out.push(b'\n');
}

fn add(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests;
