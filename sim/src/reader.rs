//! Readers: they take snapshots while everything else happens, and hold them against the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampNanosecondType};
use futures::TryStreamExt;
use model::{Entry, Labels, TimeRange, Timestamp};
use store::{Error, Filter, MetadataColumns, NAME_KEY, Projection, Snapshot};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use xxhash_rust::xxh3::xxh3_64;

use crate::host::{Host, Process};
use crate::ledger::{Found, LineId, Violation, parse};
use crate::trace::lock;
use crate::world::{World, describe};

const READERS: usize = 3;

/// What a reader expects beyond what its host has acknowledged itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nothing.
    Own,
    /// What any host has acknowledged: all has been published.
    All,
    /// The same, and each line once: all has been merged.
    Once,
}

/// Starts the readers.
pub(crate) fn begin(world: &Arc<World>) -> Vec<AbortHandle> {
    let readers = (0..READERS).map(|index| tokio::spawn(read(Arc::clone(world), index)));
    readers.map(|reader| reader.abort_handle()).collect()
}

async fn read(world: Arc<World>, index: usize) {
    let mut rng = world.rng(&format!("reader {index}"));
    loop {
        sleep(Duration::from_millis(rng.u64(100..20_000))).await;
        let host = world.any_host(&mut rng);
        let Some(process) = host.up() else { continue };
        if rng.bool() && process.store.refresh().await.is_err() {
            continue;
        }
        look(&world, host, &process, Expect::Own).await;
    }
}

/// Takes a snapshot of a host and holds it against the ledger. `None` when it could not be read.
pub(crate) async fn look(
    world: &World,
    host: &Host,
    process: &Process,
    expect: Expect,
) -> Option<Vec<Found>> {
    if !process.can_promise() {
        return None;
    }
    let now = world.time.now();
    let hosts = if expect == Expect::Own { 1 << host.index } else { u8::MAX };
    let required = lock(&world.ledger).required(hosts, &host.seen(), now);
    let (snapshot, status) = (process.store.snapshot(&world.tenant), process.store.status());
    let found = match rows(&snapshot).await {
        Ok(found) => found,
        Err(error) => {
            unreadable(world, process, now, &error);
            return None;
        }
    };
    let ledger = lock(&world.ledger);
    let told = (status.manifest, found.len(), hash(&found));
    let (manifest, rows, hash) = told;
    world.trace.note(&process.name, format_args!("shows {manifest}: {rows} rows {hash:016x}"));
    if let Err(Violation(text)) = ledger.check(&required, &found, expect == Expect::Once) {
        world.violate(Violation(format!("{} at manifest {manifest}: {text}", process.name)));
    }
    host.saw(found.iter().map(|row| row.id), |id| !ledger.may_be_gone(id, now));
    Some(found)
}

/// A snapshot can be read as long as the objects of removed segments are kept.
fn unreadable(world: &World, process: &Process, since: Timestamp, error: &Error) {
    let text = describe(error);
    world.trace.note(&process.name, format_args!("cannot be read: {text}"));
    let is_quick = world.time.now().since(since) < world.settings.config.removed_age / 2;
    let is_missing = text.contains("not found") || text.contains("No data in memory");
    if is_quick && is_missing && process.can_promise() {
        let text = format!("{} shows what is not there: {text}", process.name);
        world.violate(Violation(text));
    }
}

fn hash(found: &[Found]) -> u64 {
    let ids: Vec<u8> = found.iter().flat_map(|row| row.id.to_le_bytes()).collect();
    xxh3_64(&ids)
}

/// All rows of a snapshot.
async fn rows(snapshot: &Snapshot) -> Result<Vec<Found>, Error> {
    let projection = Projection { line: true, metadata: MetadataColumns::All };
    let scan = snapshot.scan(&Filter::time(TimeRange::ALL), &projection).await?;
    let mut rows = Vec::new();
    for partition in &scan.partitions {
        let batches: Vec<RecordBatch> = partition.open(100).try_collect().await?;
        rows.extend(batches.iter().flat_map(rows_of));
    }
    Ok(rows)
}

fn rows_of(batch: &RecordBatch) -> Vec<Found> {
    let text = |at: usize| cast(batch.column(at), &DataType::Utf8).expect("columns are texts");
    let schema = batch.schema();
    let column = |name| text(schema.index_of(name).expect("it is in every scan"));
    let (lines, streams) = (column("line"), column("stream"));
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
    let fields = schema.fields().iter().enumerate();
    let metadata: BTreeMap<String, ArrayRef> = fields
        .filter_map(|(at, field)| Some((field.metadata().get(NAME_KEY)?.clone(), text(at))))
        .collect();
    let row = |at: usize| {
        let pairs = metadata.iter().filter(|(_, column)| !column.is_null(at));
        let pairs =
            pairs.map(|(name, column)| (name.as_str(), column.as_string::<i32>().value(at)));
        let line = lines.as_string::<i32>().value(at).to_owned();
        let id = parse(&line).unwrap_or(LineId::MAX);
        let entry =
            Entry { timestamp: Timestamp(times.value(at)), line, metadata: Labels::new(pairs) };
        Found { id, entry, labels: streams.as_string::<i32>().value(at).to_owned() }
    };
    (0..batch.num_rows()).map(row).collect()
}
