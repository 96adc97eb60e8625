//! A snapshot and the watch that begins with it: together they have every row, once.

use std::sync::Arc;
use std::time::Duration;

use barogram_store::{Arrived, Config, Store, Watch};
use futures::future::join_all;
use model::TenantId;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::under_test::fresh_objects;
use crate::world::{everything, lines, open_with, rows, scan, stream, tenant};

/// The longest that a test waits. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn store(config: Config) -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let objects = fresh_objects();
    let store = open_with(config, &objects, folder.path()).await;
    (folder, store)
}

/// The lines of what has arrived. Nothing may be missed.
fn shown(arrived: &Arrived) -> Vec<String> {
    assert_eq!(arrived.missed.entries, 0);
    let entries = arrived.streams.iter().flat_map(|stream| &stream.entries);
    entries.map(|entry| entry.line.clone()).collect()
}

async fn next(watch: &mut Watch) -> Vec<String> {
    shown(&timeout(PATIENCE, watch.next()).await.expect("something arrives"))
}

#[tokio::test]
async fn only_what_is_new_and_wanted_is_shown() {
    let (_folder, store) = store(Config::default()).await;
    store.append(&tenant(), vec![stream("x", &[(1, "before")])]).await.unwrap();
    let wanted =
        |app: &'static str| Arc::new(move |labels: &model::Labels| labels.get("app") == Some(app));
    let (snapshot, mut watch) = store.watch(&tenant(), wanted("x"));
    let (_, mut other) = store.watch(&TenantId::new("other").unwrap(), wanted("x"));
    let again = vec![
        stream("x", &[(1, "before"), (2, "new"), (2, "new")]),
        stream("y", &[(3, "not wanted")]),
    ];
    assert_eq!(store.append(&tenant(), again).await.unwrap().duplicates, 2);
    assert_eq!(next(&mut watch).await, ["new"]);
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("x", &[(2, "new"), (4, "last")])]).await.unwrap();
    assert_eq!(next(&mut watch).await, ["last"]);
    store.append(&TenantId::new("other").unwrap(), vec![stream("x", &[(1, "o")])]).await.unwrap();
    assert_eq!(next(&mut other).await, ["o"]);
    let seen: Vec<_> = scan(&snapshot, &everything(), 10).await.into_iter().map(|r| r.2).collect();
    assert_eq!(seen, ["before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_its_watch_have_every_row_once() {
    const WRITERS: i64 = 4;
    const APPENDS: i64 = 60;
    let config =
        Config { flush_rows: 50, flush_check: Duration::from_millis(1), ..Config::default() };
    let (_folder, store) = store(config).await;
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..APPENDS {
                let line = format!("{writer}-{number}");
                let entries = [(number, line.as_str())];
                store.append(&tenant(), vec![stream("x", &entries)]).await.unwrap();
                if number % 20 == writer {
                    store.flush().await.unwrap();
                }
            }
        })
    });
    let writers = join_all(writers.collect::<Vec<_>>());
    let watchers = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let (snapshot, mut watch) = store.watch(&tenant(), Arc::new(|_| true));
            let seen = scan(&snapshot, &everything(), 1000).await.into_iter().map(|row| row.2);
            let mut seen: Vec<_> = seen.collect();
            while seen.len() < (WRITERS * APPENDS) as usize {
                seen.extend(next(&mut watch).await);
                tokio::task::yield_now().await;
            }
            seen.sort();
            seen
        })
    });
    let watchers = join_all(watchers.collect::<Vec<_>>());
    let (written, watched) = tokio::join!(writers, watchers);
    written.into_iter().for_each(Result::unwrap);
    let all = lines(&store).await;
    assert_eq!(all.len(), rows(&store).await.len());
    for seen in watched {
        assert_eq!(seen.unwrap(), all);
    }
}
