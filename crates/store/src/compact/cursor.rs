//! The rows of one segment, read in their order, a batch at a time.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use model::{Labels, Timestamp};

use crate::Error;
use crate::segment::Segment;

/// Rows of a batch; fewer where lines are long.
const BATCH_ROWS: u64 = 8192;
/// About how many bytes of lines a batch has at most.
const BATCH_LINE_BYTES: u64 = 2 * 1024 * 1024;

/// Where the reading of a segment is: at a row, or at the end.
pub(super) struct Cursor {
    segment: Arc<Segment>,
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
    batch: Option<RecordBatch>,
    /// The row within the batch.
    row: usize,
    /// The stream of the row, by its place in the stream table, and how many of its rows are left.
    stream: usize,
    left: u64,
}

impl Cursor {
    /// Begins at the first row. All columns are read but the labels, which the stream table has.
    pub(super) async fn new(segment: Arc<Segment>) -> Result<Self, Error> {
        let streams = &segment.streams().0;
        let longest = streams.iter().map(|s| s.mean_line_bytes()).max().unwrap_or(0);
        let rows = (BATCH_LINE_BYTES / longest.max(1)).clamp(1, BATCH_ROWS);
        let rows = usize::try_from(rows).unwrap_or(1);
        let left = streams.first().map_or(0, |stream| stream.extent.rows);
        let all = std::iter::once(0..segment.streams().rows());
        let batches = segment.read(all, segment.row_columns(), rows)?;
        let mut cursor = Self { segment, batches, batch: None, row: 0, stream: 0, left };
        cursor.fill().await?;
        Ok(cursor)
    }

    /// The labels of the row; `None` at the end.
    pub(super) fn labels(&self) -> Option<&Labels> {
        self.batch.as_ref()?;
        Some(&self.segment.streams().0.get(self.stream)?.labels)
    }

    /// The batch, and the row in it.
    pub(super) fn position(&self) -> Option<(&RecordBatch, usize)> {
        Some((self.batch.as_ref()?, self.row))
    }

    /// The time of the row, if it is of this stream.
    pub(super) fn time_in(&self, labels: &Labels) -> Option<Timestamp> {
        let is_here = self.labels() == Some(labels);
        is_here.then(|| self.times().get(self.row).copied().map(Timestamp)).flatten()
    }

    /// How many rows of the stream lie in this batch from here on whose time is less than `end`.
    pub(super) fn rows_before(&self, end: Option<Timestamp>) -> usize {
        let times = &self.times()[self.row..];
        let left = usize::try_from(self.left).unwrap_or(usize::MAX).min(times.len());
        let Some(end) = end else { return left };
        times[..left].partition_point(|time| *time < end.as_nanos())
    }

    /// Goes on by rows of this batch and stream.
    pub(super) async fn advance(&mut self, rows: usize) -> Result<(), Error> {
        self.row += rows;
        self.left -= rows as u64;
        if self.left == 0 {
            self.stream += 1;
            self.left = self.segment.streams().0.get(self.stream).map_or(0, |s| s.extent.rows);
        }
        self.fill().await
    }

    async fn fill(&mut self) -> Result<(), Error> {
        while self.batch.as_ref().is_none_or(|batch| self.row >= batch.num_rows()) {
            self.row = 0;
            self.batch = self.batches.try_next().await?;
            if self.batch.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn times(&self) -> &[i64] {
        let Some(batch) = &self.batch else { return &[] };
        let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
        debug_assert_eq!(times.null_count(), 0, "the column is required");
        times.values()
    }
}
