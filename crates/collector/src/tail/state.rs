//! What the lines before a place in a log have told of those behind it, on disk: a file for each
//! such place, written once (`docs/formats/collector-attribution.md`).
//!
//! The positions name the files, so both become true in one moment: the files are written before
//! the positions that name them, and removed after those that do not.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airflow::attribute::Attributor;
use serde::{Deserialize, Serialize};

use crate::limits::{STATE_BYTES_MAX, STATES_MAX};
use crate::stage::Checkpoint;
use crate::tail::position::write_whole;

/// The folder in the state folder.
const FOLDER_NAME: &str = "attribution";
/// The version of what is written there.
const VERSION: u32 = 1;

/// One place in a log, and what was known there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The place.
    pub at: u64,
    /// The number of the file that says what was known.
    number: u64,
    /// What was known, until it is on disk.
    #[serde(skip)]
    state: Option<Arc<Attributor>>,
}

/// The files.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    /// Those that are there.
    written: HashSet<u64>,
    next_number: u64,
}

/// What must become of the files when positions are written.
#[derive(Debug, Default)]
pub struct Turnover {
    /// Before.
    write: Vec<(u64, PathBuf, Arc<Attributor>)>,
    /// After.
    remove: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    attributor: &'a Attributor,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    attributor: Attributor,
}

impl PartialEq for Kept {
    /// A number is never that of two states.
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Kept {}

impl StateFolder {
    /// The files in this state folder.
    pub fn open(state_folder: &Path) -> io::Result<Self> {
        let path = state_folder.join(FOLDER_NAME);
        fs::create_dir_all(&path)?;
        let mut written = HashSet::new();
        for entry in fs::read_dir(&path)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
            written.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        let next_number = written.iter().max().map_or(0, |last| last + 1);
        Ok(Self { path, written, next_number })
    }

    /// What was known at the last of these places, which are those at and before which a log can be
    /// read on. What cannot be understood is put aside and told about, and the place before it is
    /// the last. Where none is left, those lines of the log that were not acknowledged may be
    /// attributed less well than they were at first.
    pub fn recall(&self, states: &mut Vec<Kept>) -> Option<Arc<Attributor>> {
        while let Some(Kept { number, state, .. }) = states.last() {
            let path = self.file(*number);
            match state.clone().map_or_else(|| read(&path), Ok) {
                Ok(state) => return Some(state),
                Err(error) => {
                    // One that cannot be renamed is not named any more, and removed.
                    let _ = fs::rename(&path, path.with_extension("json.broken"));
                    let path = path.display();
                    tracing::error!(
                        %path, %error,
                        "what a log's lines have told of tasks cannot be understood and is put \
                         aside; fewer of its next lines may be attributed",
                    );
                    states.pop();
                }
            }
        }
        None
    }

    /// Adds a place to those of a log. The first stays: the log's position stands there. Between
    /// that and the newest it is enough to have some.
    pub fn keep(&mut self, states: &mut Vec<Kept>, checkpoint: Checkpoint) {
        states.retain(|kept| kept.at < checkpoint.at);
        if states.len() >= STATES_MAX {
            states.pop();
        }
        let Checkpoint { at, state } = checkpoint;
        states.push(Kept { at, number: self.next_number, state: Some(state) });
        self.next_number += 1;
    }

    /// What must be done so that these are there and no others.
    pub fn turn_over<'a>(&mut self, states: impl Iterator<Item = &'a Kept>) -> Turnover {
        let mut turnover = Turnover::default();
        let mut named = HashSet::new();
        for kept in states {
            named.insert(kept.number);
            if !self.written.contains(&kept.number) {
                let state = kept.state.iter().cloned();
                let file = |state| (kept.number, self.file(kept.number), state);
                turnover.write.extend(state.map(file));
            }
        }
        let before = std::mem::replace(&mut self.written, named);
        let gone = before.difference(&self.written);
        turnover.remove = gone.map(|number| self.file(*number)).collect();
        turnover
    }

    /// Notes that what [`turn_over`](Self::turn_over) asked for was perhaps not done.
    pub fn doubt(&mut self) {
        self.written.clear();
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:020}.json"))
    }
}

impl Turnover {
    /// Writes what positions will name.
    pub fn write(&self) -> io::Result<()> {
        for (_, path, attributor) in &self.write {
            let document = Written { version: VERSION, attributor };
            let bytes = serde_json::to_vec(&document)?;
            if bytes.len() as u64 > STATE_BYTES_MAX {
                let (path, bytes) = (path.display(), bytes.len());
                tracing::warn!(%path, bytes, "too much is known of a log's tasks to be kept");
                continue;
            }
            write_whole(path, &bytes)?;
        }
        Ok(())
    }

    /// Forgets what is on disk now: it is read when somebody needs it, which is seldom before the
    /// next start.
    pub fn release<'a>(&self, states: impl Iterator<Item = &'a mut Kept>) {
        let written: HashSet<u64> = self.write.iter().map(|(number, ..)| *number).collect();
        states.filter(|kept| written.contains(&kept.number)).for_each(|kept| kept.state = None);
    }

    /// Removes what positions do not name any more. What cannot be removed is found at the next
    /// start.
    pub fn remove(&self) {
        self.remove.iter().for_each(|path| drop(fs::remove_file(path)));
    }
}

/// Forgets what was kept of places that nobody goes back to: before the last at or before this one.
pub fn forget_before(states: &mut Vec<Kept>, place: u64) {
    let last = states.iter().rposition(|kept| kept.at <= place);
    states.drain(..last.unwrap_or(0));
}

fn read(path: &Path) -> Result<Arc<Attributor>, String> {
    let told = |error: io::Error| error.to_string();
    if fs::metadata(path).map_err(told)?.len() > STATE_BYTES_MAX {
        return Err(format!("it is larger than {STATE_BYTES_MAX} bytes"));
    }
    let bytes = fs::read(path).map_err(told)?;
    let Read { version, attributor } =
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if version != VERSION {
        return Err(format!("version {version} is not {VERSION}"));
    }
    Ok(Arc::new(attributor))
}

#[cfg(test)]
mod tests;
