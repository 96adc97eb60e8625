//! A data folder on a local disk: `wal/`, a `lock` that keeps a second process out, and `objects/`
//! unless they are elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Error;

/// A folder that this process has for itself.
#[derive(Debug)]
pub(crate) struct DataFolder {
    pub(crate) wal_dir: PathBuf,
    pub(crate) lock: Lock,
}

/// The lock of a folder. The operating system gives it up with the file, however we end.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataFolder {
    /// Makes the folder if it is not there, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let wal_dir = path.join("wal");
        create(&wal_dir)?;
        let lock = Lock::take(path)?;
        Ok(Self { wal_dir, lock })
    }

    /// Where a data folder keeps its objects, if it does.
    pub(crate) fn objects(path: &Path) -> PathBuf {
        path.join("objects")
    }
}

/// Whether two paths lead to one folder.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Creates a folder and those above it, durably: what is synced in it must not be lost with it.
pub(crate) fn create(folder: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    for path in missing.into_iter().filter(|path| !path.as_os_str().is_empty()) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let synced = File::open(parent).and_then(|folder| folder.sync_all());
        synced.map_err(Error::file("sync", parent))?;
    }
    Ok(())
}

impl Lock {
    fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(Error::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let process = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                return Err(Error::InUse { path: folder.to_owned(), process });
            }
            Err(fs::TryLockError::Error(error)) => return Err(Error::file("lock", &path)(error)),
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(Error::file("write", &path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_created_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        create(&folder.path().join("a/b/c")).unwrap();
        create(&folder.path().join("a/b/c")).unwrap();
        assert!(folder.path().join("a/b/c").is_dir());
        create(Path::new(".")).unwrap();
    }

    #[test]
    fn a_folder_has_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err();
        let expect = format!("is in use by process {}", std::process::id());
        assert!(error.to_string().ends_with(&expect), "{error}");
        drop(first);
        DataFolder::open(folder.path()).unwrap();
    }
}
