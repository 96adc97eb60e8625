//! A local folder as an object store.
//!
//! A put writes a file beside the object's name, syncs it, and only then gives it the name. So
//! there is no moment in which an object can be seen whose bytes are not on the medium, and whoever
//! is told that an object is there already may rely on it: what is published is removed from the
//! log.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as ObjectResult,
};

use crate::{Error, folder};

/// How many names a put tries for the file that it writes first; others are of puts under way, or
/// were left by a crash.
const STAGED_NAMES_MAX: u32 = 1000;

/// Files of a folder as objects that are on the medium when a put returns. `LocalFileSystem` leaves
/// that to the operating system.
#[derive(Debug)]
pub(crate) struct DurableFiles {
    root: PathBuf,
    files: LocalFileSystem,
    sync: SyncFile,
}

/// Brings a file or a folder to the medium; another function in tests.
type SyncFile = fn(&Path, &File) -> io::Result<()>;

/// A file that has its bytes on the medium and not its name yet. It goes when it is dropped.
struct Staged(PathBuf);

impl DurableFiles {
    /// The files of this folder, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, |_, file| file.sync_all())
    }

    fn open_with(path: &Path, sync: SyncFile) -> Result<Self, Error> {
        folder::create(path)?;
        let files = LocalFileSystem::new_with_prefix(path);
        let files = files.map_err(Error::object("open", &ObjectPath::default()))?;
        Ok(Self { root: path.to_owned(), files: files.with_automatic_cleanup(false), sync })
    }

    /// Runs what blocks on the disk, with the path of the object and the number of folders between
    /// it and the root.
    async fn block<F>(&self, location: &ObjectPath, act: F) -> ObjectResult<()>
    where
        F: FnOnce(&Path, usize, SyncFile) -> io::Result<()> + Send + 'static,
    {
        let path = self.files.path_to_filesystem(location)?;
        let (folders, sync) = (location.parts().count(), self.sync);
        let done = tokio::task::spawn_blocking(move || act(&path, folders, sync)).await;
        done.map_err(|source| object_store::Error::JoinError { source })?.map_err(|error| {
            let source = Box::new(error);
            match source.kind() {
                io::ErrorKind::AlreadyExists => {
                    object_store::Error::AlreadyExists { path: location.to_string(), source }
                }
                _ => object_store::Error::Generic { store: "local folder", source },
            }
        })
    }
}

/// Makes a file with these bytes, or leaves what there was.
fn put(
    path: &Path,
    folders: usize,
    payload: &PutPayload,
    is_create: bool,
    sync: SyncFile,
) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let staged = Staged::write(path, payload, sync)?;
    let named =
        if is_create { fs::hard_link(&staged.0, path) } else { fs::rename(&staged.0, path) };
    // Also where the object is there already: the try that made it may have failed right here.
    match &named {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => named,
        _ => sync_folders(path, folders, sync).and(named),
    }
}

/// Syncs the folders between an object and the root, any of which may be new.
fn sync_folders(path: &Path, folders: usize, sync: SyncFile) -> io::Result<()> {
    path.ancestors().skip(1).take(folders).try_for_each(|path| sync(path, &File::open(path)?))
}

impl Staged {
    fn write(path: &Path, payload: &PutPayload, sync: SyncFile) -> io::Result<Self> {
        let (staged, mut file) = Self::create(path)?;
        payload.iter().try_for_each(|bytes| file.write_all(bytes))?;
        sync(&staged.0, &file)?;
        Ok(staged)
    }

    /// A new file beside this one. `LocalFileSystem` lists nothing that ends in `#` and digits.
    fn create(path: &Path) -> io::Result<(Self, File)> {
        for number in 0..STAGED_NAMES_MAX {
            let mut name = path.as_os_str().to_owned();
            name.push(format!("#{number}"));
            match OpenOptions::new().write(true).create_new(true).open(&name) {
                Ok(file) => return Ok((Self(name.into()), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        let path = path.display();
        Err(io::Error::other(format!("{path} was begun too often; remove the files {path}#…")))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already where it was renamed; left over, it is in nobody's way.
        let _ = fs::remove_file(&self.0);
    }
}

impl fmt::Display for DurableFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.display().fmt(f)
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
        let is_create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return self.files.put_opts(location, payload, options).await,
        };
        let act = move |path: &Path, folders, sync: SyncFile| {
            put(path, folders, &payload, is_create, sync)
        };
        self.block(location, act).await?;
        Ok(PutResult { e_tag: None, version: None })
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
        let act = |path: &Path, folders, sync: SyncFile| {
            sync(path, &File::open(path)?)?;
            sync_folders(path, folders, sync)
        };
        self.block(to, act).await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use object_store::ObjectStoreExt;

    use super::*;

    thread_local! {
        /// What the next syncs say: whether one of a file and whether one of a folder fails.
        static FAILS: RefCell<[bool; 2]> = const { RefCell::new([false; 2]) };
    }

    fn failing_sync(path: &Path, _: &File) -> io::Result<()> {
        let is_folder = usize::from(path.is_dir());
        match FAILS.with_borrow(|fails| fails[is_folder]) {
            true => Err(io::Error::other("no sync")),
            false => Ok(()),
        }
    }

    /// Puts twice, the first time with syncs that fail; tells what came of both and what is there.
    #[track_caller]
    fn check(fails: [bool; 2], is_create: bool, expect: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let objects = DurableFiles::open_with(folder.path(), failing_sync).unwrap();
        let path = folder.path().join("a/b/c");
        let mut shown = Vec::new();
        for (bytes, fails) in [("one", fails), ("two", [false; 2])] {
            let payload = PutPayload::from(bytes);
            FAILS.set(fails);
            shown.push(match put(&path, 3, &payload, is_create, objects.sync) {
                Ok(()) => "made".to_owned(),
                Err(error) => error.kind().to_string(),
            });
            shown.push(fs::read_to_string(&path).unwrap_or_else(|_| "none".to_owned()));
        }
        assert_eq!(shown, expect);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside the object");
    }

    #[test]
    fn an_object_is_seen_only_when_it_is_on_the_medium() {
        check([false, false], true, &["made", "one", "entity already exists", "one"]);
        check([true, false], true, &["other error", "none", "made", "two"]);
        check([false, true], true, &["other error", "one", "entity already exists", "one"]);
        check([true, false], false, &["other error", "none", "made", "two"]);
    }

    #[test]
    fn what_is_there_is_not_told_before_its_folders_are_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let payload = PutPayload::from("one");
        FAILS.set([false, true]);
        for _ in 0..2 {
            let error = put(&path, 1, &payload, true, failing_sync).unwrap_err();
            assert_eq!(error.to_string(), "no sync");
        }
        FAILS.set([false, false]);
        let error = put(&path, 1, &payload, true, failing_sync).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }

    #[tokio::test]
    async fn what_is_being_written_is_not_listed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = DurableFiles::open(folder.path()).unwrap();
        fs::write(folder.path().join("a#7"), "left by a crash").unwrap();
        objects.put(&ObjectPath::from("a"), "bytes".into()).await.unwrap();
        let list = objects.list_with_delimiter(None).await.unwrap();
        let names: Vec<_> = list.objects.iter().map(|object| object.location.as_ref()).collect();
        assert_eq!(names, ["a"]);
    }
}
