//! Acknowledged means found, and nothing is found twice: killed at every step of a flush, with
//! every way in which a put can fail.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barogram_store::{Config, Error, ErrorKind};
use object_store::ObjectStore;
use tokio_util::sync::CancellationToken;

use crate::faulty_objects::{Fault, FaultyObjects};
use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_that_failed_is_tried_again_by_itself() {
    let faulty = FaultyObjects::new();
    let (objects, folder) = (faulty.clone() as Arc<dyn ObjectStore>, tempfile::tempdir().unwrap());
    let config =
        Config { flush_check: Duration::from_millis(1), flush_rows: 1, ..Config::default() };
    let store = open_with(config, &objects, folder.path()).await;
    faulty.fail("tenants", Fault::Refused, 3);
    let (cancel, running) = (CancellationToken::new(), store.clone());
    let running = tokio::spawn({
        let cancel = cancel.clone();
        async move { running.run(cancel).await }
    });
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    while store.status().segments == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cancel.cancel();
    running.await.unwrap();
    assert_eq!(lines(&store).await, ["one"]);
}

/// One way to fail.
#[derive(Debug, Clone, Copy)]
struct Case {
    folder: &'static str,
    fault: Fault,
    times: usize,
    /// Whether the process is killed after the flush, or goes on.
    killed: bool,
}

/// More than any step tries by itself.
const FOR_EVER: usize = 1000;

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in ["tenants", "manifest"] {
        for fault in [Fault::Refused, Fault::AnswerLost, Fault::Conflict, Fault::Late] {
            for times in [1, FOR_EVER] {
                for killed in [false, true] {
                    cases.push(Case { folder, fault, times, killed });
                }
            }
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_lines_are_found_once_whatever_fails() {
    let runs = cases().into_iter().map(|case| tokio::spawn(check(case)));
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
}

async fn check(case: Case) {
    let (faulty, folder) = (FaultyObjects::new(), tempfile::tempdir().unwrap());
    let objects: Arc<dyn ObjectStore> = faulty.clone();
    let mut store = open(&objects, folder.path()).await;
    let first = stream("a", &[(1, "one"), (2, "two")]);
    store.append(&tenant(), vec![first.clone()]).await.unwrap();

    faulty.fail(case.folder, case.fault, case.times);
    if let Err(error) = store.flush().await {
        assert_eq!(error.kind(), ErrorKind::Retry, "{case:?}: {error}");
        // A commit gets over a single fault by itself.
        assert!(case.folder == "tenants" || case.times > 1, "{case:?}: {error}");
    }
    assert_eq!(lines(&store).await, ["one", "two"], "{case:?} after the flush");
    // Appends go on while the object store is away.
    let second = stream("a", &[(3, "three")]);
    store.append(&tenant(), vec![second.clone()]).await.unwrap();
    faulty.heal();
    if case.killed {
        drop(store);
        store = open(&objects, folder.path()).await;
        assert_eq!(lines(&store).await, ["one", "three", "two"], "{case:?} after the restart");
    }
    faulty.land_late_puts().await;
    store.refresh().await.unwrap();
    assert_eq!(lines(&store).await, ["one", "three", "two"], "{case:?} after a refresh");

    // The collector was not told of everything, and sends it again.
    let again = store.append(&tenant(), vec![first.clone(), second.clone()]).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 3), "{case:?}");
    store.flush().await.unwrap();
    assert_eq!(lines(&store).await, ["one", "three", "two"], "{case:?} after the next flush");
    assert_eq!(store.status().head_rows, 0, "{case:?}");
    drop(store);
    let store = open(&objects, folder.path()).await;
    assert_eq!(lines(&store).await, ["one", "three", "two"], "{case:?} at the end");
    assert_eq!(store.status().segment_rows, 3, "{case:?}");
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_log_that_was_published_and_not_removed_is_not_replayed() {
    let objects: Arc<dyn ObjectStore> = FaultyObjects::new();
    let (folder, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    copy_folder(folder.path(), kept.path());
    store.flush().await.unwrap();
    drop(store);

    let store = open(&objects, kept.path()).await;
    assert_eq!(lines(&store).await, ["one"]);
    assert_eq!((store.status().head_rows, store.status().wal_files), (0, 1));
}

#[tokio::test]
async fn a_head_that_cannot_be_flushed_is_bounded() {
    let faulty = FaultyObjects::new();
    let (objects, folder) = (faulty.clone() as Arc<dyn ObjectStore>, tempfile::tempdir().unwrap());
    let append_patience = Duration::from_millis(1);
    let config = Config { head_bytes_max: 2000, append_patience, ..Config::default() };
    let store = open_with(config, &objects, folder.path()).await;
    faulty.fail("tenants", Fault::Refused, FOR_EVER);
    let mut accepted = Vec::new();
    let refused = loop {
        let line = format!("line {:02}", accepted.len());
        let time = accepted.len() as i64;
        match store.append(&tenant(), vec![stream("a", &[(time, &line)])]).await {
            Ok(_) => accepted.push(line),
            Err(error) => break error,
        }
        store.flush().await.unwrap_err();
    };
    assert!(matches!(refused, Error::HeadFull { .. }) && refused.kind() == ErrorKind::Retry);
    assert_eq!(lines(&store).await, accepted);
    faulty.heal();
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(99, "room again")])]).await.unwrap();
}

#[tokio::test]
async fn an_append_without_room_waits_for_a_flush() {
    let objects: Arc<dyn ObjectStore> = FaultyObjects::new();
    let folder = tempfile::tempdir().unwrap();
    let append_patience = Duration::from_secs(60);
    let limits =
        Config { head_bytes_max: 1, append_patience, append_waiters: 1, ..Config::default() };
    let store = open_with(limits, &objects, folder.path()).await;
    let append = |time| {
        let store = store.clone();
        async move { store.append(&tenant(), vec![stream("a", &[(time, "line")])]).await }
    };
    append(1).await.unwrap();
    let waits = tokio::spawn(append(2));
    tokio::task::yield_now().await;
    // There is no turn left for another.
    assert!(matches!(append(3).await, Err(Error::HeadFull { .. })));
    assert!(!waits.is_finished());
    store.flush().await.unwrap();
    waits.await.unwrap().unwrap();
    assert_eq!(lines(&store).await.len(), 2);
}

#[tokio::test]
async fn a_store_that_was_shut_down_refuses_appends() {
    let objects: Arc<dyn ObjectStore> = FaultyObjects::new();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&objects, folder.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.shutdown().await.unwrap();
    store.shutdown().await.unwrap();
    let error = store.append(&tenant(), vec![stream("a", &[(2, "two")])]).await.unwrap_err();
    assert!(matches!(error, Error::Closed), "{error}");
    assert_eq!(lines(&store).await, ["one"]);
}

#[tokio::test]
async fn an_append_that_is_too_large_is_the_callers_fault() {
    let objects: Arc<dyn ObjectStore> = FaultyObjects::new();
    let folder = tempfile::tempdir().unwrap();
    let config = Config { append_bytes_max: 100, ..Config::default() };
    let store = open_with(config, &objects, folder.path()).await;
    let error = store.append(&tenant(), vec![stream("a", &[(1, &"x".repeat(100))])]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Request);
}
