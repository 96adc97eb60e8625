//! A local folder as an object store.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as ObjectResult,
};

use crate::{Error, folder};

/// Files of a folder as objects that are on the medium when a put returns. `LocalFileSystem` leaves
/// that to the operating system, but what is published is removed from the log.
#[derive(Debug)]
pub(crate) struct DurableFiles {
    root: PathBuf,
    files: LocalFileSystem,
}

impl DurableFiles {
    /// The files of this folder, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        folder::create(path)?;
        let files = LocalFileSystem::new_with_prefix(path);
        let files = files.map_err(Error::object("open", &ObjectPath::default()))?;
        Ok(Self { root: path.to_owned(), files: files.with_automatic_cleanup(false) })
    }

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
