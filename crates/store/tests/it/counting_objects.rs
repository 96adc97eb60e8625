//! The object store under test, counting what is asked of it.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::under_test::{Fresh, fresh_objects};

#[derive(Debug)]
pub struct CountingObjects {
    objects: Fresh,
    reads: Mutex<Vec<String>>,
}

impl CountingObjects {
    /// Over an empty one.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { objects: fresh_objects(), reads: Mutex::default() })
    }

    /// The segments that were read since the last time, once for each request.
    pub fn segment_reads(&self) -> Vec<String> {
        let reads = std::mem::take(&mut *self.reads.lock().unwrap());
        reads.into_iter().filter(|path| path.starts_with("tenants/")).collect()
    }

    fn count(&self, path: &Path) {
        self.reads.lock().unwrap().push(path.to_string());
    }
}

impl fmt::Display for CountingObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountingObjects")
    }
}

#[async_trait]
impl ObjectStore for CountingObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.objects.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.count(location);
        self.objects.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        ranges.iter().for_each(|_| self.count(location));
        self.objects.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
