//! The few things that the log asks of a disk, so that tests and simulations can bring one that
//! fails, or that forgets what was not synced.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::{Error, folder};

/// A folder with the files of one log, which belongs to one store.
pub trait Disk: Debug + Send + Sync + 'static {
    /// What errors call the folder.
    fn path(&self) -> &Path;

    /// Makes the folder, durably, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    fn prepare(&self) -> Result<(), Error>;

    /// The names of everything that is in it.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn names(&self) -> io::Result<Vec<String>>;

    /// The first bytes of a file, no more than so many, and how long the file is.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<(Vec<u8>, u64)>;

    /// Opens a file that is there, to write to it.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Box<dyn LogFile>>;

    /// Creates an empty file, durably: after a crash it is in the folder. A file of this name is
    /// emptied, since a failed attempt may have left one.
    ///
    /// # Errors
    /// When it cannot be created. It may be there all the same.
    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>>;

    /// Removes a file. One that is gone already is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A file that grows at its end.
pub trait LogFile: Send {
    /// Writes all bytes at this offset.
    ///
    /// # Errors
    /// When they cannot be written. Some of them may be.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Waits until everything written is on the medium.
    ///
    /// # Errors
    /// When it is not. Then a later success says nothing of what was written before.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to this length.
    ///
    /// # Errors
    /// When it cannot be cut.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A real folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Disk for Folder {
    fn path(&self) -> &Path {
        &self.0
    }

    fn prepare(&self) -> Result<(), Error> {
        folder::create(&self.0)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.0)?;
        // A name that is no text is none of ours.
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(Result::transpose).collect()
    }

    fn read(&self, name: &str, bytes_max: u64) -> io::Result<(Vec<u8>, u64)> {
        let file = File::open(self.0.join(name))?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok((bytes, length))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(OpenOptions::new().write(true).open(self.0.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let path = self.0.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        // A file is durable only when its folder's entry is.
        File::open(&self.0)?.sync_all()?;
        Ok(Box::new(file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
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
