//! The rows of a scan's batch as LogQL sees them: a time, a line, labels and metadata.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::AsArray;
use arrow::array::{Array, DictionaryArray, Int32Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{Int32Type, SchemaRef, TimestampNanosecondType, UInt32Type, UInt64Type};
use datafusion_common::{DataFusionError, Result, internal_datafusion_err};
use model::{Labels, Timestamp};

use crate::scan::SEQUENCE;
use crate::selector::Selector;

/// Reads batches of one scan.
#[derive(Debug)]
pub(crate) struct RowReader {
    selector: Selector,
    time: usize,
    sequence: usize,
    stream: usize,
    line: Option<usize>,
    /// The metadata columns: their names and where they stand.
    metadata: Vec<(String, usize)>,
}

/// What rows of equal labels and metadata share. Most neighbours do, so what depends on it alone
/// is worked out once.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) stream: Labels,
    pub(crate) metadata: Labels,
}

/// Neighbouring rows of one base.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) rows: Range<usize>,
    /// The number of the base within the batch.
    pub(crate) number: usize,
}

/// One batch, read.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    times: &'a [i64],
    sequence: &'a [u64],
    lines: Option<&'a StringViewArray>,
    runs: Vec<Run>,
    /// `None`: the selector refuses these rows.
    bases: Vec<Option<Base>>,
}

impl RowReader {
    pub(crate) fn new(schema: &SchemaRef, selector: Selector) -> Result<Self> {
        let index = |name: &str| schema.index_of(name).map_err(DataFusionError::from);
        Ok(Self {
            selector,
            time: index("timestamp")?,
            sequence: index(SEQUENCE)?,
            stream: index("stream")?,
            line: schema.index_of("line").ok(),
            metadata: metadata_columns(schema),
        })
    }

    pub(crate) fn read<'a>(&self, batch: &'a RecordBatch) -> Result<Rows<'a>> {
        let streams = dictionary::<UInt32Type>(batch, self.stream)?;
        let metadata = self.metadata.iter().map(|(_, i)| dictionary::<Int32Type>(batch, *i));
        let metadata = metadata.collect::<Result<Vec<_>>>()?;
        let mut keys = vec![stream_keys(streams)];
        keys.extend(metadata.iter().map(|column| metadata_keys(column.keys())));
        let stream_labels = parse_streams(streams)?;
        let (runs, bases) = runs(&keys, |keys| {
            let stream = stream_labels.get(usize::try_from(keys[0]).ok()?)?.clone();
            let metadata = self.labels(&metadata, &keys[1..]);
            self.selector.matches(&stream, &metadata).then_some(Base { stream, metadata })
        });
        Ok(Rows {
            times: batch.column(self.time).as_primitive::<TimestampNanosecondType>().values(),
            sequence: batch.column(self.sequence).as_primitive::<UInt64Type>().values(),
            lines: self.line.map(|i| batch.column(i).as_string_view()),
            runs,
            bases,
        })
    }

    fn labels(&self, columns: &[&DictionaryArray<Int32Type>], keys: &[i64]) -> Labels {
        let pairs = self.metadata.iter().zip(columns).zip(keys);
        Labels::new(pairs.filter_map(|(((name, _), column), key)| {
            let values: &StringArray = column.values().as_string();
            let value = values.value(usize::try_from(*key).ok()?);
            Some((name.as_str(), value))
        }))
    }
}

impl Rows<'_> {
    /// The runs whose base the selector selects.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&Run, &Base)> {
        self.runs.iter().filter_map(|run| Some((run, self.bases[run.number].as_ref()?)))
    }

    pub(crate) fn time(&self, row: usize) -> Timestamp {
        Timestamp(self.times[row])
    }

    pub(crate) fn sequence(&self, row: usize) -> u64 {
        self.sequence[row]
    }

    /// The line; empty when the plan does not read lines.
    pub(crate) fn line(&self, row: usize) -> &str {
        self.lines.map_or("", |lines| lines.value(row))
    }
}

