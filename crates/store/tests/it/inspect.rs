//! A look at a store from outside, while it is open, sees what is there and changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use barogram_store::inspect::{Inspection, Tail};
use barogram_store::{Config, Store};
use model::{Labels, ManualClock, Stream, TenantId, Timestamp};

use crate::world::*;

const DAY: i64 = 86_400_000_000_000;

/// A store with two segments of one tenant, one of another, and one append in its log.
async fn opened(folder: &Path) -> Store {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let store = Store::open_folder(folder, Config::default(), clock).await.unwrap();
    let dag = |dag: &str, times: &[i64], line: &str| Stream {
        labels: Labels::new([("app", "airflow"), ("dag_id", dag)]),
        entries: times.iter().map(|time| entry(*time, line, &[("pod", "p1")])).collect(),
    };
    let streams = vec![dag("etl", &[1, 2, DAY], "a long line of etl"), dag("audit", &[3], "short")];
    store.append(&tenant(), streams).await.unwrap();
    let other = TenantId::new("o*r").unwrap();
    store.append(&other, vec![stream("web", &[(7, "x")])]).await.unwrap();
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("web", &[(9, "in the log")])]).await.unwrap();
    store
}

/// Every file of a folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn the_manifest_its_segments_and_days_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    let before = contents(folder.path());
    let found = Inspection::folder(folder.path()).await.unwrap();
    let manifest = found.manifest();
    let status = store.status();
    assert_eq!((manifest.number, manifest.version), (status.manifest, 2));
    let told = (manifest.segments, manifest.rows, manifest.bytes);
    assert_eq!(told, (3, 5, status.segment_bytes));
    assert_eq!(manifest.writers.len(), 1);
    let days: Vec<_> = found
        .days()
        .iter()
        .map(|day| format!("{} {} {} {}", day.tenant, day.day, day.segments, day.rows))
        .collect();
    assert_eq!(days, ["fake 2026-11-22 1 3", "fake 2026-11-23 1 1", "o*r 2026-11-22 1 1"]);
    let last = &found.days()[2];
    assert_eq!((last.min_timestamp, last.max_timestamp), (Timestamp(at(7)), Timestamp(at(7))));
    assert_eq!(contents(folder.path()), before, "nothing was changed");
}

