//! A data folder on a local disk: `objects/`, `wal/`, and a `lock` that keeps a second process out.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as ObjectResult,
};

use crate::Error;

/// A folder that this process has for itself.
#[derive(Debug)]
pub(crate) struct DataFolder {
    pub(crate) objects: Arc<dyn ObjectStore>,
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
        let (objects, wal_dir) = (path.join("objects"), path.join("wal"));
        create(&objects)?;
        create(&wal_dir)?;
        let lock = Lock::take(path)?;
        let store = LocalFileSystem::new_with_prefix(&objects);
        let store = store.map_err(Error::object("open", &ObjectPath::default()))?;
        let objects = Arc::new(DurableFiles { files: store.with_automatic_cleanup(false) });
        Ok(Self { objects, wal_dir, lock })
    }
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

/// Files of a folder as objects that are on the medium when a put returns. `LocalFileSystem` leaves
/// that to the operating system, but what is published is removed from the log.
#[derive(Debug)]
struct DurableFiles {
    files: LocalFileSystem,
}

impl DurableFiles {
    /// Syncs a file, and the folders up to the root, which may be new.
    async fn sync(&self, location: &ObjectPath) -> ObjectResult<()> {
        let path = self.files.path_to_filesystem(location)?;
        let folders = location.parts().count();
        let synced = tokio::task::spawn_blocking(move || {
            path.ancestors().take(1 + folders).try_for_each(|path| File::open(path)?.sync_all())
        });
        let synced =
            synced.await.map_err(|error| object_store::Error::JoinError { source: error })?;
        synced.map_err(|error: io::Error| object_store::Error::Generic {
            store: "local folder",
            source: Box::new(error),
        })
    }
}

impl fmt::Display for DurableFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.files, f)
    }
}

#[async_trait]
impl ObjectStore for DurableFiles {
    async fn put_opts(
        &self,
        location: &ObjectPath,
        payload: PutPayload,
        options: PutOptions,
    ) -> ObjectResult<PutResult> {
        let result = self.files.put_opts(location, payload, options).await?;
        self.sync(location).await?;
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &ObjectPath,
        options: PutMultipartOptions,
    ) -> ObjectResult<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &ObjectPath,
        options: GetOptions,
    ) -> ObjectResult<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &ObjectPath,
        ranges: &[Range<u64>],
    ) -> ObjectResult<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, ObjectResult<ObjectPath>>,
    ) -> BoxStream<'static, ObjectResult<ObjectPath>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, ObjectResult<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> ObjectResult<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: CopyOptions,
    ) -> ObjectResult<()> {
        self.files.copy_opts(from, to, options).await?;
        self.sync(to).await
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
