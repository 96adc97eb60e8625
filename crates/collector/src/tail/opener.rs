//! Opens logs the moment they appear, whatever the rest of the collector is busy with.
//!
//! A worker's pod may live for a few hundred milliseconds, and its folder goes with it. A reader
//! that is behind, on a node whose cores are all taken, comes too late for it. So one thread does
//! nothing but wait for folders and logs that are made, and hold what it has opened until the
//! reader has its turn. It sleeps nearly always, so when something comes the scheduler lets it go
//! first.
//!
//! What it misses (no inotify, too much at once) is found by looking through the folders.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use tokio::sync::Notify;

use crate::limits::HELD_LOGS_MAX;
use crate::tail::folder::{LogName, PodFolder};
use crate::tail::tailer::linked;

/// Room for a few hundred events at a time.
const BUFFER_BYTES: usize = 16 * 1024;
/// What is watched so that the thread can be woken: its removal is an event. Nothing else about it
/// is asked for.
const BELL: &str = "/";

/// The thread that opens logs, and what it holds. The thread ends when this goes.
#[derive(Default)]
pub struct Opener(Option<Running>);

struct Running {
    shared: Arc<Shared>,
    watches: Watches,
    bell: WatchDescriptor,
}

/// A log that was opened at its birth.
#[derive(Debug)]
pub struct Held {
    /// The name that it had then.
    pub path: PathBuf,
    /// The handle.
    pub file: File,
}

struct Shared {
    root: PathBuf,
    state: Mutex<State>,
    opened: Notify,
    is_ended: AtomicBool,
}

#[derive(Default)]
struct State {
    folders: HashMap<WatchDescriptor, PathBuf>,
    watched: HashSet<PathBuf>,
    held: Vec<Held>,
}

impl Opener {
    /// Starts the thread, for logs below this folder. Where it cannot be started, logs are found
    /// by looking through the folders.
    pub fn start(root: PathBuf) -> Self {
        match start(root) {
            Ok(running) => Self(Some(running)),
            Err(error) => {
                tracing::warn!(%error, "logs cannot be opened at their birth, only a moment later");
                Self(None)
            }
        }
    }

    /// Watches a folder, if it is not watched yet.
    pub fn add(&mut self, folder: &Path) {
        if let Some(Running { shared, watches, .. }) = &mut self.0 {
            shared.watch(watches, folder);
        }
    }

    /// Takes what was opened since the last call, in the order in which it was.
    pub fn take(&self) -> Vec<Held> {
        let running = self.0.as_ref();
        running.map(|it| std::mem::take(&mut it.shared.state().held)).unwrap_or_default()
    }

    /// What waits for logs that are opened.
    pub fn bell(&self) -> impl Future<Output = ()> + use<> {
        let shared = self.0.as_ref().map(|running| Arc::clone(&running.shared));
        async move {
            match shared {
                Some(shared) => shared.opened.notified().await,
                None => std::future::pending().await,
            }
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        if let Some(Running { shared, watches, bell }) = &mut self.0 {
            shared.is_ended.store(true, Ordering::SeqCst);
            // Where that fails the thread ends with the next event, or with the process.
            let _ = watches.remove(bell.clone());
        }
    }
}

fn start(root: PathBuf) -> io::Result<Running> {
    let inotify = Inotify::init()?;
    let mut watches = inotify.watches();
    let bell = watches.add(BELL, WatchMask::DELETE_SELF)?;
    let state = Mutex::default();
    let (opened, is_ended) = (Notify::new(), AtomicBool::new(false));
    let shared = Arc::new(Shared { root, state, opened, is_ended });
    let working = Arc::clone(&shared);
    thread::Builder::new().name("opener".to_owned()).spawn(move || working.work(inotify))?;
    Ok(Running { shared, watches, bell })
}

impl Shared {
    fn work(&self, mut inotify: Inotify) {
        let mut watches = inotify.watches();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let events: Vec<_> = match inotify.read_events_blocking(&mut buffer) {
                Ok(events) => events.map(|event| event.to_owned()).collect(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::warn!(%error, "logs are not opened at their birth any more");
                    return;
                }
            };
            if self.is_ended.load(Ordering::SeqCst) {
                return;
            }
            for event in events {
                if event.mask.contains(EventMask::IGNORED) {
                    self.forget(&event.wd);
                } else if let Some(name) = event.name
                    && let Some(folder) = self.folder(&event.wd)
                {
                    self.made(&mut watches, &folder.join(name));
                }
            }
            if !self.state().held.is_empty() {
                self.opened.notify_one();
            }
        }
    }