#[tokio::test]
async fn a_segment_is_told_in_depth_by_its_path_or_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let _store = opened(folder.path()).await;
    let found = Inspection::folder(folder.path()).await.unwrap();
    for segment in found.segments() {
        let depth = found.segment(&segment.path, 1).await.unwrap().unwrap();
        assert_eq!((depth.rows, depth.bytes, depth.is_live), (segment.rows, segment.bytes, true));
        let columns: u64 = depth.columns.iter().map(|column| column.compressed_bytes).sum();
        let groups: u64 = depth.row_groups.iter().map(|group| group.compressed_bytes).sum();
        assert_eq!((columns + depth.footer_bytes, columns), (depth.bytes, groups));
        assert_eq!(depth.row_groups.iter().map(|group| group.rows).sum::<u64>(), depth.rows);
        assert_eq!(found.segment(&segment.id, 1).await.unwrap(), Some(depth));
    }
    let first = found.segments().into_iter().find(|segment| segment.rows == 3).unwrap();
    let depth = found.segment(&first.path, 1).await.unwrap().unwrap();
    let columns: Vec<_> =
        depth.columns.iter().map(|column| format!("{} {}", column.kind, column.name)).collect();
    let expect = ["entry timestamp", "entry line", "label app", "label dag_id", "metadata pod"];
    assert_eq!(columns, expect);
    assert!(
        depth.columns[1].encodings.contains(&"DELTA_LENGTH_BYTE_ARRAY".to_owned()),
        "{:?}",
        depth.columns[1]
    );
    assert!(depth.columns[1].compression.starts_with("ZSTD"), "{:?}", depth.columns[1]);
    assert_eq!((depth.streams, depth.line_bytes), (2, 2 * 18 + 5));
    let [largest] = &depth.largest_streams[..] else { panic!("one was asked for") };
    assert_eq!(largest.labels, r#"{app="airflow", dag_id="etl"}"#);
    assert_eq!((largest.rows, largest.line_bytes), (2, 36));
    // An object that no manifest lists.
    let lost = first.path.replace(&first.id, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    assert_eq!(found.segment(&lost, 1).await.unwrap(), None);
    assert_eq!(found.segment("VERSION", 1).await.unwrap(), None);
    let objects = folder.path().join("objects");
    std::fs::copy(objects.join(&first.path), objects.join(&lost)).unwrap();
    let copied = found.segment(&lost, 1).await.unwrap().unwrap();
    assert_eq!((copied.is_live, copied.rows, copied.bytes), (false, 3, first.bytes));
}

#[tokio::test]
async fn space_is_told_by_label() {
    let folder = tempfile::tempdir().unwrap();
    let _store = opened(folder.path()).await;
    let found = Inspection::folder(folder.path()).await.unwrap();
    let spaces = found.space_by("dag_id").await.unwrap();
    let told: Vec<_> = spaces
        .iter()
        .map(|s| (s.tenant.as_str(), s.value.as_deref(), s.segments, s.rows, s.line_bytes))
        .collect();
    let expect =
        [("fake", Some("etl"), 2, 3, 54), ("fake", Some("audit"), 1, 1, 5), ("o*r", None, 1, 1, 1)];
    assert_eq!(told, expect);
    let stored: u64 = spaces.iter().map(|space| space.stored_bytes).sum();
    let bytes = found.manifest().bytes;
    assert!(stored <= bytes && bytes - stored < 3, "{stored} of {bytes}");
}

#[tokio::test]
async fn the_log_is_told_and_a_torn_tail_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path()).await;
    let found = Inspection::folder(folder.path()).await.unwrap();
    let files = found.log().await.unwrap();
    assert_eq!(files.len() as u64, store.status().wal_files);
    assert_eq!(files.iter().map(|file| file.bytes).sum::<u64>(), store.status().wal_bytes);
    assert_eq!(files.iter().map(|file| file.unpublished_records).sum::<u64>(), 1);
    let last = files.last().unwrap();
    assert_eq!((last.first_sequence, last.records, last.tail), (3, 1, Tail::Whole));
    assert_eq!(last.writer.as_ref(), Some(&found.manifest().writers[0].id));

    let path = folder.path().join("wal").join(&last.name);
    let whole = std::fs::read(&path).unwrap();
    let torn = |bytes: &[u8], offset, records| {
        std::fs::write(&path, bytes).unwrap();
        let (found, path, bytes) = (&found, &path, bytes.to_owned());
        async move {
            let files = found.log().await.unwrap();
            let last = files.last().unwrap();
            assert_eq!((last.tail, last.records), (Tail::Torn { offset }, records));
            assert_eq!(std::fs::read(path).unwrap(), bytes, "it is not cut");
        }
    };
    torn(&whole[..whole.len() - 1], 48, 0).await;
    torn(&[&whole[..], b"more"].concat(), whole.len() as u64, 1).await;
    torn(&whole[..30], 0, 0).await;
    // What others follow was acknowledged.
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let next = folder.path().join("wal/00000000000000000099.wal");
    std::fs::write(next, &whole[..48]).unwrap();
    let files = found.log().await.unwrap();
    assert_eq!(files[files.len() - 2].tail, Tail::Damaged { offset: 48 });
}

#[tokio::test]
async fn where_there_is_no_store_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    Inspection::folder(folder.path()).await.unwrap_err();
    std::fs::create_dir(folder.path().join("objects")).unwrap();
    Inspection::folder(folder.path()).await.unwrap_err();
    assert!(contents(folder.path()).is_empty());
    std::fs::write(folder.path().join("objects/VERSION"), "barogram format 2\n").unwrap();
    let error = Inspection::folder(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("were written by a newer barogram"), "{error}");
}
