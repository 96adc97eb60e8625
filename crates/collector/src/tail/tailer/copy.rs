//! Files that hold the same lines twice: what was copied before it was truncated, and what was
//! compressed.
//!
//! The copy of a file that is open is not read: its lines are read from the file itself. When that
//! is truncated, the copy takes its place, with what was not read yet; when it is gone, the copy is
//! what is left of it, and is remembered as read.

use std::fs;
use std::io;
use std::path::Path;

use tokio::time::Instant;

use crate::tail::file::{Inode, LogFile};
use crate::tail::folder::LogName;
use crate::tail::position::{FileNo, Original, Saved};
use crate::tail::tailer::{Place, Tailer, Tailing};

/// What a file that was not met before turns out to be.
pub(super) enum Kind {
    /// One that goes on from here, or begins.
    New(Box<LogFile>, Option<Box<Saved>>),
    /// A copy of this one.
    Copy(FileNo),
    /// Nothing that must be read, now or ever.
    Nothing,
}

impl Tailer {
    /// Finds out whether what was moved aside is a copy of something.
    pub(super) fn recognise(
        &mut self,
        path: &Path,
        name: LogName,
        place: &Place,
    ) -> io::Result<Kind> {
        let file = open(path, name)?;
        if name.is_current {
            return Ok(Kind::New(Box::new(file), None));
        }
        if let Some(no) = self.original(&file, name, place)? {
            self.note_copy(no, file.inode(), path);
            return Ok(Kind::Copy(no));
        }
        let saved = self.positions().restore(&file)?;
        if saved.is_some() {
            return Ok(Kind::New(Box::new(file), saved.map(Box::new)));
        }
        let original = self.positions().restore_copy(&file, path)?;
        Ok(match original {
            Original::Unknown => Kind::New(Box::new(file), None),
            Original::There => Kind::Nothing,
            Original::Gone(saved) => Kind::New(Box::new(file), Some(saved)),
            Original::Done => {
                self.done.insert(file.inode(), path.to_owned());
                Kind::Nothing
            }
        })
    }

    /// The open file that another is a copy of.
    fn original(&self, copy: &LogFile, name: LogName, place: &Place) -> io::Result<Option<FileNo>> {
        for (no, tailing) in &self.files {
            let is_of_log = tailing.place == *place && tailing.restarts() == Some(name.restarts);
            if is_of_log && copy.is_copy_of(tailing.file.fingerprint())? {
                return Ok(Some(*no));
            }
        }
        Ok(None)
    }

    fn note_copy(&mut self, no: FileNo, inode: Inode, path: &Path) {
        let Some(tailing) = self.files.get_mut(&no) else { return };
        if let Some((former, _)) = tailing.copy.replace((inode, path.to_owned())) {
            self.copies.remove(&former);
        }
        self.copies.insert(inode, no);
    }

    /// Whether a file that was met is a copy of what is read, or was.
    pub(super) fn known_copy(&self, inode: Inode, path: &Path) -> Option<Option<FileNo>> {
        // Another name may well be another file, if the copy is gone.
        if self.done.get(&inode).is_some_and(|known| known == path) {
            return Some(None);
        }
        let no = *self.copies.get(&inode)?;
        let copy = self.files.get(&no)?.copy.as_ref()?;
        (copy.1 == path).then_some(Some(no))
    }

    /// Deals with a file that was truncated or written anew: goes on in its copy, if there is one,
    /// and begins with what is there now.
    pub(super) fn replace(&mut self, no: FileNo, now: Instant) {
        let Some(tailing) = self.files.get(&no) else { return };
        let (path, place) = (tailing.path.clone(), tailing.place.clone());
        if tailing.copy.is_none() {
            self.look_for_copy(no, &path, &place);
        }
        tracing::info!(path = %path.display(), "a log file was truncated and is read anew");
        let before = self.move_to_copy(no);
        if before.is_none() {
            let farewell = self.close(no);
            self.farewells.extend(farewell);
        }
        let begun =
            LogFile::open(&path).and_then(|file| self.go_on(file, &path, place, before, None, now));
        match begun {
            Ok(no) => self.begin_somewhere(no),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = path.display();
                tracing::warn!(%path, %error, "a log file cannot be opened, it is tried again");
            }
        }
    }

    /// The folder may have been listed before the copy was made.
    fn look_for_copy(&mut self, no: FileNo, path: &Path, place: &Place) {
        let Some(folder) = path.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
            return;
        };
        for path in folder.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(name) = path.file_name().and_then(LogName::parse) else { continue };
            if name.is_current {
                continue;
            }
            // What cannot be looked at now is met again.
            let Ok(file) = open(&path, name) else { continue };
            let is_new = !self.by_inode.contains_key(&file.inode());
            if is_new && self.original(&file, name, place).is_ok_and(|found| found == Some(no)) {
                self.note_copy(no, file.inode(), &path);
            }
        }
    }

    /// Reads on in the copy of a file, from the same place.
    fn move_to_copy(&mut self, no: FileNo) -> Option<FileNo> {
        let tailing = self.files.get_mut(&no)?;
        let (inode, path) = tailing.copy.take()?;
        self.copies.remove(&inode);
        let mut copy = open(&path, LogName::parse(path.file_name()?)?).ok()?;
        if copy.inode() != inode || !copy.is_copy_of(tailing.file.fingerprint()).unwrap_or(false) {
            return None;
        }
        copy.seek(tailing.pipeline.fed());
        self.by_inode.remove(&tailing.file.inode());
        self.by_inode.insert(inode, no);
        tailing.file = copy;
        self.describe(no, &path);
        self.make_due(no);
        Some(no)
    }

    /// Remembers the copy of a file that is closed, or the file itself if it is compressed.
    pub(super) fn keep_copy(&mut self, no: FileNo, tailing: &Tailing) {
        let own = || (tailing.file.inode(), tailing.path.clone());
        let copy = tailing.copy.clone().or_else(|| tailing.file.is_packed().then(own));
        let Some((inode, path)) = copy else { return };
        self.copies.remove(&inode);
        self.positions().keep_copy(no, inode, &path);
        self.done.insert(inode, path);
    }

    /// Forgets copies that are gone.
    pub(super) fn forget_copies(&mut self, is_there: impl Fn(Inode) -> bool) {
        self.done.retain(|inode, _| is_there(*inode));
        self.copies.retain(|inode, _| is_there(*inode));
        for tailing in self.files.values_mut() {
            tailing.copy = tailing.copy.take().filter(|(inode, _)| is_there(*inode));
        }
    }
}

fn open(path: &Path, name: LogName) -> io::Result<LogFile> {
    if name.is_packed { LogFile::open_packed(path) } else { LogFile::open(path) }
}
