//! The fingerprints of rows that were read from a segment.

use arrow::array::{AsArray, DictionaryArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use model::{Labels, Timestamp};

use crate::head::{Fingerprint, MetadataHash};
use crate::schema::NAME_KEY;

/// Reads fingerprints from rows with the columns of
/// [`Segment::row_columns`](super::Segment::row_columns).
pub(crate) struct RowPrints<'a> {
    rows: &'a RecordBatch,
    metadata: Vec<(String, &'a DictionaryArray<Int32Type>)>,
}

impl<'a> RowPrints<'a> {
    /// The fingerprints of these rows.
    pub(crate) fn new(rows: &'a RecordBatch) -> Self {
        let schema = rows.schema();
        // The first two columns are the timestamp and the line.
        let metadata = (2..rows.num_columns()).filter_map(|at| {
            let name = schema.field(at).metadata().get(NAME_KEY)?.clone();
            Some((name, rows.column(at).as_dictionary_opt::<Int32Type>()?))
        });
        Self { rows, metadata: metadata.collect() }
    }

    /// All of them, in the order of the rows.
    pub(crate) fn all(&self) -> Vec<Fingerprint> {
        let times = self.rows.column(0).as_primitive::<TimestampNanosecondType>();
        let lines = self.rows.column(1).as_string_view();
        let mut last: Option<(Vec<Option<usize>>, MetadataHash)> = None;
        let prints = (0..self.rows.num_rows()).map(|row| {
            let keys: Vec<_> = self.metadata.iter().map(|(_, column)| column.key(row)).collect();
            let hash = match &last {
                Some((known, hash)) if *known == keys => *hash,
                _ => MetadataHash::new(&self.labels(row)),
            };
            last = Some((keys, hash));
            Fingerprint::new(Timestamp(times.value(row)), lines.value(row), hash)
        });
        prints.collect()
    }

    /// The metadata of a row.
    pub(crate) fn labels(&self, row: usize) -> Labels {
        let pairs = self.metadata.iter().filter_map(|(name, column)| {
            let value = column.values().as_string::<i32>().value(column.key(row)?);
            Some((name.as_str(), value))
        });
        Labels::new(pairs)
    }
}
