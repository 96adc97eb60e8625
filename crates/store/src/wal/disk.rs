//! The few things that the log asks of a disk, so that tests can bring one that fails.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A folder in which the writer creates and removes its files.
pub(crate) trait Disk: Send + 'static {
    /// An open file.
    type File: LogFile;

    /// Creates an empty file, durably: after a crash it is in the folder. A file of this name is
    /// emptied, since a failed attempt may have left one.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Removes a file. One that is gone already is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A file that grows at its end.
pub(crate) trait LogFile: Send {
    /// Writes all bytes at this offset.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Waits until everything written is on the medium.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to this length.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A real folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Disk for Folder {
    type File = File;

    fn create(&self, name: &str) -> io::Result<File> {
        let path = self.0.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        // A file is durable only when its folder's entry is.
        File::open(&self.0)?.sync_all()?;
        Ok(file)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

impl LogFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
