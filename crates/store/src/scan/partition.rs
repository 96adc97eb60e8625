//! What a scan will read, and its parts, each of which can be read by itself.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use model::{TimeRange, Timestamp};

use super::assemble::Assembler;
use super::memory::MemoryScan;
use crate::Error;
use crate::filter::RowTest;
use crate::head::StreamRows;
use crate::segment::{Piece, Segment};

/// What a scan will read. Nothing but footers was read to make it.
#[derive(Debug)]
pub struct Scan {
    /// The schema of every batch: `timestamp`, `line` if it was asked for, `stream`, and the
    /// metadata keys, sorted. Find a metadata key with [`metadata_column`](crate::metadata_column).
    pub schema: SchemaRef,
    /// The parts, which may be read at the same time. Their order is that of age: of two rows of
    /// one stream and one timestamp, the one that came first is in the earlier partition, or
    /// earlier in the same.
    pub partitions: Vec<Partition>,
    /// What was left out before a row was read.
    pub pruning: Pruning,
}

/// How much of a tenant's data a scan reads, and of how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruning {
    /// Segments with rows that are wanted.
    pub segments: usize,
    /// Segments that the tenant has.
    pub segments_of: usize,
    /// No more rows than this come out.
    pub rows: u64,
    /// Rows that the tenant has, in segments and in the head.
    pub rows_of: u64,
}

/// A part of a scan. Its rows are sorted by stream and time.
#[derive(Debug, Clone)]
pub struct Partition {
    schema: SchemaRef,
    range: TimeRange,
    rows_max: u64,
    bytes_max: u64,
    /// Of the stream with the longest lines, their mean length.
    line_bytes: u64,
    time: (Timestamp, Timestamp),
    source: Source,
}

/// About how many bytes of lines a batch has at most. A core's caches hold the lines of 8,192
/// ordinary rows; so many of the longest lines would take gigabytes.
const BATCH_LINE_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug, Clone)]
enum Source {
    Segment { segment: Arc<Segment>, pieces: Arc<[Piece]>, rows: Option<RowTest> },
    Memory { streams: Arc<[(Arc<str>, Arc<StreamRows>)]> },
}

impl Partition {
    /// No more rows than this come out.
    #[must_use]
    pub fn rows_max(&self) -> u64 {
        self.rows_max
    }

    /// The lines of the rows have about this many bytes at most: a stream that is read in part is
    /// taken to have lines of equal length.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// No row is earlier than the first or later than the second time.
    #[must_use]
    pub fn time(&self) -> (Timestamp, Timestamp) {
        self.time
    }

    /// Reads the rows, in batches of at most this many, fewer where lines are long.
    #[must_use]
    pub fn open(&self, batch_rows: usize) -> BoxStream<'static, Result<RecordBatch, Error>> {
        let rows_max = (BATCH_LINE_BYTES / self.line_bytes.max(1)).max(1);
        let batch_rows = batch_rows.min(usize::try_from(rows_max).unwrap_or(usize::MAX));
        match &self.source {
            Source::Segment { segment, pieces, rows: None } => {
                read_segment(&self.schema, self.range, segment, pieces, batch_rows)
            }
            Source::Segment { segment, pieces, rows: Some(test) } => {
                let (schema, range) = (Arc::clone(&self.schema), self.range);
                let (segment, pieces) = (Arc::clone(segment), Arc::clone(pieces));
                let test = test.clone();
                let narrowed = async move {
                    let pieces = segment.narrow(&pieces, &test).await?;
                    Ok::<_, Error>(read_segment(
                        &schema,
                        range,
                        &segment,
                        &pieces.into(),
                        batch_rows,
                    ))
                };
                stream::once(narrowed).try_flatten().boxed()
            }
            Source::Memory { streams } => {
                let rows = MemoryScan::new(
                    Arc::clone(&self.schema),
                    Arc::clone(streams),
                    self.range,
                    batch_rows,
                );
                stream::iter(rows).boxed()
            }
        }
    }

    /// The rows of a segment; `None` when no row can match.
    pub(crate) fn of_segment(
        schema: &SchemaRef,
        range: TimeRange,
        segment: &Arc<Segment>,
        pieces: Vec<Piece>,
        rows: Option<&RowTest>,
    ) -> Option<Self> {
        let streams = &segment.streams().0;
        let facts = pieces.iter().map(|piece| {
            let entry = &streams[piece.stream];
            let rows = piece.rows();
            let bytes = u128::from(entry.line_bytes) * u128::from(rows);
            let bytes = bytes.div_ceil(u128::from(entry.extent.rows.max(1)));
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            Facts::new(rows, bytes, (entry.extent.min, entry.extent.max))
        });
        let facts = facts.reduce(Facts::add)?;
        let (segment, rows) = (Arc::clone(segment), rows.cloned());
        let source = Source::Segment { segment, pieces: pieces.into(), rows };
        Some(Self::new(schema, range, facts, source))
    }

    /// The rows of a part of the head; `None` when no row can match.
    pub(crate) fn of_memory(
        schema: &SchemaRef,
        range: TimeRange,
        streams: Vec<(Arc<str>, Arc<StreamRows>)>,
    ) -> Option<Self> {
        let facts = streams.iter().filter_map(|(_, rows)| {
            let (rows, bytes, span) = (rows.rows(), rows.line_bytes(), rows.span()?);
            Some(Facts::new(rows, bytes, span))
        });
        let facts = facts.reduce(Facts::add)?;
        Some(Self::new(schema, range, facts, Source::Memory { streams: streams.into() }))
    }

    fn new(schema: &SchemaRef, range: TimeRange, facts: Facts, source: Source) -> Self {
        let last = Timestamp(range.end.as_nanos().saturating_sub(1));
        let time = (facts.span.0.max(range.start), facts.span.1.min(last));
        let Facts { rows: rows_max, bytes: bytes_max, line_bytes, .. } = facts;
        Self { schema: Arc::clone(schema), range, rows_max, bytes_max, line_bytes, time, source }
    }
}

/// What is known of some streams.
#[derive(Debug, Clone, Copy)]
struct Facts {
    rows: u64,
    bytes: u64,
    line_bytes: u64,
    span: (Timestamp, Timestamp),
}

impl Facts {
    fn new(rows: u64, bytes: u64, span: (Timestamp, Timestamp)) -> Self {
        Self { rows, bytes, line_bytes: bytes / rows.max(1), span }
    }

    fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            bytes: self.bytes.saturating_add(other.bytes),
            line_bytes: self.line_bytes.max(other.line_bytes),
            span: (self.span.0.min(other.span.0), self.span.1.max(other.span.1)),
        }
    }
}

fn read_segment(
    schema: &SchemaRef,
    range: TimeRange,
    segment: &Arc<Segment>,
    pieces: &Arc<[Piece]>,
    batch_rows: usize,
) -> BoxStream<'static, Result<RecordBatch, Error>> {
    let assembler = Assembler::new(Arc::clone(schema), range, segment, pieces);
    let ranges = pieces.iter().map(|piece| piece.first_row..piece.end_row);
    let batches = match segment.read(ranges, assembler.file_columns(), batch_rows) {
        Ok(batches) => batches,
        Err(error) => return stream::iter([Err(error)]).boxed(),
    };
    let assembled = batches.scan(assembler, |assembler, batch| {
        let batch = batch.and_then(|batch| assembler.assemble(&batch));
        std::future::ready(Some(batch))
    });
    let empty = |batch: &Result<RecordBatch, Error>| {
        batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0)
    };
    assembled.filter(move |batch| std::future::ready(!empty(batch))).boxed()
}
