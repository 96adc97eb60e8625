//! From the columns of a segment to the columns of a scan: adds the stream, fills in columns that
//! the segment lacks, and drops rows of another time.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, RecordBatch, StringArray, UInt32Array,
    new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{SchemaRef, TimestampNanosecondType, UInt32Type};
use model::{ColumnKind, TimeRange, Timestamp};

use crate::Error;
use crate::schema::{self, LINE, NAME_KEY, STREAM, TIMESTAMP};
use crate::segment::{Piece, Segment};

/// Turns the batches of one segment, in their order, into those of a scan.
pub(super) struct Assembler {
    schema: SchemaRef,
    range: TimeRange,
    segment: Arc<Segment>,
    pieces: Arc<[Piece]>,
    /// For each column of the schema, where it comes from.
    origins: Vec<Origin>,
    /// The piece that the next row belongs to, and how many of its rows have passed.
    piece: usize,
    passed: u64,
}

/// Where a column of a scan comes from.
enum Origin {
    /// The column with this name, at this place in the segment's schema.
    File(usize),
    /// The labels of the piece.
    Stream,
    /// The segment has no such column.
    Null,
}

/// Rows of one piece that come one after the other in a batch.
struct Run {
    piece: Piece,
    rows: usize,
}

impl Assembler {
    pub(super) fn new(
        schema: SchemaRef,
        range: TimeRange,
        segment: &Arc<Segment>,
        pieces: &Arc<[Piece]>,
    ) -> Self {
        let file = segment.schema();
        let origins = schema.fields().iter().map(|field| {
            if let Some(name) = field.metadata().get(NAME_KEY) {
                let found = schema::find(file, ColumnKind::Metadata, name);
                return found.map_or(Origin::Null, Origin::File);
            }
            match field.name().as_str() {
                STREAM => Origin::Stream,
                // The first two columns of a segment are always these.
                TIMESTAMP => Origin::File(0),
                LINE => Origin::File(1),
                _ => Origin::Null,
            }
        });
        Self {
            origins: origins.collect(),
            schema,
            range,
            segment: Arc::clone(segment),
            pieces: Arc::clone(pieces),
            piece: 0,
            passed: 0,
        }
    }

    /// The columns to read, as places in the segment's schema.
    pub(super) fn file_columns(&self) -> Vec<usize> {
        let columns = self.origins.iter().filter_map(|origin| match origin {
            Origin::File(at) => Some(*at),
            Origin::Stream | Origin::Null => None,
        });
        columns.collect()
    }

    /// The next batch. It may turn out empty.
    pub(super) fn assemble(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let runs = self.runs(batch.num_rows());
        let fields = self.schema.fields().iter().zip(&self.origins);
        let columns = fields.map(|(field, origin)| match origin {
            Origin::File(at) => self.file_column(batch, *at),
            Origin::Stream => self.stream_column(&runs),
            Origin::Null => Ok(new_null_array(field.data_type(), batch.num_rows())),
        });
        let columns = columns.collect::<Result<Vec<_>, Error>>()?;
        let assembled = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        if runs.iter().all(|run| run.piece.all_inside) {
            return Ok(assembled);
        }
        let times = assembled.column(0).as_primitive::<TimestampNanosecondType>();
        let inside = times.values().iter().map(|time| self.range.contains(Timestamp(*time)));
        let inside = BooleanArray::from(inside.collect::<Vec<_>>());
        Ok(filter_record_batch(&assembled, &inside)?)
    }

    /// Which pieces the next rows belong to.
    fn runs(&mut self, rows: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut left = rows;
        while let Some(piece) = self.pieces.get(self.piece).filter(|_| left > 0) {
            let remaining = piece.rows() - self.passed;
            let taken = left.min(usize::try_from(remaining).unwrap_or(usize::MAX));
            runs.push(Run { piece: *piece, rows: taken });
            left -= taken;
            self.passed += taken as u64;
            if taken as u64 == remaining {
                (self.piece, self.passed) = (self.piece + 1, 0);
            }
        }
        runs
    }

    fn file_column(&self, batch: &RecordBatch, at: usize) -> Result<ArrayRef, Error> {
        let name = self.segment.schema().field(at).name();
        let index = batch.schema_ref().index_of(name)?;
        Ok(Arc::clone(batch.column(index)))
    }

    fn stream_column(&self, runs: &[Run]) -> Result<ArrayRef, Error> {
        let texts = runs.iter().map(|run| self.segment.stream_text(run.piece.stream));
        let texts = StringArray::from_iter_values(texts);
        stream_array(texts, runs.iter().map(|run| run.rows))
    }
}

/// The stream column of a batch: each text for that many rows.
pub(super) fn stream_array(
    texts: StringArray,
    rows: impl IntoIterator<Item = usize>,
) -> Result<ArrayRef, Error> {
    let keys = (0_u32..).zip(rows).flat_map(|(key, rows)| std::iter::repeat_n(key, rows));
    let keys = UInt32Array::from_iter_values(keys);
    let array = DictionaryArray::<UInt32Type>::try_new(keys, Arc::new(texts))?;
    debug_assert!(array.null_count() == 0, "every row has a stream");
    Ok(Arc::new(array))
}
