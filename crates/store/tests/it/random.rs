//! Random data, appended, flushed and restarted at random: a scan returns what a plain list would.

use std::collections::BTreeMap;
use std::sync::Arc;

use barogram_store::{Config, Filter, RowTest, Snapshot, Store};
use model::{Entry, Labels, Stream};
use proptest::prelude::*;

use crate::under_test::{fresh_objects, test_store};
use crate::world::*;

#[derive(Debug, Clone)]
enum Step {
    /// For each entry: stream, time, text, pod.
    Append(Vec<(u8, i64, u8, u8)>),
    Flush,
    Upkeep,
    /// Without shutting down.
    Restart,
    /// Start, length, a stream to leave out, rows of a batch.
    Scan(i64, i64, u8, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let entry = (0_u8..4, 0_i64..30, 0_u8..6, 0_u8..3);
    prop_oneof![
        4 => prop::collection::vec(entry, 1..40).prop_map(Step::Append),
        4 => Just(Step::Flush),
        2 => Just(Step::Upkeep),
        1 => Just(Step::Restart),
        3 => (0_i64..30, 0_i64..30, 0_u8..5, 1_usize..20)
            .prop_map(|(start, length, without, rows)| Step::Scan(start, length, without, rows)),
    ]
}

/// What was stored, by stream, in the order in which it came.
#[derive(Debug, Default)]
struct Model(BTreeMap<String, Vec<Row>>);

impl Model {
    fn append(&mut self, streams: &[Stream]) -> usize {
        let mut accepted = 0;
        for stream in streams {
            let rows = self.0.entry(stream.labels.to_string()).or_default();
            for Entry { timestamp, line, metadata } in &stream.entries {
                let metadata = metadata.iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
                let labels = stream.labels.to_string();
                let row = (timestamp.0, labels, line.clone(), metadata.collect());
                if !rows.contains(&row) {
                    rows.push(row);
                    accepted += 1;
                }
            }
        }
        accepted
    }

    /// By stream, then by time, then as they came.
    fn rows(&self, start: i64, end: i64, without: &str) -> Vec<Row> {
        let streams = self.0.iter().filter(|(labels, _)| *labels != without);
        let mut rows: Vec<Row> = streams.flat_map(|(_, rows)| rows.clone()).collect();
        rows.retain(|row| (at(start)..at(end)).contains(&row.0));
        rows.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        rows
    }
}

fn labels(stream: u8) -> Labels {
    let more = stream.is_multiple_of(2).then_some(("even", "yes"));
    Labels::new([("app", format!("{stream}").as_str())].into_iter().chain(more))
}

fn streams(entries: &[(u8, i64, u8, u8)]) -> Vec<Stream> {
    let stream = |(stream, time, text, pod): &(u8, i64, u8, u8)| {
        let pod = format!("pod {pod}");
        let pods = if *pod == *"pod 0" { vec![] } else { vec![("pod", pod.as_str())] };
        let entries = vec![entry(*time, &format!("text {text}"), &pods)];
        Stream { labels: labels(*stream), entries }
    };
    entries.iter().map(stream).collect()
}

/// A test of metadata takes away no row that passes it.
async fn check_narrowed(snapshot: &Snapshot, filter: &Filter, batch_rows: usize, all: Vec<Row>) {
    let test = RowTest {
        names: ["pod".to_owned(), "missing".to_owned()].into(),
        test: Arc::new(|labels, metadata| {
            metadata.get("pod") == Some("pod 1") || labels.get("even").is_some()
        }),
    };
    let passes =
        |row: &Row| row.1.contains("even") || row.3.iter().any(|(_, value)| value == "pod 1");
    let wanted: Vec<Row> = all.into_iter().filter(passes).collect();
    let narrow = Filter { rows: Some(test), ..filter.clone() };
    let mut found = scan(snapshot, &narrow, batch_rows).await;
    found.retain(passes);
    found.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    assert_eq!(found, wanted);
}

async fn check_scan(store: &Store, model: &Model, step: (i64, i64, u8, usize)) {
    let (start, length, without, batch_rows) = step;
    let without = labels(without);
    let excluded = without.to_string();
    let pass = Arc::new(move |labels: &Labels| *labels != without);
    let filter =
        Filter { time: range(start, start + length), streams: pass, rows: None, texts: Vec::new() };
    let snapshot = store.snapshot(&tenant());
    let mut found = scan(&snapshot, &filter, batch_rows).await;
    // The sort is stable, so rows of equal times must have come out in the order of the pushes.
    found.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    let expect = model.rows(start, start + length, &excluded);
    assert_eq!(found, expect);
    check_narrowed(&snapshot, &filter, batch_rows, found).await;
    let told = snapshot.streams(&filter).await.unwrap();
    for row in &expect {
        assert!(told.iter().any(|stream| stream.labels.to_string() == row.1));
    }
}

async fn run(steps: Vec<Step>) {
    let objects = fresh_objects();
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        row_group_rows: 16,
        page_rows: 4,
        partition_rows: 20,
        wal_segment_bytes: 500,
        compact_inputs_min: 2,
        ..Config::default()
    };
    let mut store = open_with(config.clone(), &objects, folder.path()).await;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(entries) => {
                let streams = streams(&entries);
                let expect = model.append(&streams);
                let appended = store.append(&tenant(), streams).await.unwrap();
                assert_eq!(appended.accepted, expect);
                assert_eq!(appended.accepted + appended.duplicates, entries.len());
            }
            Step::Flush => store.flush().await.unwrap(),
            Step::Upkeep => store.upkeep(&keep_all()).await.unwrap(),
            Step::Restart => {
                drop(store);
                store = open_with(config.clone(), &objects, folder.path()).await;
            }
            Step::Scan(start, length, without, rows) => {
                check_scan(&store, &model, (start, length, without, rows)).await;
            }
        }
    }
    check_scan(&store, &model, (0, 100, 9, 1000)).await;
    let all: usize = model.0.values().map(Vec::len).sum();
    let status = store.status();
    assert_eq!(status.head_rows + status.segment_rows, all as u64);
}

/// A bucket answers a hundred times slower than memory.
fn cases() -> u32 {
    if test_store().is_some_and(|store| store.contains("://")) { 12 } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
    #[test]
    fn a_scan_returns_what_a_list_would(steps in prop::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