/// Cuts a batch into runs of rows with equal keys, and makes a base of each distinct set of keys.
fn runs(
    columns: &[Vec<i64>],
    mut make: impl FnMut(&[i64]) -> Option<Base>,
) -> (Vec<Run>, Vec<Option<Base>>) {
    let mut known: HashMap<Vec<i64>, usize> = HashMap::new();
    let (mut runs, mut bases) = (Vec::new(), Vec::new());
    let mut start = 0;
    for end in edges(columns) {
        let keys: Vec<i64> = columns.iter().map(|column| column[start]).collect();
        let number = *known.entry(keys).or_insert_with_key(|keys| {
            bases.push(make(keys));
            bases.len() - 1
        });
        runs.push(Run { rows: start..end, number });
        start = end;
    }
    (runs, bases)
}

/// The rows after which any column changes, and the end.
fn edges(columns: &[Vec<i64>]) -> Vec<usize> {
    let rows = columns.first().map_or(0, Vec::len);
    let mut differs = vec![false; rows];
    for column in columns {
        // A plain loop over neighbours, which the compiler turns into vector instructions.
        for (differs, pair) in differs.iter_mut().zip(column.windows(2)) {
            *differs |= pair[0] != pair[1];
        }
    }
    let inner = differs.iter().enumerate().filter(|(_, differs)| **differs).map(|(i, _)| i + 1);
    inner.chain((rows > 0).then_some(rows)).collect()
}

fn stream_keys(streams: &DictionaryArray<UInt32Type>) -> Vec<i64> {
    streams.keys().values().iter().map(|key| i64::from(*key)).collect()
}

/// The keys of a column, -1 for null.
fn metadata_keys(keys: &Int32Array) -> Vec<i64> {
    if keys.null_count() == 0 {
        return keys.values().iter().map(|key| i64::from(*key)).collect();
    }
    keys.iter().map(|key| key.map_or(-1, i64::from)).collect()
}

/// The metadata columns of a scan, by the names of their keys.
fn metadata_columns(schema: &SchemaRef) -> Vec<(String, usize)> {
    let columns = schema.fields().iter().enumerate();
    let named = columns.filter_map(|(i, field)| Some((field.metadata().get(store::NAME_KEY)?, i)));
    named.map(|(name, i)| (name.clone(), i)).collect()
}

fn dictionary<K: arrow::datatypes::ArrowDictionaryKeyType>(
    batch: &RecordBatch,
    column: usize,
) -> Result<&DictionaryArray<K>> {
    let array = batch.column(column);
    array.as_dictionary_opt::<K>().ok_or_else(|| {
        internal_datafusion_err!("column {column} is a {}, no dictionary", array.data_type())
    })
}

fn parse_streams(streams: &DictionaryArray<UInt32Type>) -> Result<Vec<Labels>> {
    let values: &StringArray = streams.values().as_string();
    let parsed = values.iter().map(|text| Labels::parse(text.unwrap_or("{}")));
    parsed.collect::<Result<_, _>>().map_err(|error| DataFusionError::External(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(columns: &[&[i64]], expect: &[(Range<usize>, usize)]) {
        let columns: Vec<Vec<i64>> = columns.iter().map(|column| column.to_vec()).collect();
        let (runs, _) = runs(&columns, |_| None);
        let seen: Vec<_> = runs.into_iter().map(|run| (run.rows, run.number)).collect();
        assert_eq!(seen, expect);
    }

    #[test]
    fn equal_neighbours_make_a_run_and_equal_keys_a_base() {
        check(&[&[]], &[]);
        check(&[&[7, 7, 7]], &[(0..3, 0)]);
        check(&[&[7, 7, 8, 7]], &[(0..2, 0), (2..3, 1), (3..4, 0)]);
        check(&[&[7, 7, 7], &[-1, -1, 0]], &[(0..2, 0), (2..3, 1)]);
    }
}
