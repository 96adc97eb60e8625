//! Files in the folder of pods' logs, held from the moment that they appear: whoever wants one
//! later, because its pod became known late, finds it even if it is deleted by then.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::limits::{
    BIRTHS_CHANGES_MAX, BIRTHS_DEPTH, HELD_FILES_MAX, HELD_GONE, HELD_PRESENT, HINT_PAUSE,
};
use crate::tail::{Hints, Inode, LogFile, Watcher, watch};

/// Something changed in the folder.
#[derive(Debug, Clone)]
pub enum Change {
    /// These files came or were written to.
    Files(Arc<[PathBuf]>),
    /// Anything may have changed.
    All,
}

/// The files that are held.
#[derive(Debug)]
pub struct Births {
    root: PathBuf,
    held: Mutex<State>,
    changed: broadcast::Sender<Change>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<Inode, Held>,
    /// Those that have or had a name, the elder first.
    by_path: HashMap<PathBuf, Vec<Inode>>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    file: LogFile,
    since: Instant,
    gone_at: Option<Instant>,
}

impl Births {
    /// The files below this folder.
    #[must_use]
    pub fn new(root: PathBuf) -> Arc<Self> {
        let (changed, _) = broadcast::channel(BIRTHS_CHANGES_MAX);
        Arc::new(Self { root, held: Mutex::default(), changed })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Is told of changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changed.subscribe()
    }

    /// The files that have or had this name, the elder first, to be read from their beginning.
    #[must_use]
    pub fn of(&self, path: &Path) -> Vec<LogFile> {
        let state = self.lock();
        let inodes = state.by_path.get(path).into_iter().flatten();
        inodes.filter_map(|inode| state.files.get(inode)?.file.again().ok()).collect()
    }

    /// Whether a file is held.
    #[must_use]
    pub fn holds(&self, inode: Inode) -> bool {
        self.lock().files.contains_key(&inode)
    }

    /// The names of all files that are held.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().by_path.keys().cloned().collect()
    }

    /// Holds what appears, until it is told to end.
    pub async fn run(self: Arc<Self>, poll: Duration, cancel: CancellationToken) {
        let (mut events, mut watcher) = watch();
        let mut tick = interval(poll);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let hints = tokio::select! {
                () = cancel.cancelled() => return,
                hints = events.changed() => Some(hints),
                _ = tick.tick() => None,
            };
            let this = Arc::clone(&self);
            let looked = spawn_blocking(move || {
                this.look(hints.as_ref(), &mut watcher);
                watcher
            });
            let Ok(back) = looked.await else { return };
            watcher = back;
            tokio::time::sleep(HINT_PAUSE).await;
        }
    }

    fn look(&self, hints: Option<&Hints>, watcher: &mut Watcher) {
        let now = Instant::now();
        let Some(hints) = hints.filter(|hints| !hints.is_overflow) else {
            self.scan(&self.root, 0, watcher, now, &mut Vec::new());
            self.forget(now);
            let _ = self.changed.send(Change::All);
            return;
        };
        let mut files = Vec::new();
        for (watch, name) in &hints.events {
            let Some(folder) = watcher.folder(watch).map(Path::to_path_buf) else { continue };
            let Some(name) = name else { continue };
            let path = folder.join(name);
            let depth = folder.strip_prefix(&self.root).map_or(0, |path| path.components().count());
            if path.is_dir() {
                self.scan(&path, depth + 1, watcher, now, &mut files);
            } else if !files.contains(&path) {
                self.hold(&path, now);
                files.push(path);
            }
        }
        hints.dropped.iter().for_each(|watch| watcher.forget(watch));
        if !files.is_empty() {
            let _ = self.changed.send(Change::Files(files.into()));
        }
    }

    /// Looks through a folder. It is watched first, so that nothing comes between.
    fn scan(
        &self,
        folder: &Path,
        depth: usize,
        watcher: &mut Watcher,
        now: Instant,
        files: &mut Vec<PathBuf>,
    ) {
        watcher.add(folder);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < BIRTHS_DEPTH {
                    self.scan(&path, depth + 1, watcher, now, files);
                }
            } else {
                self.hold(&path, now);
                files.push(path);
            }
        }
    }

    fn hold(&self, path: &Path, now: Instant) {
        let is_log = path.to_str().is_some_and(|path| path.contains(".log"));
        if !is_log || path.extension().is_some_and(|it| it == "gz" || it == "tmp") {
            return;
        }
        let Ok(metadata) = fs::metadata(path) else { return };
        let inode = Inode::of(&metadata);
        if !metadata.is_file() || self.holds(inode) {
            return;
        }
        let Ok(file) = LogFile::open(path) else { return };
        let mut state = self.lock();
        if state.files.len() >= HELD_FILES_MAX
            && let Some(oldest) =
                state.files.iter().min_by_key(|(_, it)| it.since).map(|(at, _)| *at)
        {
            state.remove(oldest);
        }
        let (path, inode) = (path.to_owned(), file.inode());
        state.by_path.entry(path.clone()).or_default().push(inode);
        state.files.insert(inode, Held { path, file, since: now, gone_at: None });
    }

    /// Lets files go: those that are there, since they can be opened by name, and those that nobody
    /// has wanted since they were deleted.
    fn forget(&self, now: Instant) {
        let mut state = self.lock();
        let mut old = Vec::new();
        for (inode, held) in &mut state.files {
            let is_there = fs::metadata(&held.path).is_ok_and(|it| Inode::of(&it) == *inode);
            let is_held = if is_there {
                held.gone_at = None;
                now.duration_since(held.since) < HELD_PRESENT
            } else {
                now.duration_since(*held.gone_at.get_or_insert(now)) < HELD_GONE
            };
            if !is_held {
                old.push(*inode);
            }
        }
        old.into_iter().for_each(|inode| state.remove(inode));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, inode: Inode) {
        let Some(held) = self.files.remove(&inode) else { return };
        if let Some(inodes) = self.by_path.get_mut(&held.path) {
            inodes.retain(|other| *other != inode);
            if inodes.is_empty() {
                self.by_path.remove(&held.path);
            }
        }
    }
}
