//! The life of a line: appended, seen, flushed, seen, restarted, seen.

use std::sync::Arc;
use std::time::Duration;

use barogram_store::{
    Appended, Config, Filter, MetadataColumns, Parts, Projection, Store, metadata_column,
};
use model::{Labels, ManualClock, Stream, TenantId, TimeRange, Timestamp};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::under_test::fresh_objects;
use crate::world::*;

/// Two streams with metadata whose keys clash with everything they can clash with.
fn pushed() -> Vec<Stream> {
    let labels = Labels::new([("app", "b"), ("line", "label")]);
    let entries = vec![
        entry(5, "five", &[("pod", "p1"), ("app", "not the label")]),
        entry(3, "three", &[("line", "x"), ("stream", "y"), ("timestamp", "z")]),
        entry(5, "five again", &[]),
    ];
    vec![Stream { labels, entries }, stream("a", &[(4, "four")])]
}

#[tokio::test]
async fn rows_are_the_same_from_head_and_segment_and_after_a_restart() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    let appended = store.append(&tenant(), pushed()).await.unwrap();
    assert_eq!(appended, Appended { accepted: 4, duplicates: 0 });
    let in_head = rows(&store).await;
    let told: Vec<_> = in_head.iter().map(|row| (row.0 - at(0), row.2.as_str())).collect();
    assert_eq!(told, [(4, "four"), (3, "three"), (5, "five"), (5, "five again")]);
    assert_eq!(in_head[0].1, r#"{app="a"}"#);
    let metadata: Vec<_> = in_head[1].3.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(metadata, [("line", "x"), ("stream", "y"), ("timestamp", "z")]);

    store.shutdown().await.unwrap();
    let store = open(&objects, folder.path()).await;
    assert_eq!(rows(&store).await, in_head);
    store.flush().await.unwrap();
    assert_eq!((store.status().segments, store.status().head_rows), (1, 0));
    assert_eq!(rows(&store).await, in_head);
    store.shutdown().await.unwrap();
    assert_eq!(rows(&open(&objects, folder.path()).await).await, in_head);
}

#[tokio::test]
async fn a_snapshot_stays_as_it_was() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    store.append(&tenant(), vec![stream("a", &[(1, "one")])]).await.unwrap();
    let before = store.snapshot(&tenant());
    store.append(&tenant(), vec![stream("a", &[(2, "two")])]).await.unwrap();
    let between = store.snapshot(&tenant());
    store.flush().await.unwrap();
    store.append(&tenant(), vec![stream("a", &[(3, "three")])]).await.unwrap();
    let count = async |snapshot| scan(&snapshot, &everything(), 10).await.len();
    assert_eq!(count(before).await, 1);
    assert_eq!(count(between).await, 2);
    assert_eq!(count(store.snapshot(&tenant())).await, 3);
}

#[tokio::test]
async fn tenants_and_days_are_kept_apart() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    let other = TenantId::new("other").unwrap();
    let day = 86_400_000_000_000;
    let both_days = stream("a", &[(day, "tomorrow"), (0, "today"), (-1, "yesterday")]);
    store.append(&tenant(), vec![both_days.clone()]).await.unwrap();
    store.append(&other, vec![both_days]).await.unwrap();
    store.append(&other, vec![stream("a", &[(1, "only here")])]).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.status().segments, 6);
    assert_eq!(lines(&store).await, ["today", "tomorrow", "yesterday"]);
    let filter = Filter::time(range(0, day));
    let found = scan(&store.snapshot(&other), &filter, 10).await;
    assert_eq!(found.iter().map(|row| &row.2).collect::<Vec<_>>(), ["today", "only here"]);
    assert_eq!(scan(&store.snapshot(&TenantId::new("nobody").unwrap()), &filter, 10).await, []);
}

