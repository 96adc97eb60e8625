//! A step that fails at any hop is tried again, and no line is lost or doubled by it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use barogram_store::{Config, ErrorKind, FailPoints, Hop, Store};

use crate::under_test::fresh_objects;
use crate::world::*;

/// The hops that a line passes without compaction and deletion.
const PASSED: [Hop; 8] = [
    Hop::LogWritten,
    Hop::LogSynced,
    Hop::Acknowledged,
    Hop::Sealed,
    Hop::Uploaded,
    Hop::Committing,
    Hop::Committed,
    Hop::Trimmed,
];

/// Fails once at this hop; every hop that is passed is noted.
fn failing_once(hop: Option<Hop>) -> (FailPoints, Arc<Mutex<BTreeSet<Hop>>>) {
    let (passed, failed) = (Arc::new(Mutex::new(BTreeSet::new())), Mutex::new(false));
    let noted = Arc::clone(&passed);
    let points = FailPoints::new(move |at| {
        noted.lock().unwrap().insert(at);
        let fails = Some(at) == hop && !std::mem::replace(&mut *failed.lock().unwrap(), true);
        if fails { Err("planned".to_owned()) } else { Ok(()) }
    });
    (points, passed)
}

async fn check(hop: Hop) {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let (points, _) = failing_once(Some(hop));
    let store = Store::open(Config::default(), parts_with(&objects, folder.path(), points));
    let store = store.await.unwrap();
    let mut failures = Vec::new();
    for (time, line) in [(1, "one"), (2, "two")] {
        let tenant = tenant();
        let push = || store.append(&tenant, vec![stream("a", &[(time, line)])]);
        if let Err(error) = push().await {
            failures.push(error);
            assert_eq!(push().await.unwrap().accepted, 1, "{hop}: {line} had not been stored");
        }
        if let Err(error) = store.flush().await {
            failures.push(error);
            assert_eq!(
                lines(&store).await.len() as i64,
                time,
                "{hop}: nothing is hidden meanwhile"
            );
            store.flush().await.unwrap();
        }
        assert_eq!(push().await.unwrap().duplicates, 1, "{hop}: {line} is there");
    }
    let expected = usize::from(hop != Hop::Acknowledged);
    assert_eq!(failures.len(), expected, "{hop}: {failures:?}");
    assert!(failures.iter().all(|error| error.kind() == ErrorKind::Retry), "{hop}: {failures:?}");
    let status = store.status();
    assert_eq!((status.head_rows, status.segment_rows), (0, 2), "{hop}");
    drop(store);
    assert_eq!(lines(&open(&objects, folder.path()).await).await, ["one", "two"], "{hop}");
}

#[tokio::test]
async fn a_step_that_fails_at_a_hop_is_tried_again() {
    for hop in PASSED {
        check(hop).await;
    }
}

#[tokio::test]
async fn a_line_passes_these_hops() {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let (points, passed) = failing_once(None);
    let store = Store::open(Config::default(), parts_with(&objects, folder.path(), points));
    let store = store.await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(*passed.lock().unwrap(), BTreeSet::from(PASSED));
}
