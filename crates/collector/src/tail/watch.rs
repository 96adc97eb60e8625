//! Hints that something changed, from inotify.
//!
//! A hint only saves waiting: the poll of all folders is the truth. So an event that is lost, a
//! watch that cannot be set or an inotify that is not there cost time and nothing else.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::ReadyChunks;
use inotify::{EventMask, EventOwned, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};

use crate::limits::{HINT_PAUSE, QUIET_FILES_MAX, QUIET_HINT_PAUSE};

/// Room for a few hundred events at a time.
const BUFFER_BYTES: usize = 16 * 1024;
/// Events that are told of at once, so that a folder that is written to all the time is looked at
/// once for many of them.
const EVENTS_AT_ONCE_MAX: usize = 4096;

/// The events of all folders that are watched; of none when inotify is not available.
#[derive(Debug)]
pub struct Watch(Option<Listener>);

/// Who hears of events. Only while somebody waits are they listened to: else each wakes the thread,
/// also in the pauses in which they are to gather, and that is most of what a quiet node costs.
#[derive(Debug)]
enum Listener {
    Deaf(Inotify),
    Listening(ReadyChunks<EventStream<Vec<u8>>>),
}

/// Sets watches, while somebody else waits for their events.
#[derive(Debug)]
pub struct Watcher {
    watches: Option<Watches>,
    folders: HashMap<WatchDescriptor, PathBuf>,
    watched: HashSet<PathBuf>,
    is_told: bool,
}

/// What may have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Files that were written to: the watch of the folder, and the name.
    pub written: HashSet<(WatchDescriptor, OsString)>,
    /// The watches that had other events, and the name inside that each was about.
    pub events: Vec<(WatchDescriptor, Option<OsString>)>,
    /// Watches that the kernel has dropped, because their folders are gone.
    pub dropped: Vec<WatchDescriptor>,
    /// Events were lost: everything may have changed.
    pub is_overflow: bool,
}

/// A watch on nothing, and what sets watches on it.
pub fn watch() -> (Watch, Watcher) {
    let inotify = Inotify::init().inspect_err(tell_of_polling).ok();
    let watches = inotify.as_ref().map(Inotify::watches);
    let (folders, watched) = (HashMap::new(), HashSet::new());
    let watch = Watch(inotify.map(Listener::Deaf));
    (watch, Watcher { watches, folders, watched, is_told: false })
}

impl Watch {
    /// Waits for the next events; for ever when inotify is not available.
    pub async fn changed(&mut self) -> Hints {
        self.0 = self.0.take().and_then(Listener::listen);
        let Some(Listener::Listening(events)) = &mut self.0 else { return pending().await };
        let Some(events) = events.next().await else { return pending().await };
        if events.len() < EVENTS_AT_ONCE_MAX {
            // These were all: none is left in the memory of who listened.
            self.0 = self.0.take().map(Listener::deafen);
        }
        let mut hints = Hints::default();
        for event in events {
            match event {
                Ok(event) => hints.take(event),
                // What cannot be read is found by looking everywhere.
                Err(_) => hints.is_overflow = true,
            }
        }
        hints
    }
}

impl Listener {
    fn listen(self) -> Option<Self> {
        let Self::Deaf(inotify) = self else { return Some(self) };
        let events = inotify.into_event_stream(vec![0; BUFFER_BYTES]);
        let events = events.inspect_err(tell_of_polling).ok()?;
        Some(Self::Listening(events.ready_chunks(EVENTS_AT_ONCE_MAX)))
    }

    fn deafen(self) -> Self {
        match self {
            Self::Listening(events) => Self::Deaf(events.into_inner().into_inotify()),
            Self::Deaf(_) => self,
        }
    }
}

fn tell_of_polling(error: &io::Error) {
    tracing::warn!(
        %error,
        "inotify is not available, files are found by polling alone; raise \
         fs.inotify.max_user_instances",
    );
}

impl Hints {
    /// How long the next are to gather after these.
    pub fn pause(&self) -> Duration {
        if self.written.len() <= QUIET_FILES_MAX { QUIET_HINT_PAUSE } else { HINT_PAUSE }
    }

    fn take(&mut self, event: EventOwned) {
        self.is_overflow |= event.mask.contains(EventMask::Q_OVERFLOW);
        match event.name {
            _ if event.mask.contains(EventMask::IGNORED) => self.dropped.push(event.wd),
            Some(name) if event.mask == EventMask::MODIFY => {
                self.written.insert((event.wd, name));
            }
            name => self.events.push((event.wd, name)),
        }
    }
}

impl Watcher {
    /// Watches a folder, if it is not watched yet.
    pub fn add(&mut self, folder: &Path) {
        self.add_for(folder, folder);
    }

    /// Watches a folder whose events are about another.
    pub fn add_for(&mut self, folder: &Path, other: &Path) {
        let Some(watches) = &mut self.watches else { return };
        if self.watched.contains(folder) {
            return;
        }
        let mask = WatchMask::CREATE
            | WatchMask::MODIFY
            | WatchMask::MOVED_TO
            | WatchMask::DELETE
            | WatchMask::ONLYDIR;
        match watches.add(folder, mask) {
            Ok(watch) => {
                self.folders.insert(watch, other.to_owned());
                self.watched.insert(folder.to_owned());
            }
            // The folder of a pod that is gone already is no news.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if !self.is_told => {
                self.is_told = true;
                tracing::warn!(
                    folder = %folder.display(), %error,
                    "a folder cannot be watched, its files are found by polling alone; raise \
                     fs.inotify.max_user_watches",
                );
            }
            Err(_) => {}
        }
    }

    /// The folder that a watch's events are about.
    pub fn folder(&self, watch: &WatchDescriptor) -> Option<&Path> {
        self.folders.get(watch).map(PathBuf::as_path)
    }

    /// How many folders are watched.
    pub fn len(&self) -> usize {
        self.watched.len()
    }

    /// Ends the watches of folders that nobody wants to hear of any more.
    pub fn retain(&mut self, is_wanted: impl Fn(&Path) -> bool) {
        let Self { watches: Some(watches), folders, watched, .. } = self else { return };
        folders.retain(|watch, folder| {
            let stays = is_wanted(folder);
            if !stays {
                watched.remove(folder);
                // The kernel may have dropped it already.
                let _ = watches.remove(watch.clone());
            }
            stays
        });
    }

    /// Forgets a watch that the kernel has dropped, so that a folder of the same name can be
    /// watched again.
    pub fn forget(&mut self, watch: &WatchDescriptor) {
        if let Some(folder) = self.folders.remove(watch) {
            self.watched.remove(&folder);
        }
    }
}
