//! A disk for tests that fails as planned: short writes, failed syncs, failed repairs.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, Folder, LogFile};
use crate::Error;

/// How an operation fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The disk is full after this many bytes of the write.
    Full(usize),
    /// The sync fails; what was written may be there or not.
    Sync,
    /// The disk is full, and cutting off what was written fails too, once.
    FullAndStuck(usize),
    /// There is no room for another file.
    Create,
    /// There is room for another file, but its header is not synced, and it cannot be removed.
    CreateAndStuck,
}

/// A folder whose next operations fail as planned.
#[derive(Debug, Clone)]
pub(crate) struct FailingDisk {
    folder: Folder,
    faults: Arc<Mutex<Vec<Fault>>>,
    stuck: Arc<Mutex<bool>>,
}

/// A file of such a folder.
pub(crate) struct FailingFile {
    file: Box<dyn LogFile>,
    disk: FailingDisk,
    /// The next sync fails, since the file's creation is to fail so.
    unsynced: bool,
}

impl FailingDisk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { folder: Folder(path.to_owned()), faults: Arc::default(), stuck: Arc::default() }
    }

    /// The next operation that can fail in this way does.
    pub(crate) fn fail(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// The next removal or cut fails.
    pub(crate) fn stick(&self) {
        *self.stuck.lock().unwrap() = true;
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    fn take(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        faults.last().is_some_and(wanted).then(|| faults.pop()).flatten()
    }

    /// Fails once when something is stuck.
    fn unstick(&self) -> io::Result<()> {
        let stuck = std::mem::take(&mut *self.stuck.lock().unwrap());
        if stuck { Err(medium_failed()) } else { Ok(()) }
    }
}

impl Disk for FailingDisk {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn prepare(&self) -> Result<(), Error> {
        self.folder.prepare()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }

    fn read(&self, name: &str, bytes_max: u64) -> io::Result<(Vec<u8>, u64)> {
        self.folder.read(name, bytes_max)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        self.folder.open(name)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let fault = self.take(|fault| matches!(fault, Fault::Create | Fault::CreateAndStuck));
        if let Some(Fault::Create) = fault {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let unsynced = fault.is_some();
        *self.stuck.lock().unwrap() |= unsynced;
        let (file, disk) = (self.folder.create(name)?, self.clone());
        Ok(Box::new(FailingFile { file, disk, unsynced }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.unstick()?;
        self.folder.remove(name)
    }
}

impl LogFile for FailingFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let fault =
            self.disk.take(|fault| matches!(fault, Fault::Full(_) | Fault::FullAndStuck(_)));
        let (Some(Fault::Full(written)) | Some(Fault::FullAndStuck(written))) = fault else {
            return self.file.write_at(bytes, offset);
        };
        *self.disk.stuck.lock().unwrap() = matches!(fault, Some(Fault::FullAndStuck(_)));
        self.file.write_at(&bytes[..written.min(bytes.len())], offset)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        let fault = self.disk.take(|fault| matches!(fault, Fault::Sync));
        if fault.is_some() || std::mem::take(&mut self.unsynced) {
            return Err(medium_failed());
        }
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.unstick()?;
        self.file.truncate(length)
    }
}

/// `EIO`
fn medium_failed() -> io::Error {
    io::Error::from_raw_os_error(5)
}