    /// Something has come into being here.
    fn made(&self, watches: &mut Watches, path: &Path) {
        // What is watched beside the root are containers' folders that links lead to.
        let depth = path.strip_prefix(&self.root).map_or(3, |below| below.components().count());
        match depth {
            1 if path.extension().is_some_and(|extension| extension == "log") => {
                linked(path).into_iter().for_each(|log| self.open(&log));
            }
            1 => self.enter_pod(watches, path),
            2 => self.enter_container(watches, path),
            3 => self.open(path),
            _ => {}
        }
    }

    fn enter_pod(&self, watches: &mut Watches, folder: &Path) {
        if folder.file_name().and_then(PodFolder::parse).is_some() {
            // Watched before it is listed, so that nothing is made unseen in between.
            self.watch(watches, folder);
            entries(folder).for_each(|container| self.enter_container(watches, &container));
        }
    }

    fn enter_container(&self, watches: &mut Watches, folder: &Path) {
        self.watch(watches, folder);
        entries(folder).for_each(|log| self.open(&log));
    }

    /// Opens what is a log that its container writes, and not one that was moved aside.
    fn open(&self, path: &Path) {
        let name = path.file_name().and_then(LogName::parse);
        if !name.is_some_and(|name| name.is_current) || self.state().held.len() >= HELD_LOGS_MAX {
            return;
        }
        // One that is gone already, or may not be read, is met again when the folder is looked at.
        if let Ok(file) = File::open(path) {
            self.state().held.push(Held { path: path.to_owned(), file });
        }
    }

    fn watch(&self, watches: &mut Watches, folder: &Path) {
        let mut state = self.state();
        if state.watched.contains(folder) {
            return;
        }
        let mask = WatchMask::CREATE | WatchMask::MOVED_TO | WatchMask::ONLYDIR;
        // The reader tells when the system has no watches left.
        if let Ok(watch) = watches.add(folder, mask) {
            state.folders.insert(watch, folder.to_owned());
            state.watched.insert(folder.to_owned());
        }
    }

    fn folder(&self, watch: &WatchDescriptor) -> Option<PathBuf> {
        self.state().folders.get(watch).cloned()
    }

    fn forget(&self, watch: &WatchDescriptor) {
        let mut state = self.state();
        if let Some(folder) = state.folders.remove(watch) {
            state.watched.remove(&folder);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in a folder, if it is one and is still there.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn logs_are_held_though_their_pod_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let mut opener = Opener::start(root.clone());
        opener.add(&root);
        for no in 0..20 {
            let container = root.join(format!("a_p{no}_u/base"));
            fs::create_dir_all(&container).unwrap();
            fs::write(container.join("readme.txt"), "x").unwrap();
            fs::write(container.join("0.log"), "first").unwrap();
            // It may be told of and be listed too; the reader knows it by its inode then.
            let mut held = Vec::new();
            while !held.iter().any(|it: &Held| it.path.starts_with(&container)) {
                timeout(PATIENCE, opener.bell()).await.unwrap();
                held.extend(opener.take());
            }
            fs::remove_dir_all(root.join(format!("a_p{no}_u"))).unwrap();
            for Held { path, mut file } in held {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_eq!(path.file_name().unwrap(), "0.log");
                assert_eq!(text, "first");
            }
        }
    }

    #[tokio::test]
    async fn the_thread_ends_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let opener = Opener::start(folder.path().to_owned());
        let shared = Arc::clone(&opener.0.as_ref().unwrap().shared);
        assert_eq!(Arc::strong_count(&shared), 3);
        drop(opener);
        for _ in 0..1000 {
            if Arc::strong_count(&shared) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the thread goes on");
    }
}
