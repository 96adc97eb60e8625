//! What the tests share: data, and ways to look at a store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampNanosecondType};
use barogram_store::{
    Config, DeleteRequest, Erasure, Error, FailPoints, Filter, MetadataColumns, Parts, Projection,
    Rules, Snapshot, Store,
};
use futures::TryStreamExt;
use model::{Entry, Labels, ManualClock, Stream, TenantId, TimeRange, Timestamp};
use object_store::{ObjectStore, ObjectStoreExt};

/// A row as a test looks at it: time, stream, line, metadata.
pub type Row = (i64, String, String, Vec<(String, String)>);

/// A time on 2026-11-22, in nanoseconds after its midnight.
pub fn at(nanos: i64) -> i64 {
    1_795_305_600_000_000_000 + nanos
}

pub fn tenant() -> TenantId {
    TenantId::default()
}

/// A stream of an app, with entries that have no metadata.
pub fn stream(app: &str, entries: &[(i64, &str)]) -> Stream {
    let entries = entries.iter().map(|(time, line)| Entry::new(Timestamp(at(*time)), *line));
    Stream { labels: Labels::new([("app", app)]), entries: entries.collect() }
}

/// An entry with metadata.
pub fn entry(time: i64, line: &str, metadata: &[(&str, &str)]) -> Entry {
    let metadata = Labels::new(metadata.iter().copied());
    Entry { timestamp: Timestamp(at(time)), line: line.to_owned(), metadata }
}

pub async fn open(objects: &Arc<dyn ObjectStore>, wal_dir: &Path) -> Store {
    open_with(Config::default(), objects, wal_dir).await
}

pub async fn open_with(config: Config, objects: &Arc<dyn ObjectStore>, wal_dir: &Path) -> Store {
    Store::open(config, parts(objects, wal_dir)).await.unwrap()
}

pub async fn try_open(objects: &Arc<dyn ObjectStore>, wal_dir: &Path) -> Result<Store, Error> {
    Store::open(Config::default(), parts(objects, wal_dir)).await
}

/// Copies all objects from one object store to another.
pub async fn copy(from: &Arc<dyn ObjectStore>, to: &Arc<dyn ObjectStore>) {
    let listed: Vec<_> = from.list(None).try_collect().await.unwrap();
    for object in listed {
        let bytes = from.get(&object.location).await.unwrap().bytes().await.unwrap();
        to.put(&object.location, bytes.into()).await.unwrap();
    }
}

fn parts(objects: &Arc<dyn ObjectStore>, wal_dir: &Path) -> Parts {
    parts_with(objects, wal_dir, FailPoints::default())
}

pub fn parts_with(
    objects: &Arc<dyn ObjectStore>,
    wal_dir: &Path,
    fail_points: FailPoints,
) -> Parts {
    let clock = Arc::new(ManualClock::new(Timestamp(at(0))));
    let (objects, wal_dir) = (Arc::clone(objects), wal_dir.to_owned());
    Parts { fail_points, ..Parts::new(objects, wal_dir, clock) }
}

/// A store whose time a test moves.
pub async fn open_at(
    clock: &Arc<ManualClock>,
    config: Config,
    objects: &Arc<dyn ObjectStore>,
    wal_dir: &Path,
) -> Store {
    let clock = Arc::clone(clock) as Arc<dyn model::Clock>;
    let parts = Parts { clock, ..parts(objects, wal_dir) };
    Store::open(config, parts).await.unwrap()
}

/// Rules of a test: how many days the lines of each app are kept, and all others. A request to
/// delete means the lines that hold its text, one hour after it was made.
#[derive(Debug, Default)]
pub struct Keep {
    pub apps: Vec<(&'static str, u64)>,
    pub others: Option<u64>,
}

pub fn keep_all() -> Arc<dyn Rules> {
    Arc::new(Keep::default())
}

impl Rules for Keep {
    fn kept(&self, _: &TenantId, labels: &Labels) -> Option<Duration> {
        let app = self.apps.iter().find(|(app, _)| labels.get("app") == Some(app));
        app.map(|(_, days)| *days).or(self.others).map(|days| Duration::from_secs(days * 86_400))
    }

    fn kept_between(&self, _: &TenantId) -> (Option<Duration>, Option<Duration>) {
        let all = || self.apps.iter().map(|(_, days)| Some(*days)).chain([self.others]);
        let time = |days: u64| Duration::from_secs(days * 86_400);
        let longest = all().max_by_key(|days| days.unwrap_or(u64::MAX)).flatten();
        (all().flatten().min().map(time), longest.map(time))
    }

    fn erased_after(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn erasure(&self, request: &DeleteRequest) -> Option<Erasure> {
        let text = request.query.clone();
        Some(Erasure {
            streams: Arc::new(|labels| labels.get("app") != Some("never")),
            entries: Arc::new(move |_, entry| entry.line.contains(&text)),
        })
    }
}

pub fn everything() -> Filter {
    Filter::time(TimeRange::ALL)
}

pub fn range(start: i64, end: i64) -> TimeRange {
    TimeRange { start: Timestamp(at(start)), end: Timestamp(at(end)) }
}

/// All rows of a tenant, in the order of the scan.
pub async fn rows(store: &Store) -> Vec<Row> {
    scan(&store.snapshot(&tenant()), &everything(), 8192).await
}

/// Lines of a tenant, sorted.
pub async fn lines(store: &Store) -> Vec<String> {
    let mut lines: Vec<String> = rows(store).await.into_iter().map(|row| row.2).collect();
    lines.sort();
    lines
}

pub async fn scan(snapshot: &Snapshot, filter: &Filter, batch_rows: usize) -> Vec<Row> {
    let projection = Projection { line: true, metadata: MetadataColumns::All };
    let scan = snapshot.scan(filter, &projection).await.unwrap();
    let mut rows = Vec::new();
    for partition in &scan.partitions {
        let before = rows.len();
        let batches: Vec<RecordBatch> = partition.open(batch_rows).try_collect().await.unwrap();
        for batch in &batches {
            assert_eq!(batch.schema(), scan.schema);
            assert!((1..=batch_rows).contains(&batch.num_rows()));
            rows.extend(batch_rows_of(batch));
        }
        let (first, last) = partition.time();
        let new = &rows[before..];
        assert!(new.len() as u64 <= partition.rows_max());
        assert!(
            new.iter().map(|row: &Row| row.2.len() as u64).sum::<u64>() <= partition.bytes_max()
        );
        assert!(new.iter().all(|row| first.0 <= row.0 && row.0 <= last.0));
    }
    rows
}

fn batch_rows_of(batch: &RecordBatch) -> Vec<Row> {
    let text = |at: usize| cast(batch.column(at), &DataType::Utf8).unwrap();
    let schema = batch.schema();
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
    let line = text(schema.index_of("line").unwrap());
    let stream = text(schema.index_of("stream").unwrap());
    let fields = schema.fields().iter().enumerate();
    let metadata: Vec<_> = fields
        .filter_map(|(i, field)| {
            Some((field.metadata().get(barogram_store::NAME_KEY)?.clone(), text(i)))
        })
        .collect();
    let row = |i: usize| {
        let pairs = metadata.iter().filter(|(_, column)| !column.is_null(i));
        let pairs = pairs
            .map(|(name, column)| (name.clone(), column.as_string::<i32>().value(i).to_owned()));
        let (stream, line) = (stream.as_string::<i32>(), line.as_string::<i32>());
        (times.value(i), stream.value(i).to_owned(), line.value(i).to_owned(), pairs.collect())
    };
    (0..batch.num_rows()).map(row).collect()
}
