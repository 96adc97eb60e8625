//! The rows of a part of the head, as the batches of a scan.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use model::{ColumnKind, TimeRange};

use super::assemble::stream_array;
use crate::Error;
use crate::head::{Position, StreamRows};
use crate::rows::RowsBuilder;
use crate::schema::{self, LINE, TIMESTAMP};

/// An iterator over batches. Streams are put together until a batch is full.
pub(super) struct MemoryScan {
    schema: SchemaRef,
    streams: Arc<[(Arc<str>, Arc<StreamRows>)]>,
    range: TimeRange,
    batch_rows: usize,
    /// The stream that is next.
    stream: usize,
    /// Its rows, once it has begun, and how many have passed.
    order: Option<Vec<Position>>,
    passed: usize,
}

/// Rows of one stream that go into one batch.
struct Part {
    stream: usize,
    rows: Vec<Position>,
}

impl MemoryScan {
    pub(super) fn new(
        schema: SchemaRef,
        streams: Arc<[(Arc<str>, Arc<StreamRows>)]>,
        range: TimeRange,
        batch_rows: usize,
    ) -> Self {
        let batch_rows = batch_rows.max(1);
        Self { schema, streams, range, batch_rows, stream: 0, order: None, passed: 0 }
    }

    /// The rows of the next batch; none at the end.
    fn parts(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut free = self.batch_rows;
        while let Some((_, rows)) = self.streams.get(self.stream).filter(|_| free > 0) {
            let range = self.range;
            let order = self.order.get_or_insert_with(|| rows.sorted(|t| range.contains(t)));
            let end = order.len().min(self.passed + free);
            let part = order[self.passed..end].to_vec();
            let done = end == order.len();
            free -= part.len();
            self.passed = end;
            if !part.is_empty() {
                parts.push(Part { stream: self.stream, rows: part });
            }
            if done {
                (self.stream, self.order, self.passed) = (self.stream + 1, None, 0);
            }
        }
        parts
    }

    fn batch(&self, parts: &[Part]) -> Result<RecordBatch, Error> {
        let with_line = self.schema.index_of(LINE).is_ok();
        let metadata = schema::names(&self.schema, ColumnKind::Metadata);
        let mut builder = RowsBuilder::new(with_line, metadata);
        for part in parts {
            let (_, rows) = &self.streams[part.stream];
            part.rows.iter().for_each(|at| builder.push(rows.row(*at)));
        }
        let columns = builder.finish()?;
        let texts = parts.iter().map(|part| &self.streams[part.stream].0);
        let stream =
            stream_array(StringArray::from_iter_values(texts), parts.iter().map(|p| p.rows.len()))?;
        debug_assert_eq!(self.schema.field(0).name(), TIMESTAMP, "as `schema::scan` builds it");
        let mut arrays: Vec<ArrayRef> = vec![columns.timestamp];
        arrays.extend(columns.line);
        arrays.push(stream);
        arrays.extend(columns.metadata);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

impl Iterator for MemoryScan {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let parts = self.parts();
        (!parts.is_empty()).then(|| self.batch(&parts))
    }
}
