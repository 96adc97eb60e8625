//! An object store whose segments are read through the cache.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result,
};

use super::block::{BLOCK_BYTES, Grid};
use super::disk::Disk;
use super::metrics::CacheMetrics;
use super::reader::{Found, Reader};
use crate::{Config, layout};

/// An object store whose segments are read through the cache. Everything else, and whatever of a
/// segment is not simply a range of bytes, is asked of the object store itself.
#[derive(Debug, Clone)]
pub(crate) struct CachedObjects(Arc<Reader>);

/// How large the cache is, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) block: u64,
    pub(super) memory: usize,
    pub(super) disk: u64,
}

impl CachedObjects {
    /// These objects through a cache in this folder; without a folder, the objects as they are.
    pub(crate) async fn over(
        objects: Arc<dyn ObjectStore>,
        folder: Option<PathBuf>,
        config: &Config,
        metrics: &CacheMetrics,
    ) -> Arc<dyn ObjectStore> {
        let Some(folder) = folder else { return objects };
        let (memory, disk) = (config.read_cache_memory_bytes, config.read_cache_disk_bytes);
        let sizes = Sizes { block: BLOCK_BYTES, memory, disk };
        Arc::new(Self::open(objects, folder, sizes, metrics).await)
    }

    pub(super) async fn open(
        objects: Arc<dyn ObjectStore>,
        folder: PathBuf,
        sizes: Sizes,
        metrics: &CacheMetrics,
    ) -> Self {
        let grid = Grid(sizes.block);
        let disk = Disk::open(folder, sizes.disk, grid, metrics.disk()).await;
        Self(Arc::new(Reader::new(objects, grid, sizes.memory, disk, metrics.memory())))
    }

    async fn read(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Option<Found>> {
        if layout::is_segment(path) { self.0.read(path, ranges).await } else { Ok(None) }
    }

    fn objects(&self) -> &dyn ObjectStore {
        &*self.0.objects
    }
}

impl fmt::Display for CachedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.objects(), f)
    }
}

/// The range of a request that asks for nothing but a range.
fn plain_range(options: &GetOptions) -> Option<Range<u64>> {
    let GetOptions {
        range: Some(GetRange::Bounded(range)),
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_unmodified_since: None,
        version: None,
        head: false,
        ..
    } = options
    else {
        return None;
    };
    Some(range.clone())
}

fn answer(path: &Path, range: Range<u64>, bytes: Bytes, object_bytes: u64) -> GetResult {
    let meta = ObjectMeta {
        location: path.clone(),
        // Nobody asks a range when its object was written, and blocks do not tell.
        last_modified: SystemTime::UNIX_EPOCH.into(),
        size: object_bytes,
        e_tag: None,
        version: None,
    };
    let payload = GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed());
    GetResult { payload, meta, range, attributes: Attributes::default() }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for CachedObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let kept = layout::is_segment(location).then(|| payload.clone());
        let result = self.objects().put_opts(location, payload, options).await?;
        if let Some(payload) = kept {
            self.0.keep(location, payload).await;
        }
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects().put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if let Some(range) = plain_range(&options)
            && let Some(found) = self.read(location, &[range]).await?
            && let Some((range, bytes)) = found.parts.into_iter().next()
        {
            return Ok(answer(location, range, bytes, found.object_bytes));
        }
        self.objects().get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.read(location, ranges).await? {
            Some(found) => Ok(found.parts.into_iter().map(|(_, bytes)| bytes).collect()),
            None => self.objects().get_ranges(location, ranges).await,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let reader = Arc::clone(&self.0);
        let deleted = self.objects().delete_stream(locations).then(move |deleted| {
            let reader = Arc::clone(&reader);
            async move {
                if let Ok(path) = &deleted {
                    reader.forget(path).await;
                }
                deleted
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects().list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects().list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects().list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects().copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.objects().rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests;
