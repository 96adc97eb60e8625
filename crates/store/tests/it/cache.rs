//! Segments are read from the cache: a query that was asked before, or is asked of what was just
//! written, needs no request, and neither does it after a restart.

use std::path::Path;
use std::sync::Arc;

use barogram_store::{Config, Parts, Store};
use model::{ManualClock, Timestamp};
use object_store::ObjectStore;
use prometheus_client::registry::Registry;
use tempfile::TempDir;

use crate::counting_objects::CountingObjects;
use crate::world::*;

async fn open_cached(config: Config, objects: &Arc<CountingObjects>, folder: &Path) -> Store {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let objects = Arc::clone(objects) as Arc<dyn ObjectStore>;
    let cache_dir = Some(folder.join("cache"));
    let parts = Parts { cache_dir, ..Parts::new(objects, folder.join("wal"), clock) };
    Store::open(config, parts).await.unwrap()
}

/// Objects with a segment in them, and a folder for a store of theirs that did not write it.
async fn written_by_another() -> (Arc<CountingObjects>, TempDir) {
    let objects = CountingObjects::new();
    let (other, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open_cached(Config::default(), &objects, other.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one"), (2, "two")])]).await.unwrap();
    store.flush().await.unwrap();
    (objects, folder)
}

#[tokio::test]
async fn what_was_flushed_is_read_without_a_request() {
    let (objects, folder) = (CountingObjects::new(), tempfile::tempdir().unwrap());
    let store = open_cached(Config::default(), &objects, folder.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one"), (2, "two")])]).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(lines(&store).await, ["one", "two"]);
    store.shutdown().await.unwrap();
    let store = open_cached(Config::default(), &objects, folder.path()).await;
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(objects.segment_reads(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_read_is_read_again_without_a_request() {
    let (objects, folder) = written_by_another().await;
    let store = open_cached(Config::default(), &objects, folder.path()).await;
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(objects.segment_reads().len(), 1, "footer and rows are in one block");
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(objects.segment_reads(), Vec::<String>::new());
    // It is written to disk behind the reader's back.
    let is_block = |name: &str| name.ends_with(".block");
    while !names(&folder.path().join("cache")).iter().any(|name| is_block(name)) {
        tokio::task::yield_now().await;
    }
    store.shutdown().await.unwrap();
    let store = open_cached(Config::default(), &objects, folder.path()).await;
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(objects.segment_reads(), Vec::<String>::new());
    let mut registry = Registry::default();
    store.metrics().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for counted in [
        "store_cache_hits_total{part=\"disk\"} 1",
        "store_cache_misses_total{part=\"disk\"} 0",
        "store_cache_misses_total{part=\"memory\"} 1",
        "store_cache_evictions_total{part=\"memory\"} 0",
        "store_cache_bytes{part=\"disk\"} 65536",
    ] {
        assert!(text.lines().any(|line| line == counted), "{counted} is not in {text}");
    }
}

#[tokio::test]
async fn without_the_disk_there_is_still_memory() {
    let (objects, folder) = written_by_another().await;
    let config = Config { read_cache_disk_bytes: 0, ..Config::default() };
    let store = open_cached(config, &objects, folder.path()).await;
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(lines(&store).await, ["one", "two"]);
    assert_eq!(objects.segment_reads().len(), 1);
    assert_eq!(names(&folder.path().join("cache")), Vec::<String>::new());
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
