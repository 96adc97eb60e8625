//! What can be read of a broken segment becomes a new one, whatever order or stream table the old
//! one had.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, DictionaryArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use futures::TryStreamExt;
use model::{ColumnKind, Entry, Labels, Timestamp};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::readable::{Unit, units};
use super::rows::batch_rows;
use crate::compact::{self, LeftOut};
use crate::head::{Fingerprint, MetadataHash};
use crate::layout::{Day, SegmentPath};
use crate::schema::{self, KIND_KEY, NAME_KEY};
use crate::segment::{self, Encoded, Segment};
use crate::{Config, Error};

/// Rows that are sorted in memory at a time.
const RUN_ROWS: usize = 128 * 1024;
/// About how many bytes of lines they have at most.
const RUN_BYTES: usize = 64 * 1024 * 1024;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    /// The new segment, unless no row can be read.
    pub(super) encoded: Option<Encoded>,
    /// Rows that are in it.
    pub(super) rows: u64,
    /// Rows that cannot be read.
    pub(super) lost: Vec<Range<u64>>,
    /// Rows without a column or more of their metadata.
    pub(super) without_columns: u64,
    /// Rows that were there twice.
    pub(super) twice: u64,
    /// Rows of another day, which are left out.
    pub(super) outside: u64,
}

/// Reads what can be read, as the rows of this new segment.
///
/// # Errors
/// When the object store fails.
pub(super) async fn salvage(
    broken: &Segment,
    path: &SegmentPath,
    config: &Config,
) -> Result<Salvaged, Error> {
    let mut runs = Runs::new(broken, path, config);
    for unit in units(broken).await? {
        if unit.has_lines() {
            runs.unit(&unit).await?;
        } else {
            runs.salvaged.lost.push(unit.rows);
        }
    }
    runs.end_run().await?;
    let Runs { runs, mut salvaged, read, .. } = runs;
    if !runs.is_empty() {
        salvaged.encoded = compact::merge(&runs, path, &Everything, config).await?;
    }
    salvaged.rows = salvaged.encoded.as_ref().map_or(0, |encoded| encoded.rows);
    salvaged.twice = read - salvaged.rows;
    Ok(salvaged)
}

/// Sorted parts of the new segment, each a small segment in memory.
struct Runs<'a> {
    broken: &'a Segment,
    path: &'a SegmentPath,
    config: &'a Config,
    objects: Arc<dyn ObjectStore>,
    runs: Vec<Arc<Segment>>,
    /// The rows of the next run.
    streams: BTreeMap<Labels, Vec<Entry>>,
    rows: usize,
    bytes: usize,
    read: u64,
    salvaged: Salvaged,
}

impl<'a> Runs<'a> {
    fn new(broken: &'a Segment, path: &'a SegmentPath, config: &'a Config) -> Self {
        Self {
            broken,
            path,
            config,
            objects: Arc::new(InMemory::new()),
            runs: Vec::new(),
            streams: BTreeMap::new(),
            rows: 0,
            bytes: 0,
            read: 0,
            salvaged: Salvaged::default(),
        }
    }

    async fn unit(&mut self, unit: &Unit) -> Result<(), Error> {
        let columns = 0..self.broken.schema().fields().len();
        let columns = columns.filter(|column| !unit.unreadable.contains(column));
        let mut batches =
            self.broken.read([unit.rows.clone()], columns, batch_rows(self.broken))?;
        // Labels stand beside each row. Where they cannot be read, the stream table has them.
        let fields = self.broken.schema().fields();
        let is_lost = |is: &dyn Fn(&arrow::datatypes::Field) -> bool| {
            unit.unreadable.iter().filter_map(|at| fields.get(*at)).any(|field| is(field))
        };
        let by_table = is_lost(&|field| schema::is_label(field));
        if is_lost(&|field| !schema::is_label(field)) {
            self.salvaged.without_columns += unit.len();
        }
        let mut row = unit.rows.start;
        while let Some(batch) = batches.try_next().await? {
            self.batch(&batch, by_table.then_some(row));
            row += batch.num_rows() as u64;
            if self.rows >= RUN_ROWS || self.bytes >= RUN_BYTES {
                self.end_run().await?;
            }
        }
        Ok(())
    }