#[tokio::test]
async fn only_rows_of_the_time_and_the_streams_come_out() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    let entries: Vec<(i64, String)> = (0..100).map(|i| (i, format!("line {i}"))).collect();
    let entries: Vec<(i64, &str)> = entries.iter().map(|(t, line)| (*t, line.as_str())).collect();
    let streams = ["a", "b", "c"].map(|app| stream(app, &entries));
    store.append(&tenant(), streams.to_vec()).await.unwrap();
    for flushed in [false, true] {
        let not_b = Arc::new(|labels: &Labels| labels.get("app") != Some("b"));
        let filter = Filter { time: range(10, 20), streams: not_b, rows: None, texts: Vec::new() };
        let found = scan(&store.snapshot(&tenant()), &filter, 7).await;
        let times: Vec<i64> = found.iter().map(|row| row.0 - at(0)).collect();
        assert_eq!(times, (10..20).chain(10..20).collect::<Vec<_>>(), "flushed: {flushed}");
        assert!(found.iter().all(|row| !row.1.contains('b')));

        let streams = store.snapshot(&tenant()).streams(&filter).await.unwrap();
        let told: Vec<_> = streams.iter().map(|s| (s.labels.to_string(), s.rows)).collect();
        assert_eq!(told, [(r#"{app="a"}"#.to_owned(), 100), (r#"{app="c"}"#.to_owned(), 100)]);
        assert_eq!((streams[0].min, streams[0].max), (Timestamp(at(0)), Timestamp(at(99))));
        assert_eq!(streams[0].bytes, entries.iter().map(|(_, l)| l.len() as u64).sum::<u64>());
        let late = Filter::time(TimeRange { start: Timestamp(at(100)), end: Timestamp::MAX });
        assert_eq!(store.snapshot(&tenant()).streams(&late).await.unwrap(), []);
        store.flush().await.unwrap();
    }
}

#[tokio::test]
async fn the_schema_of_a_scan_is_what_was_asked_for() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    store.append(&tenant(), pushed()).await.unwrap();
    for _ in 0..2 {
        let named = MetadataColumns::Named(vec!["pod".into(), "nobody".into(), "line".into()]);
        let projection = Projection { line: false, metadata: named };
        let snapshot = store.snapshot(&tenant());
        let scan = snapshot.scan(&everything(), &projection).await.unwrap();
        let names: Vec<&str> = scan.schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["timestamp", "stream", "metadata.line", "nobody", "pod"]);
        assert_eq!(metadata_column(&scan.schema, "line"), Some(2));

        let projection = Projection { line: true, metadata: MetadataColumns::All };
        let scan = snapshot.scan(&everything(), &projection).await.unwrap();
        let names: Vec<&str> = scan.schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(
            names.join(" "),
            "timestamp line stream app metadata.line pod metadata.stream metadata.timestamp"
        );
        store.flush().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_store_flushes_what_is_due_and_counts() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let mut registry = Registry::default();
    let parts = Parts::new(objects.clone(), folder.path().to_owned(), clock.clone());
    let config = Config { flush_check: Duration::from_millis(1), ..Config::default() };
    let age = config.flush_age;
    let store = Store::open(config, parts).await.unwrap();
    store.metrics().register(&mut registry);
    let cancel = CancellationToken::new();
    let running = tokio::spawn({
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.run(cancel).await }
    });
    store.append(&tenant(), vec![stream("a", &[(1, "one"), (1, "one")])]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.status().segments, 0, "it is not due yet");
    clock.advance(age);
    while store.status().segments == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cancel.cancel();
    running.await.unwrap();
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for counted in [
        "store_appended_lines_total 1",
        "store_duplicate_lines_total 1",
        "store_fsyncs_total 1",
        "store_flushes_total 1",
        "store_manifest_commits_total 1",
    ] {
        assert!(text.lines().any(|line| line == counted), "{counted} is not in {text}");
    }
}

#[tokio::test]
async fn small_streams_share_a_batch() {
    let (objects, folder) = (fresh_objects(), tempfile::tempdir().unwrap());
    let store = open(&objects, folder.path()).await;
    let streams = (0..100).map(|i| stream(&format!("app{i:02}"), &[(i, "x"), (i + 1, "y")]));
    store.append(&tenant(), streams.collect()).await.unwrap();
    for _ in 0..2 {
        let projection = Projection { line: true, metadata: MetadataColumns::All };
        let scan = store.snapshot(&tenant()).scan(&everything(), &projection).await.unwrap();
        let batches: Vec<_> =
            futures::TryStreamExt::try_collect(scan.partitions[0].open(64)).await.unwrap();
        let sizes: Vec<usize> = batches.iter().map(arrow::array::RecordBatch::num_rows).collect();
        assert_eq!(sizes, [64, 64, 64, 8]);
        store.flush().await.unwrap();
    }
}
