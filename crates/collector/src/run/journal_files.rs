//! The files of the journal that a component reads: found, read one after another, and how far.
//!
//! Everything here blocks on the disk and nothing waits.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::stage::Origins;
use model::Timestamp;
use tokio::time::Instant;

use crate::error::Chain;
use crate::journal::{Damage, Entry, JournalFile};
use crate::limits::{JOURNAL_BATCH_ENTRIES_MAX, JOURNAL_FILES_MAX, JOURNAL_LOOK};
use crate::run::kept::{Kept, Place};
use crate::run::ledger::Ledger;

/// Where journals are: that which stays, and that of the time since the machine was started.
const FOLDERS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];

/// The files of one component.
#[derive(Debug)]
pub struct Files {
    kept: Arc<Kept<u64>>,
    open: BTreeMap<String, Open>,
    /// Files that are open or are none, by device and inode.
    known: HashSet<(u64, u64)>,
    looked: Option<(Instant, Option<PathBuf>)>,
    /// Whether nothing was read before: then entries may be too old.
    is_first: bool,
    /// The file that was read last.
    last: String,
    /// What is wrong with files that cannot be read.
    problems: BTreeMap<PathBuf, String>,
}

#[derive(Debug)]
struct Open {
    file: JournalFile,
    path: PathBuf,
    inode: (u64, u64),
    ledger: Arc<Ledger<Place<u64>>>,
    /// The number of the entry that is read next.
    next: u64,
}

/// Entries of one file, and what they came from.
#[derive(Debug)]
pub struct Batch {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Settled when all of them are.
    pub origins: Origins,
    /// Entries that could not be read.
    pub lost: u64,
}

impl Files {
    /// None yet. Where reading goes on is kept here.
    #[must_use]
    pub fn new(kept: Arc<Kept<u64>>) -> Self {
        Self {
            is_first: kept.len() == 0,
            kept,
            open: BTreeMap::new(),
            known: HashSet::new(),
            looked: None,
            last: String::new(),
            problems: BTreeMap::new(),
        }
    }

    /// The next entries, if there are any. Of files that were there before anything was read, those
    /// before `oldest` are left out.
    pub fn next(&mut self, path: Option<&Path>, oldest: Timestamp, now: Instant) -> Option<Batch> {
        self.look(path, oldest, now);
        // Each in its turn, so that none waits for one that is written to without pause.
        let after = self.open.range(self.last.clone()..).skip_while(|(id, _)| **id == self.last);
        let order: Vec<String> =
            after.chain(self.open.range(..=self.last.clone())).map(|(id, _)| id.clone()).collect();
        for id in order {
            let Some(open) = self.open.get_mut(&id) else { continue };
            match open.read() {
                Ok(None) => {}
                Ok(Some(batch)) => {
                    self.last = id;
                    return Some(batch);
                }
                Err(error) => {
                    let problem = Chain(&error).to_string();
                    tell(&mut self.problems, &open.path, problem);
                }
            }
        }
        None
    }

