//! Random streams, and a store that holds them partly in memory and partly in segments.

use std::sync::Arc;
use std::time::Duration;

use barogram_query::{Config, Engine};
use fastrand::Rng;
use model::{Entry, Labels, ManualClock, Stream, TenantId, Timestamp};
use store::Store;
use tempfile::TempDir;

/// The first time of any entry; the last is a minute later.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_768_435_200);
pub(crate) const SPAN: Duration = Duration::from_secs(60);

/// An engine over a store that holds some streams.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START + SPAN));
        let store = Store::open_folder(folder.path(), store::Config::default(), clock.clone());
        let store = store.await.unwrap();
        // Small batches, so that little data crosses many of their edges.
        let config = Config { batch_rows: 7, ..Config::default() };
        let engine = Engine::new(store.clone(), clock, config);
        Self { engine, store, _folder: folder }
    }

    pub(crate) async fn append(&self, streams: Vec<Stream>) {
        self.store.append(&TenantId::default(), streams).await.unwrap();
    }
}

/// Stores streams in a few pushes, some of them flushed.
pub(crate) async fn fixture(rng: &mut Rng, streams: &[Stream]) -> Fixture {
    let fixture = Fixture::new().await;
    let parts = rng.usize(1..4);
    for part in 0..parts {
        let of_part = streams.iter().map(|stream| Stream {
            labels: stream.labels.clone(),
            entries: stream.entries.iter().skip(part).step_by(parts).cloned().collect(),
        });
        fixture.append(of_part.filter(|stream| !stream.entries.is_empty()).collect()).await;
        if rng.bool() {
            fixture.store.flush().await.unwrap();
        }
    }
    fixture
}

/// A few streams; no two entries of one stream share their time.
pub(crate) fn streams(rng: &mut Rng) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for number in 0..rng.usize(1..6) {
        let labels = Labels::new([
            ("app", "airflow".to_owned()),
            ("dag_id", pick(rng, &["etl", "report", "train"]).to_owned()),
            ("n", if rng.bool() { number.to_string() } else { String::new() }),
        ]);
        if streams.iter().all(|stream| stream.labels != labels) {
            let count = rng.usize(1..60);
            let entries = (0..count).map(|_| entry(rng, number as u64)).collect();
            streams.push(Stream { labels, entries });
        }
    }
    for stream in &mut streams {
        stream.entries.sort_by_key(|entry| entry.timestamp);
        stream.entries.dedup_by_key(|entry| entry.timestamp);
    }
    streams
}

/// No two streams have entries of the same time: `stream` decides the last digit.
fn entry(rng: &mut Rng, stream: u64) -> Entry {
    let nanos = rng.u64(0..SPAN.as_millis() as u64 / 100) * 100_000_000 + stream;
    let mut metadata = Vec::new();
    if rng.bool() {
        metadata.push(("run_id", pick(rng, &["r1", "r2"]).to_owned()));
    }
    if rng.u8(..) < 60 {
        metadata.push(("level", "meta".to_owned()));
    }
    let timestamp = START + Duration::from_nanos(nanos);
    Entry { timestamp, line: line(rng), metadata: Labels::new(metadata) }
}

fn line(rng: &mut Rng) -> String {
    let level = pick(rng, &["info", "warn", "error"]);
    let number = pick(rng, &["1", "2.5", "-3", "many", "0"]);
    let took = pick(rng, &["1s", "250ms", "2m", "soon"]);
    let size = pick(rng, &["10KB", "3", "1MiB", "big"]);
    match rng.u8(0..5) {
        0 => format!("level={level} n={number} took={took} size={size} msg=\"a b\""),
        1 => format!(r#"{{"level":"{level}","n":{},"o":{{"took":"{took}"}}}}"#, rng.i8(..)),
        2 => format!("[{level}] took {took} for {size} from 10.0.0.{}", rng.u8(..)),
        3 => format!("{{broken {level}"),
        _ => String::new(),
    }
}

pub(crate) fn pick<'a>(rng: &mut Rng, list: &[&'a str]) -> &'a str {
    list[rng.usize(..list.len())]
}