    /// Adds rows. With the number of the first one, the stream table says whose they are.
    fn batch(&mut self, batch: &RecordBatch, by_table: Option<u64>) {
        let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
        let lines = batch.column(1).as_string_view();
        let mut labels = TextColumns::new(batch, ColumnKind::Label);
        let mut metadata = TextColumns::new(batch, ColumnKind::Metadata);
        for row in 0..batch.num_rows() {
            let timestamp = Timestamp(times.value(row));
            if Day::of(timestamp) != self.path.day {
                self.salvaged.outside += 1;
                continue;
            }
            let stream = match by_table {
                Some(first) => stream_at(self.broken, first + row as u64),
                None => labels.at(row),
            };
            let line = lines.value(row).to_owned();
            (self.rows, self.bytes) = (self.rows + 1, self.bytes + line.len());
            let entry = Entry { timestamp, line, metadata: metadata.at(row) };
            self.streams.entry(stream).or_default().push(entry);
        }
    }

    /// Makes a segment of the rows that wait.
    async fn end_run(&mut self) -> Result<(), Error> {
        let mut streams = std::mem::take(&mut self.streams);
        self.read += std::mem::take(&mut self.rows) as u64;
        self.bytes = 0;
        for entries in streams.values_mut() {
            // Stable, so that rows of one time keep their order.
            entries.sort_by_key(|entry| entry.timestamp);
            let mut seen = HashSet::new();
            entries.retain(|entry| {
                let hash = MetadataHash::new(&entry.metadata);
                seen.insert(Fingerprint::new(entry.timestamp, &entry.line, hash))
            });
        }
        let sorted = streams.iter().map(|(labels, entries)| (labels, entries.iter().collect()));
        let sorted: Vec<_> = sorted.collect();
        if sorted.is_empty() {
            return Ok(());
        }
        let bytes = segment::encode(self.path, &sorted, self.config)?.bytes;
        let (path, size) = (Path::from(format!("{}", self.runs.len())), bytes.len() as u64);
        let put = self.objects.put(&path, bytes.into()).await;
        put.map_err(Error::object("create", &path))?;
        let run = Segment::open(Arc::clone(&self.objects), path, size).await?;
        self.runs.push(Arc::new(run));
        Ok(())
    }
}

/// The columns of labels, or of metadata, of a batch.
struct TextColumns<'a> {
    columns: Vec<(&'a str, &'a DictionaryArray<Int32Type>)>,
    /// Neighbours share theirs, so each is made once.
    known: HashMap<Vec<Option<usize>>, Labels>,
}

impl<'a> TextColumns<'a> {
    fn new(batch: &'a RecordBatch, kind: ColumnKind) -> Self {
        let fields = batch.schema_ref().fields().iter().enumerate();
        let columns = fields.filter_map(|(at, field)| {
            let name = field.metadata().get(NAME_KEY)?;
            let is_label = schema::is_label(field);
            let is_wanted = is_label == (kind == ColumnKind::Label);
            let is_known = field.metadata().contains_key(KIND_KEY);
            let column = batch.column(at).as_dictionary_opt::<Int32Type>()?;
            (is_wanted && is_known).then_some((name.as_str(), column))
        });
        Self { columns: columns.collect(), known: HashMap::new() }
    }

    fn at(&mut self, row: usize) -> Labels {
        let keys: Vec<_> = self.columns.iter().map(|(_, column)| column.key(row)).collect();
        let columns = &self.columns;
        let labels = self.known.entry(keys).or_insert_with_key(|keys| {
            let pairs = columns.iter().zip(keys).filter_map(|((name, column), key)| {
                Some((*name, column.values().as_string::<i32>().value((*key)?)))
            });
            Labels::new(pairs)
        });
        labels.clone()
    }
}

fn stream_at(segment: &Segment, row: u64) -> Labels {
    let streams = &segment.streams().0;
    let at = streams.partition_point(|stream| stream.extent.end_row() <= row);
    streams.get(at).map(|stream| stream.labels.clone()).unwrap_or_default()
}

/// Leaves nothing out.
struct Everything;

impl LeftOut for Everything {
    fn stream(&self, _: &Labels) -> bool {
        false
    }

    fn rows(&self, _: &Labels, _: &RecordBatch) -> Option<Vec<bool>> {
        None
    }
}