    /// What is wrong with some of them.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let one = |(path, problem): (&PathBuf, &String)| format!("{}: {problem}", path.display());
        self.problems.iter().map(one).collect()
    }

    /// How far each is read.
    #[must_use]
    pub fn detail(&self) -> Vec<(String, String)> {
        let one = |open: &Open| {
            let count = open.file.count().unwrap_or(open.next);
            (open.path.display().to_string(), format!("{} of {count} entries", open.next))
        };
        self.open.values().map(one).collect()
    }

    /// Looks which files there are, once in a while.
    fn look(&mut self, path: Option<&Path>, oldest: Timestamp, now: Instant) {
        let of = path.map(Path::to_path_buf);
        if let Some((at, before)) = &self.looked {
            if *before == of && now.saturating_duration_since(*at) < JOURNAL_LOOK {
                return;
            }
            if *before != of {
                // What was read of another folder stays kept.
                self.open.clear();
                self.known.clear();
                self.problems.clear();
            }
        }
        self.looked = Some((now, of));
        let folders: Vec<PathBuf> = match path {
            Some(path) => vec![path.to_owned()],
            None => FOLDERS.map(PathBuf::from).to_vec(),
        };
        let found: Vec<_> = folders.iter().flat_map(|folder| journals(folder)).collect();
        if found.is_empty() {
            let problem = "there is no journal here".to_owned();
            tell(&mut self.problems, &folders[0], problem);
        } else {
            self.problems.remove(&folders[0]);
        }
        let seen: HashSet<(u64, u64)> = found.iter().map(|(_, inode)| *inode).collect();
        self.known.retain(|inode| seen.contains(inode));
        // One that was deleted is read to its end.
        let is_read = |open: &Open| open.file.count().is_ok_and(|count| open.next >= count);
        self.open.retain(|_, open| seen.contains(&open.inode) || !is_read(open));
        for (path, inode) in found {
            if self.known.contains(&inode) {
                continue;
            }
            if self.open.len() >= JOURNAL_FILES_MAX {
                let problem = format!("more than {JOURNAL_FILES_MAX} files are not read");
                tell(&mut self.problems, &path, problem);
                break;
            }
            match self.begin(&path, inode, oldest) {
                Ok(()) => {
                    self.problems.remove(&path);
                    self.known.insert(inode);
                }
                // It is tried again: a file that was just made has no header yet.
                Err(error) => tell(&mut self.problems, &path, Chain(&error).to_string()),
            }
        }
        self.is_first &= self.open.is_empty();
        if self.kept.len() > JOURNAL_FILES_MAX {
            // Those of files that are gone, of many exchanges.
            self.kept.retain(|id| self.open.contains_key(id));
        }
    }

    fn begin(&mut self, path: &Path, inode: (u64, u64), oldest: Timestamp) -> Result<(), Damage> {
        let mut file = JournalFile::open(path)?;
        let id = file.id().to_owned();
        if let Some(open) = self.open.get_mut(&id) {
            // It has another name, or is a copy.
            (open.path, open.inode) = (path.to_owned(), inode);
            return Ok(());
        }
        let ledger = Ledger::new(self.kept.place(&id));
        let next = match self.kept.get(&id) {
            Some(next) => next,
            None if self.is_first => file.first_since(oldest.0.div_euclid(1000))?,
            None => 0,
        };
        // So that it is known that the file was seen, even if nothing is read of it.
        drop(ledger.begin(Some(next)));
        self.open.insert(id, Open { file, path: path.to_owned(), inode, ledger, next });
        Ok(())
    }
}

impl Open {
    fn read(&mut self) -> Result<Option<Batch>, Damage> {
        let end = self.file.count()?;
        let (mut entries, mut lost, before) = (Vec::new(), 0, self.next);
        while self.next < end && entries.len() < JOURNAL_BATCH_ENTRIES_MAX {
            match self.file.entry(self.next) {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => break,
                // One that is damaged does not keep the others back.
                Err(Damage::Wrong(_)) if lost < JOURNAL_BATCH_ENTRIES_MAX as u64 => lost += 1,
                Err(error) if entries.is_empty() && lost == 0 => return Err(error),
                Err(_) => break,
            }
            self.next += 1;
        }
        if self.next == before {
            return Ok(None);
        }
        let origins = self.ledger.begin(Some(self.next));
        Ok(Some(Batch { entries, origins, lost }))
    }
}

/// Notes what is wrong with a file, and logs it once.
fn tell(problems: &mut BTreeMap<PathBuf, String>, path: &Path, problem: String) {
    if problems.get(path) != Some(&problem) {
        tracing::warn!(path = %path.display(), problem, "a journal is not read");
        problems.insert(path.to_owned(), problem);
    }
}

/// The files of the journal in a folder and in the folders of machines in it.
fn journals(folder: &Path) -> Vec<(PathBuf, (u64, u64))> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // That of a namespace has a point in its name, and is not read.
        let is_machine = !entry.file_name().to_string_lossy().contains('.');
        if is_machine && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    for entry in folders.iter().filter_map(|it| fs::read_dir(it).ok()).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_journal = name.ends_with(".journal") || name.ends_with(".journal~");
        if let Ok(metadata) = entry.metadata()
            && is_journal
            && metadata.is_file()
        {
            out.push((entry.path(), (metadata.dev(), metadata.ino())));
        }
    }
    out.sort();
    out
}
