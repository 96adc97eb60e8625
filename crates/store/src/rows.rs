//! Rows become Arrow columns: a batch builder that the head's scan and the segment's writer share.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, StringArray, StringViewBuilder, TimestampNanosecondArray,
};
use arrow::datatypes::Int32Type;
use foldhash::fast::RandomState;
use model::{Entry, Labels};

use crate::Error;
use crate::schema::TIME_ZONE;

/// Puts rows together, one after the other, into columns of metadata, time and line.
pub(crate) struct RowsBuilder<'a> {
    timestamps: Vec<i64>,
    lines: Option<StringViewBuilder>,
    metadata: Vec<(&'a str, DictionaryBuilder)>,
    /// The metadata of the row before, and what it became: neighbours mostly share it.
    last: Option<(&'a Labels, Vec<Option<i32>>)>,
}

impl<'a> RowsBuilder<'a> {
    /// A builder of these columns.
    pub(crate) fn new(with_line: bool, metadata: impl IntoIterator<Item = &'a str>) -> Self {
        let column = |name| (name, DictionaryBuilder::default());
        Self {
            timestamps: Vec::new(),
            lines: with_line.then(StringViewBuilder::new),
            metadata: metadata.into_iter().map(column).collect(),
            last: None,
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, entry: &'a Entry) {
        self.timestamps.push(entry.timestamp.as_nanos());
        if let Some(lines) = &mut self.lines {
            lines.append_value(&entry.line);
        }
        // Equal metadata elsewhere only costs a look-up.
        if !self.last.as_ref().is_some_and(|(last, _)| last.is_shared_with(&entry.metadata)) {
            let columns = self.metadata.iter_mut();
            let keys = columns.map(|(name, column)| Some(column.key(entry.metadata.get(name)?)));
            self.last = Some((&entry.metadata, keys.collect()));
        }
        if let Some((_, keys)) = &self.last {
            for ((_, column), key) in self.metadata.iter_mut().zip(keys) {
                column.keys.push(*key);
            }
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.timestamps.len()
    }

    /// The columns: the timestamps, the lines if they were asked for, and the metadata.
    pub(crate) fn finish(self) -> Result<Columns, Error> {
        let timestamps = TimestampNanosecondArray::from(self.timestamps).with_timezone(TIME_ZONE);
        let metadata = self.metadata.into_iter().map(|(_, column)| column.finish());
        Ok(Columns {
            timestamp: Arc::new(timestamps),
            line: self.lines.map(|mut lines| Arc::new(lines.finish()) as ArrayRef),
            metadata: metadata.collect::<Result<_, _>>()?,
        })
    }
}

/// Finished columns, in the order in which a schema has them.
pub(crate) struct Columns {
    pub(crate) timestamp: ArrayRef,
    pub(crate) line: Option<ArrayRef>,
    pub(crate) metadata: Vec<ArrayRef>,
}

/// A column of few distinct texts.
#[derive(Debug, Default)]
pub(crate) struct DictionaryBuilder {
    keys: Vec<Option<i32>>,
    values: Vec<Arc<str>>,
    index: HashMap<Arc<str>, i32, RandomState>,
}

impl DictionaryBuilder {
    /// The key of a text.
    fn key(&mut self, text: &str) -> i32 {
        if let Some(key) = self.index.get(text) {
            return *key;
        }
        let key = i32::try_from(self.values.len()).expect("a batch has fewer than 2³¹ rows");
        let text: Arc<str> = text.into();
        self.values.push(Arc::clone(&text));
        self.index.insert(text, key);
        key
    }

    /// Adds the same text, or none, for some rows.
    pub(crate) fn push_n(&mut self, text: Option<&str>, rows: usize) {
        let key = text.map(|text| self.key(text));
        self.keys.extend(std::iter::repeat_n(key, rows));
    }

    /// The column.
    pub(crate) fn finish(self) -> Result<ArrayRef, Error> {
        let values = StringArray::from_iter_values(self.values);
        let keys = Int32Array::from(self.keys);
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values))?))
    }
}
