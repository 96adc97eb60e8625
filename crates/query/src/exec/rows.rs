//! The rows of a scan's batch as LogQL sees them: a time, a line, labels and metadata.

use std::collections::HashMap;

use arrow::array::{Array, DictionaryArray, Int32Array, RecordBatch, StringArray, StringViewArray};
use arrow::array::{AsArray, PrimitiveArray, UInt64Array};
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

/// One batch, read.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    times: &'a PrimitiveArray<TimestampNanosecondType>,
    sequence: &'a UInt64Array,
    lines: Option<&'a StringViewArray>,
    base_of: Vec<u32>,
    /// `None`: the selector refuses these rows.
    pub(crate) bases: Vec<Option<Base>>,
}

impl RowReader {
    pub(crate) fn new(schema: &SchemaRef, selector: Selector) -> Result<Self> {
        let index = |name: &str| schema.index_of(name).map_err(DataFusionError::from);
        let metadata = metadata_columns(schema);
        Ok(Self {
            selector,
            time: index("timestamp")?,
            sequence: index(SEQUENCE)?,
            stream: index("stream")?,
            line: schema.index_of("line").ok(),
            metadata,
        })
    }

    pub(crate) fn read<'a>(&self, batch: &'a RecordBatch) -> Result<Rows<'a>> {
        let (base_of, bases) = self.bases(batch)?;
        Ok(Rows {
            times: batch.column(self.time).as_primitive(),
            sequence: batch.column(self.sequence).as_primitive::<UInt64Type>(),
            lines: self.line.map(|i| batch.column(i).as_string_view()),
            base_of,
            bases,
        })
    }

    fn bases(&self, batch: &RecordBatch) -> Result<(Vec<u32>, Vec<Option<Base>>)> {
        let streams = dictionary::<UInt32Type>(batch, self.stream)?;
        let metadata = self.metadata.iter().map(|(_, i)| dictionary::<Int32Type>(batch, *i));
        let metadata = metadata.collect::<Result<Vec<_>>>()?;
        let stream_labels = parse_streams(streams)?;
        let mut interned = Interned::default();
        let mut keys = Vec::with_capacity(metadata.len() + 1);
        for row in 0..batch.num_rows() {
            keys.clear();
            keys.push(i64::from(streams.keys().value(row)));
            keys.extend(metadata.iter().map(|column| key(column.keys(), row)));
            interned.row(&keys, |keys| {
                let stream = stream_labels.get(usize::try_from(keys[0]).ok()?)?.clone();
                let metadata = self.labels(&metadata, &keys[1..]);
                self.selector.matches(&stream, &metadata).then_some(Base { stream, metadata })
            });
        }
        Ok((interned.of, interned.list))
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
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn time(&self, row: usize) -> Timestamp {
        Timestamp(self.times.value(row))
    }

    pub(crate) fn sequence(&self, row: usize) -> u64 {
        self.sequence.value(row)
    }

    /// The line; empty when the plan does not read lines.
    pub(crate) fn line(&self, row: usize) -> &str {
        self.lines.map_or("", |lines| lines.value(row))
    }

    /// Which of the bases the row has, and the base unless the selector refuses it.
    pub(crate) fn base(&self, row: usize) -> (usize, Option<&Base>) {
        let base = self.base_of[row] as usize;
        (base, self.bases[base].as_ref())
    }
}

/// Rows numbered by their distinct keys.
#[derive(Default)]
struct Interned {
    of: Vec<u32>,
    list: Vec<Option<Base>>,
    known: HashMap<Box<[i64]>, u32>,
    last: Option<(Box<[i64]>, u32)>,
}

impl Interned {
    fn row(&mut self, keys: &[i64], make: impl FnOnce(&[i64]) -> Option<Base>) {
        if let Some((last, number)) = &self.last
            && last.as_ref() == keys
        {
            return self.of.push(*number);
        }
        let number = self.known.get(keys).copied().unwrap_or_else(|| {
            let number = u32::try_from(self.list.len()).expect("a batch has under 2^32 rows");
            self.list.push(make(keys));
            self.known.insert(keys.into(), number);
            number
        });
        self.of.push(number);
        self.last = Some((keys.into(), number));
    }
}

/// The metadata columns of a scan, by the names of their keys.
fn metadata_columns(schema: &SchemaRef) -> Vec<(String, usize)> {
    let columns = schema.fields().iter().enumerate();
    let named = columns.filter_map(|(i, field)| Some((field.metadata().get(store::NAME_KEY)?, i)));
    named.map(|(name, i)| (name.clone(), i)).collect()
}

/// The key of a row, -1 for null.
fn key(keys: &Int32Array, row: usize) -> i64 {
    if keys.is_null(row) { -1 } else { i64::from(keys.value(row)) }
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
