//! A store whose object store has stopped to answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use barogram_server::Parts;
use futures::stream::BoxStream;
use model::{Clock, Entry, Labels, ManualClock, Stream, TenantId};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use query::Engine;
use store::Store;
use tempfile::TempDir;

use crate::harness::NOW;

const MINUTE: Duration = Duration::from_secs(60);

/// A server's parts over a store with a segment that nobody can read.
pub async fn stalled_parts() -> (TempDir, Parts) {
    let folder = TempDir::new().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(NOW));
    let objects = Arc::new(Stalled(InMemory::new()));
    let parts = store::Parts::new(objects, folder.path().join("wal"), clock.clone());
    let store = Store::open(store::Config::default(), parts).await.unwrap();
    let labels = Labels::new([("app", "a")]);
    let stream = Stream { labels, entries: vec![Entry::new(NOW - MINUTE, "x")] };
    store.append(&TenantId::default(), vec![stream]).await.unwrap();
    store.flush().await.unwrap();
    let engine = Engine::new(store.clone(), clock.clone(), query::Config::default());
    let registry = prometheus_client::registry::Registry::default();
    (folder, Parts { store, engine, clock, registry })
}

/// Takes everything, and gives no segment back.
#[derive(Debug)]
struct Stalled(InMemory);

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stalled")
    }
}

#[async_trait]
impl ObjectStore for Stalled {
    async fn put_opts(&self, to: &Path, what: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.0.put_opts(to, what, how).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(to, how).await
    }

    async fn get_opts(&self, from: &Path, how: GetOptions) -> Result<GetResult> {
        if from.as_ref().ends_with(".parquet") {
            std::future::pending::<()>().await;
        }
        self.0.get_opts(from, how).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
