//! An object store whose requests are counted, because they are paid for one by one.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Requests by what they ask for. A call that is tried again counts once, and so do a read of
/// several ranges and a listing of several pages.
pub(crate) type ObjectRequests = Family<Request, Counter>;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    operation: Operation,
}

/// What an object store is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "they are printed as they stand here")]
enum Operation {
    put,
    get,
    list,
    copy,
    delete,
}

/// An object store that counts what it is asked.
#[derive(Debug)]
pub(crate) struct CountedObjects {
    objects: Arc<dyn ObjectStore>,
    requests: ObjectRequests,
}

impl CountedObjects {
    /// These objects, with every request counted.
    pub(crate) fn over(
        objects: Arc<dyn ObjectStore>,
        requests: &ObjectRequests,
    ) -> Arc<dyn ObjectStore> {
        Arc::new(Self { objects, requests: requests.clone() })
    }

    fn count(&self, operation: Operation) -> &dyn ObjectStore {
        self.requests.get_or_create(&Request { operation }).inc();
        &*self.objects
    }
}

impl fmt::Display for CountedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for CountedObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.count(Operation::put).put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.count(Operation::put).put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.count(Operation::get).get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.count(Operation::get).get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let deletes = self.requests.get_or_create_owned(&Request { operation: Operation::delete });
        let counted = locations.inspect(move |_| {
            deletes.inc();
        });
        self.objects.delete_stream(counted.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count(Operation::list).list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count(Operation::list).list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.count(Operation::list).list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.count(Operation::copy).copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.count(Operation::copy).rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn every_request_is_counted() {
        let requests = ObjectRequests::default();
        let mut registry = Registry::default();
        registry.register("requests", "Requests", requests.clone());
        let objects = CountedObjects::over(Arc::new(InMemory::new()), &requests);
        let path = Path::from("a");
        objects.put(&path, "bytes".into()).await.unwrap();
        objects.get_range(&path, 0..2).await.unwrap();
        objects.head(&path).await.unwrap();
        objects.list(None).collect::<Vec<_>>().await;
        objects.delete(&path).await.unwrap();
        objects.get(&path).await.unwrap_err();
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let mut lines: Vec<_> = text.lines().filter(|line| line.contains('{')).collect();
        lines.sort_unstable();
        let expect = [("delete", 1), ("get", 3), ("list", 1), ("put", 1)];
        let line = |(name, count)| format!("requests_total{{operation=\"{name}\"}} {count}");
        assert_eq!(lines, expect.map(line));
    }
}
