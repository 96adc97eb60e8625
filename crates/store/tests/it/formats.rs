//! The persisted formats, version 1: objects that were written when it was fixed are read for ever.
//!
//! `fixtures/v1/objects` is what one flush left in the object store after the append below.

use std::path::Path;
use std::sync::Arc;

use model::{Labels, Stream};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

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

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn objects_of_version_1_are_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1/objects");
    let (folder, log) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(&fixture, folder.path());
    let objects = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let objects: Arc<dyn ObjectStore> = Arc::new(objects);
    let store = open(&objects, log.path()).await;
    assert_eq!((store.status().segments, store.status().segment_rows), (2, 5));

    let expect_objects: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
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
