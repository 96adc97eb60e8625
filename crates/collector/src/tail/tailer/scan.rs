//! Looking through folders: which files there are, which took another's name, which are gone.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use crate::Error;
use crate::limits::MISSING_FOLDER_WARNING_INTERVAL;
use crate::tail::file::{Change, Inode};
use crate::tail::folder::{LogName, PodFolder};
use crate::tail::opener::Held;
use crate::tail::position::FileNo;
use crate::tail::tailer::copy::Kind;
use crate::tail::tailer::{Place, Tailer};
use crate::tail::watch::Hints;

/// What was seen in looking through folders.
#[derive(Debug, Default)]
struct Seen {
    inodes: HashSet<Inode>,
    /// Something could not be looked at, so that what was not seen may be there all the same.
    is_partial: bool,
}

impl Tailer {
    /// Looks through all folders.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read.
    pub fn scan(&mut self, now: Instant) -> Result<(), Error> {
        let root = self.config.pods_folder.clone();
        self.watch(&root);
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
                tracing::warn!(%folder, %error, "the pods folder is not readable, and tried again");
                return Ok(());
            }
        };
        let mut seen = Seen::default();
        folders.iter().for_each(|folder| self.scan_pod(folder, now, &mut seen));
        self.take_held(now);
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
        let looked = if hints.is_overflow { self.scan(now) } else { self.look(hints, now) };
        // Only now: what was written last comes together with the end of its folder's watch.
        hints.dropped.iter().for_each(|watch| self.watcher.forget(watch));
        looked
    }

    fn look(&mut self, hints: &Hints, now: Instant) -> Result<(), Error> {
        let mut folders: HashSet<PathBuf> =
            hints.events.iter().filter_map(|(watch, name)| self.pod_folder(watch, name)).collect();
        // What is deleted may have been written to in its last moment.
        for (watch, name) in &hints.events {
            let folder = self.watcher.folder(watch);
            let path = folder.zip(name.as_ref()).map(|(folder, name)| folder.join(name));
            path.and_then(|path| self.open_file(&path))
                .into_iter()
                .for_each(|no| self.make_due(no));
        }
        for (watch, name) in &hints.written {
            // A file that is known need not be looked for.
            let path = self.watcher.folder(watch).map(|folder| folder.join(name));
            match path.and_then(|path| self.open_file(&path)) {
                Some(no) => self.make_due(no),
                None => folders.extend(self.pod_folder(watch, &Some(name.clone()))),
            }
        }
        for folder in folders {
            if folder.starts_with(&self.config.pods_folder) {
                self.scan_pod(&folder, now, &mut Seen::default());
            } else if let Some(place) = Place::of_container(&folder) {
                self.scan_container(&folder, &place, now, &mut Seen::default());
            }
        }
        self.take_held(now);
        Ok(())
    }

    /// Meets the logs that were opened at their birth: in their folders, where it can be seen what
    /// came before them, or, if they are gone from there, by their handles.
    pub fn take_held(&mut self, now: Instant) {
        let held = self.opener.take();
        let pod = |held: &Held| Some(held.path.parent()?.parent()?.to_owned());
        let folders: HashSet<PathBuf> = held.iter().filter_map(pod).collect();
        for folder in folders {
            self.scan_pod(&folder, now, &mut Seen::default());
        }
        held.into_iter().for_each(|held| self.adopt(held, now));
    }

    /// The file of this name, if it has its handle.
    fn open_file(&self, path: &Path) -> Option<FileNo> {
        let no = *self.by_path.get(path)?;
        (!self.files.get(&no)?.file.is_released()).then_some(no)
    }

    fn watch(&mut self, folder: &Path) {
        // What is opened at its birth must not wait for a watch that is less urgent.
        self.opener.add(folder);
        self.watcher.add(folder);
    }

    /// Follows what `/var/log/containers` is full of: links to logs below a pods folder.
    fn scan_link(&mut self, link: &Path, now: Instant, seen: &mut Seen) {
        let Some(log) = linked(link) else { return };
        let Some(folder) = log.parent() else { return };
        if let Some(place) = Place::of_container(folder) {
            self.scan_container(folder, &place, now, seen);
        }
    }

    fn scan_pod(&mut self, folder: &Path, now: Instant, seen: &mut Seen) {
        if folder.extension().is_some_and(|extension| extension == "log") {
            return self.scan_link(folder, now, seen);
        }
        let Some(pod) = folder.file_name().and_then(PodFolder::parse) else { return };
        self.watch(folder);
        for container in seen.list(folder) {
            let Some(name) = container.file_name().and_then(|name| name.to_str()) else { continue };
            let place = Place { pod: pod.clone(), container: name.to_owned() };
            self.scan_container(&container, &place, now, seen);
        }
    }

    fn scan_container(&mut self, folder: &Path, place: &Place, now: Instant, seen: &mut Seen) {
        self.watch(folder);
        let mut logs: Vec<(LogName, PathBuf)> = seen
            .list(folder)
            .into_iter()
            .filter_map(|path| Some((LogName::parse(path.file_name()?)?, path)))
            .collect();
        // What was rotated away is older than what is written now.
        logs.sort_by(|(a, path_a), (b, path_b)| (a.age(), path_a).cmp(&(b.age(), path_b)));
        let mut before: Option<(u64, FileNo)> = None;
        for (name, path) in logs {
            let elder = before.filter(|(restarts, _)| *restarts == name.restarts);
            match self.meet((&path, name), place, elder.map(|(_, no)| no), now, seen) {
                Ok(Some(no)) => before = Some((name.restarts, no)),
                Ok(None) => {}
                // Renamed or removed since the folder was listed: the next look will tell.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(%path, %error, "a log file cannot be opened, it is tried again");
                }
            }
        }
    }

    /// Looks at the file that has this name now; `before` is the one that was written before it.
    /// `None` when nothing is to be read of it.
    fn meet(
        &mut self,
        (path, name): (&Path, LogName),
        place: &Place,
        before: Option<FileNo>,
        now: Instant,
        seen: &mut Seen,
    ) -> io::Result<Option<FileNo>> {
        let metadata = fs::metadata(path)?;
        let inode = Inode::of(&metadata);
        seen.inodes.insert(inode);
        if let Some(copied) = self.known_copy(inode, path) {
            return Ok(copied);
        }
        let Some(no) = self.by_inode.get(&inode).copied() else {
            return self.meet_new((path, name), place, before, now);
        };
        let is_same = self.reopen(no, path, metadata.len())?;
        let Some(tailing) = self.files.get_mut(&no) else { return Ok(None) };
        match tailing.file.look()? {
            Change::Unread(unread) if is_same => {
                if unread > 0 {
                    self.make_due(no);
                }
                self.inherit(no, before);
                self.describe(no, path);
                Ok(Some(no))
            }
            _ => {
                self.replace(no, now);
                Ok(self.by_path.get(path).copied())
            }
        }
    }

    fn meet_new(
        &mut self,
        (path, name): (&Path, LogName),
        place: &Place,
        before: Option<FileNo>,
        now: Instant,
    ) -> io::Result<Option<FileNo>> {
        // Where a log is a link, it grows in another folder than it stands in.
        if let (Some(log), Some(folder)) = (linked(path), path.parent())
            && let Some(there) = log.parent()
        {
            self.watcher.add_for(there, folder);
        }
        match self.recognise(path, name, place)? {
            Kind::Nothing => Ok(None),
            Kind::Copy(no) => Ok(Some(no)),
            Kind::New(file, saved) => {
                // The folder may have been listed before that one had its other name.
                let before = before.max(self.by_path.get(path).copied());
                let place = place.clone();
                match saved {
                    Some(saved) => self.go_on(*file, path, place, before, Some(*saved), now),
                    None => self.begin(*file, path, place, before, now),
                }
                .map(Some)
            }
        }
    }

    /// Notes which files were not seen when all folders were looked through.
    fn miss(&mut self, seen: &Seen) {
        for tailing in self.files.values_mut() {
            let is_seen = seen.inodes.contains(&tailing.file.inode());
            tailing.missed_scans = if is_seen { 0 } else { tailing.missed_scans + 1 };
        }
        self.positions().sweep(|inode| seen.inodes.contains(&inode));
        self.forget_copies(|inode| seen.inodes.contains(&inode));
    }

    /// The folder that an event was about: a pod's, or a container's that is reached by a link.
    fn pod_folder(
        &self,
        watch: &inotify::WatchDescriptor,
        name: &Option<std::ffi::OsString>,
    ) -> Option<PathBuf> {
        let folder = self.watcher.folder(watch)?;
        let Ok(below) = folder.strip_prefix(&self.config.pods_folder) else {
            return Some(folder.to_owned());
        };
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

/// Where a link leads; `None` for what is none.
pub fn linked(path: &Path) -> Option<PathBuf> {
    Some(path.parent()?.join(fs::read_link(path).ok()?))
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
