//! The persisted formats, version 1: objects that were written when it was fixed are read for ever.
//!
//! `fixtures/v1/objects` is what one flush left in the object store after the append below.

use std::path::Path;

use model::{Labels, Stream};

use crate::under_test::{fresh_objects, open as open_place};
use crate::world::*;

/// Streams of two days and metadata with every clash of names that the format settles.
fn appended() -> Vec<Stream> {
    let labels = Labels::new([("app", "airflow"), ("dag_id", "etl"), ("line", "a label")]);
    let entries = vec![
        entry(2, "second", &[("pod", "p-1"), ("app", "not the label")]),
        entry(1, "first\nof two lines", &[("line", "x"), ("timestamp", "y"), ("pod", "p-1")]),
        entry(2, "second again, ünïcödé \"quoted\"", &[]),
    ];
    let yesterday = stream("scheduler", &[(-1, "yesterday")]);
    vec![Stream { labels, entries }, stream("scheduler", &[(3, "")]), yesterday]
}

#[tokio::test]
async fn objects_of_version_1_are_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/objects");
    let (objects, log) = (fresh_objects(), tempfile::tempdir().unwrap());
    copy(&open_place(fixture.to_str().unwrap()), &objects).await;
    let store = open(&objects, log.path()).await;
    assert_eq!((store.status().segments, store.status().segment_rows), (2, 5));

    let expect_objects = fresh_objects();
    let expect_log = tempfile::tempdir().unwrap();
    let expect = open(&expect_objects, expect_log.path()).await;
    expect.append(&tenant(), appended()).await.unwrap();
    let (mut found, mut expect) = (rows(&store).await, rows(&expect).await);
    found.sort();
    expect.sort();
    assert_eq!(found, expect);
    let again = store.append(&tenant(), appended()).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 5));
}
