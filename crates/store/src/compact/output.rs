//! The segment that a merge writes: rows are gathered to batches, streams to a table.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use model::{Column, ColumnKind, Labels};

use super::merge::span;
use crate::filter::Extent;
use crate::layout::SegmentPath;
use crate::rows::DictionaryBuilder;
use crate::schema::{self, NAME_KEY};
use crate::segment::{Encoded, Segment, SegmentWriter, StreamEntry, StreamTable};
use crate::{Config, Error};

/// Rows of a batch that is written.
const BATCH_ROWS: usize = 8192;
/// About how many bytes of lines wait at most.
const BATCH_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// A segment being written.
pub(super) struct Output {
    schema: SchemaRef,
    writer: SegmentWriter,
    table: StreamTable,
    /// The stream whose rows come now.
    labels: Labels,
    /// Rows that wait, each part of one stream, with its labels.
    parts: Vec<(Labels, RecordBatch)>,
    rows: usize,
    line_bytes: u64,
}

impl Output {
    /// Begins a segment for the rows of these.
    pub(super) fn new(
        inputs: &[Arc<Segment>],
        path: &SegmentPath,
        config: &Config,
    ) -> Result<Self, Error> {
        let mut columns: BTreeSet<Column> = BTreeSet::new();
        for segment in inputs {
            let names = |kind| schema::names(segment.schema(), kind);
            columns.extend(names(ColumnKind::Label).map(Column::label));
            columns.extend(names(ColumnKind::Metadata).map(Column::metadata));
        }
        let streams = inputs.iter().flat_map(|segment| &segment.streams().0);
        let longest = streams.map(StreamEntry::mean_line_bytes).max().unwrap_or(0);
        let schema = Arc::new(schema::segment(&columns));
        let writer = SegmentWriter::new(path, Arc::clone(&schema), longest, config)?;
        Ok(Self {
            schema,
            writer,
            table: StreamTable::default(),
            labels: Labels::default(),
            parts: Vec::new(),
            rows: 0,
            line_bytes: 0,
        })
    }

    /// The rows that come next are of this stream.
    pub(super) fn begin(&mut self, labels: &Labels) {
        self.labels = labels.clone();
    }

    /// Adds rows of the stream, which are later than those before.
    pub(super) fn push(&mut self, rows: RecordBatch) -> Result<(), Error> {
        let Some((min, max)) = span(&rows) else { return Ok(()) };
        let line_bytes = line_bytes(&rows);
        let count = rows.num_rows() as u64;
        match self.table.0.last_mut().filter(|last| last.labels == self.labels) {
            Some(stream) => {
                stream.extent.rows += count;
                stream.extent.max = max;
                stream.line_bytes += line_bytes;
            }
            None => {
                let first_row = self.table.rows();
                let extent = Extent { first_row, rows: count, min, max };
                let labels = self.labels.clone();
                self.table.0.push(StreamEntry { labels, extent, line_bytes });
            }
        }
        self.rows += rows.num_rows();
        self.line_bytes += line_bytes;
        self.parts.push((self.labels.clone(), rows));
        if self.rows >= BATCH_ROWS || self.line_bytes >= BATCH_LINE_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Ends the segment; `None` when it has no rows.
    pub(super) fn finish(mut self) -> Result<Option<Encoded>, Error> {
        if self.table.0.is_empty() {
            return Ok(None);
        }
        self.write()?;
        self.writer.finish(&self.table).map(Some)
    }

    fn write(&mut self) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        let fields = self.schema.fields().iter().enumerate();
        let columns = fields.map(|(at, field)| match field.metadata().get(NAME_KEY) {
            None => self.own_column(at),
            Some(name) if schema::is_label(field) => self.label_column(name),
            Some(name) => self.metadata_column(name),
        });
        let columns = columns.collect::<Result<Vec<_>, Error>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)?;
        (self.rows, self.line_bytes) = (0, 0);
        self.parts.clear();
        Ok(())
    }

    /// Time or line, which have the same place in every segment.
    fn own_column(&self, at: usize) -> Result<ArrayRef, Error> {
        let parts: Vec<&dyn Array> =
            self.parts.iter().map(|(_, rows)| rows.column(at).as_ref()).collect();
        Ok(concat(&parts)?)
    }

    fn label_column(&self, name: &str) -> Result<ArrayRef, Error> {
        let mut column = DictionaryBuilder::default();
        for (labels, rows) in &self.parts {
            column.push_n(labels.get(name), rows.num_rows());
        }
        column.finish()
    }

    fn metadata_column(&self, name: &str) -> Result<ArrayRef, Error> {
        let text = schema::text();
        let parts: Vec<ArrayRef> = self
            .parts
            .iter()
            .map(|(_, rows)| {
                let found = schema::find(rows.schema_ref(), ColumnKind::Metadata, name);
                let none = || new_null_array(&text, rows.num_rows());
                found.map_or_else(none, |at| Arc::clone(rows.column(at)))
            })
            .collect();
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(concat(&parts)?)
    }
}

fn line_bytes(rows: &RecordBatch) -> u64 {
    let lines: &StringViewArray = rows.column(1).as_string_view();
    lines.lengths().map(u64::from).sum()
}
