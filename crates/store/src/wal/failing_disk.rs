//! A disk for tests that fails as planned: short writes, failed syncs, failed repairs.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, Folder, LogFile};

/// How an operation fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The disk is full after this many bytes of the write.
    Full(usize),
    /// The sync fails; what was written may be there or not.
    Sync,
    /// The disk is full, and cutting off what was written fails too, once.
    FullAndStuck(usize),
}

/// A folder whose next operations fail as planned.
#[derive(Clone)]
pub(crate) struct FailingDisk {
    folder: Folder,
    faults: Arc<Mutex<Vec<Fault>>>,
    stuck: Arc<Mutex<bool>>,
}

pub(crate) struct FailingFile {
    file: std::fs::File,
    disk: FailingDisk,
}

impl FailingDisk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { folder: Folder(path.to_owned()), faults: Arc::default(), stuck: Arc::default() }
    }

    /// The next operation that can fail in this way does.
    pub(crate) fn fail(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    fn take(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        faults.last().is_some_and(wanted).then(|| faults.pop()).flatten()
    }
}

impl Disk for FailingDisk {
    type File = FailingFile;

    fn create(&self, name: &str) -> io::Result<FailingFile> {
        Ok(FailingFile { file: self.folder.create(name)?, disk: self.clone() })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }
}

impl LogFile for FailingFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let fault = self.disk.take(|fault| !matches!(fault, Fault::Sync));
        let (Some(Fault::Full(written)) | Some(Fault::FullAndStuck(written))) = fault else {
            return self.file.write_at(bytes, offset).map(drop);
        };
        *self.disk.stuck.lock().unwrap() = matches!(fault, Some(Fault::FullAndStuck(_)));
        LogFile::write_at(&mut self.file, &bytes[..written.min(bytes.len())], offset)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.disk.take(|fault| matches!(fault, Fault::Sync)) {
            Some(_) => Err(io::Error::other("the medium failed")),
            None => self.file.sync(),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if std::mem::take(&mut *self.disk.stuck.lock().unwrap()) {
            return Err(io::Error::other("the medium failed"));
        }
        self.file.truncate(length)
    }
}
