//! The files below one log folder, listed a few folders at a time and again and again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use airflow::path::LogPath;
use model::Clock;
use tokio::time::Instant;

use crate::limits::{LOG_FOLDER_DEPTH, WALK_PAUSE_MAX, WALK_SHARE, WATCH_AGE};
use crate::tail::Inode;
use crate::volumes::search::OF_DAG;

/// A file that was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Where it is.
    pub path: PathBuf,
    /// What its path says.
    pub log_path: LogPath,
    /// Which file.
    pub inode: Inode,
    /// How large it is.
    pub size: u64,
    /// When it was written to last.
    pub modified: SystemTime,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listed {
    /// Folders to look into.
    pub folders: Vec<PathBuf>,
    /// Task logs.
    pub files: Vec<Met>,
}

/// A way through all folders below one, taken again and again.
#[derive(Debug)]
pub struct Walk {
    /// Folders to look into in this round.
    waiting: Vec<PathBuf>,
    /// When this round began.
    began: Option<Instant>,
    /// When the last but this began: what was not met since is gone.
    pub since: Option<Instant>,
    /// How long this round has taken so far, without pauses.
    took: Duration,
    next: Option<Instant>,
    /// Whether a round was made.
    pub is_whole: bool,
    /// Whether something could not be looked at in this round.
    pub is_partial: bool,
}

impl Walk {
    /// One that has not begun.
    pub fn new() -> Self {
        let (waiting, took) = (Vec::new(), Duration::ZERO);
        Self {
            waiting,
            began: None,
            since: None,
            took,
            next: None,
            is_whole: false,
            is_partial: false,
        }
    }

    /// Begins a round if it is time to. The pause after each is so long that looking takes a small
    /// share of it, however large the folder is.
    pub fn begin(&mut self, folder: &Path, now: Instant) {
        if self.waiting.is_empty() && self.next.is_none_or(|next| now >= next) {
            self.waiting.push(folder.to_owned());
            self.began = Some(now);
            self.took = Duration::ZERO;
            self.is_partial = false;
        }
    }

    /// The next folder to look into.
    pub fn next(&mut self) -> Option<PathBuf> {
        self.waiting.pop()
    }

    /// Whether a round is under way.
    pub fn is_under_way(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Notes what is in a folder, and how long it took to list it. Tells whether the round is over.
    pub fn note(&mut self, folders: Vec<PathBuf>, took: Duration, pause_min: Duration) -> bool {
        self.waiting.extend(folders);
        self.took += took;
        let is_over = self.waiting.is_empty();
        if is_over {
            let pause = (self.took * WALK_SHARE).clamp(pause_min, WALK_PAUSE_MAX.max(pause_min));
            self.next = self.began.map(|began| began + self.took + pause);
            self.since = self.began;
            self.is_whole = true;
        }
        is_over
    }
}

/// Lists a folder below a log folder, or the log folder itself.
pub fn list(root: &Path, folder: &Path) -> io::Result<Listed> {
    let mut listed = Listed::default();
    let depth = depth(root, folder);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(sort) = entry.file_type() else { continue };
        let (name, path) = (entry.file_name(), entry.path());
        if sort.is_dir() && depth < LOG_FOLDER_DEPTH {
            // Beside those of DAGs are folders of what is no task.
            let is_dags = name.as_encoded_bytes().starts_with(OF_DAG.as_bytes());
            listed.folders.extend(Some(path).filter(|_| depth > 0 || is_dags));
        } else if sort.is_file() && depth > 0 {
            listed.files.extend(meet(path, &entry));
        }
    }
    Ok(listed)
}

/// What time it is, as file systems tell times.
pub fn now(clock: &dyn Clock) -> SystemTime {
    let nanos = u64::try_from(clock.now().0).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

/// Whether more is likely to come to a folder: to a log folder and that of a DAG always, to others
/// where something was made or removed lately.
pub fn is_young(root: &Path, folder: &Path, now: SystemTime) -> bool {
    let modified = || fs::metadata(folder).and_then(|metadata| metadata.modified()).ok();
    let age = || now.duration_since(modified()?).ok();
    depth(root, folder) <= 1 || age().is_none_or(|age| age < WATCH_AGE)
}

fn depth(root: &Path, folder: &Path) -> usize {
    folder.strip_prefix(root).map_or(0, |path| path.components().count())
}

/// The task log of this path, if it is one.
pub fn met(path: &Path) -> Option<Met> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() {
        return None;
    }
    of(path.to_owned(), &metadata)
}

fn meet(path: PathBuf, entry: &fs::DirEntry) -> Option<Met> {
    LogPath::parse(path.to_str()?)?;
    of(path, &entry.metadata().ok()?)
}

fn of(path: PathBuf, metadata: &fs::Metadata) -> Option<Met> {
    let log_path = LogPath::parse(path.to_str()?)?;
    let (inode, size) = (Inode::of(metadata), metadata.len());
    Some(Met { path, log_path, inode, size, modified: metadata.modified().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk_all(root: &Path) -> Vec<String> {
        let (mut walk, mut out) = (Walk::new(), Vec::new());
        let now = Instant::now();
        walk.begin(root, now);
        while let Some(folder) = walk.next() {
            let listed = list(root, &folder).unwrap();
            out.extend(listed.files.iter().map(|met| met.log_path.to_string()));
            walk.note(listed.folders, Duration::ZERO, Duration::from_secs(5));
        }
        assert!(walk.is_whole);
        walk.begin(root, now + Duration::from_secs(4));
        assert!(!walk.is_under_way(), "it is too early");
        walk.begin(root, now + Duration::from_secs(5));
        assert!(walk.is_under_way());
        out.sort();
        out
    }

    #[test]
    fn task_logs_and_nothing_else_are_met() {
        let root = tempfile::tempdir().unwrap();
        let tries = [
            "dag_id=a/run_id=r/task_id=t/attempt=1.log",
            "dag_id=a/run_id=r/task_id=t/attempt=1.log.trigger.3.log",
            "dag_id=a/run_id=r/task_id=t/map_index=7/attempt=2.log",
            "dag_id=b/run_id=by/hand/task_id=t/attempt=1.log",
        ];
        let others = [
            "dag_processor/2026-11-22/dag_id=a.log",
            "scheduler/2026-11-22/a.py.log",
            "dag_id=a/run_id=r/task_id=t/attempt=1.log.gz",
            "dag_id=a/notes.txt",
        ];
        for path in tries.iter().chain(&others).map(|path| root.path().join(path)) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), root.path().join("dag_id=link")).unwrap();
        assert_eq!(walk_all(root.path()), tries);
    }
}
