//! Lines that are sent again: dropped from the head, from segments, after restarts, and within one
//! append, and only if stream, time, text and metadata are the same.

use std::path::Path;
use std::sync::Arc;

use barogram_store::{Appended, Config, Store};
use model::Stream;
use object_store::ObjectStore;

use crate::under_test::fresh_objects;
use crate::world::*;

#[track_caller]
fn check(appended: Appended, accepted: usize, duplicates: usize) {
    assert_eq!(appended, Appended { accepted, duplicates });
}

async fn append(store: &Store, streams: &[Stream]) -> Appended {
    store.append(&tenant(), streams.to_vec()).await.unwrap()
}

/// Small row groups and caches, so that a stream spans several and nothing stays cached.
async fn open_small(objects: &Arc<dyn ObjectStore>, wal_dir: &Path) -> Store {
    let config = Config {
        row_group_rows: 8,
        page_rows: 4,
        fingerprint_cache_bytes: 100,
        footer_cache_bytes: 100,
        ..Config::default()
    };
    open_with(config, objects, wal_dir).await
}

#[tokio::test]
async fn a_line_is_stored_once_wherever_it_is_already() {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_small(&objects, folder.path()).await;
    let entries: Vec<(i64, String)> = (0..40).map(|i| (i / 2, format!("line {i}"))).collect();
    let entries: Vec<(i64, &str)> = entries.iter().map(|(t, line)| (*t, line.as_str())).collect();
    let streams = [stream("a", &entries), stream("b", &entries[..20])];

    check(append(&store, &[streams.clone(), streams.clone()].concat()).await, 60, 60);
    check(append(&store, &streams).await, 0, 60);
    store.flush().await.unwrap();
    check(append(&store, &streams).await, 0, 60);
    drop(store);
    store = open_small(&objects, folder.path()).await;
    check(append(&store, &streams).await, 0, 60);

    // Same time and other text, same text and other time, other stream: all new.
    check(append(&store, &[stream("a", &[(3, "line 0"), (0, "LINE 0")])]).await, 2, 0);
    check(append(&store, &[stream("b", &[(15, "line 30")])]).await, 1, 0);
    check(append(&store, &[stream("c", &entries[..1])]).await, 1, 0);
    store.flush().await.unwrap();
    check(append(&store, &[stream("b", &[(15, "line 30")]), stream("c", &[])]).await, 0, 1);
    assert_eq!(lines(&store).await.len(), 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_lines_from_many_callers_during_flushes_are_stored_once() {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let store = open_small(&objects, folder.path()).await;
    let callers = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut sum = Appended::default();
            for i in 0..50 {
                let appended = append(&store, &[stream("a", &[(i, &format!("line {i}"))])]).await;
                sum.accepted += appended.accepted;
                sum.duplicates += appended.duplicates;
            }
            sum
        })
    });
    let callers: Vec<_> = callers.collect();
    for _ in 0..10 {
        store.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut sum = Appended::default();
    for caller in callers {
        let appended = caller.await.unwrap();
        sum.accepted += appended.accepted;
        sum.duplicates += appended.duplicates;
    }
    check(sum, 50, 150);
    assert_eq!(lines(&store).await.len(), 50);
}
