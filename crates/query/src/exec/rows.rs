//! The rows of a scan's batch as LogQL sees them: a time, a line, labels and metadata.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{
    Array, ArrowPrimitiveType, AsArray, DictionaryArray, PrimitiveArray, RecordBatch, StringArray,
    StringViewArray,
};
use arrow::datatypes::{Int32Type, SchemaRef, TimestampNanosecondType, UInt32Type, UInt64Type};
use datafusion_common::{DataFusionError, Result, internal_datafusion_err};
use logql::pipeline::{Pipeline, RowLabels};
use model::{Labels, Timestamp};

use super::screened::candidates;
use crate::deletion::Hidden;
use crate::scan::SEQUENCE;
use crate::selector::Selector;

/// Reads batches of one scan.
#[derive(Debug)]
pub(crate) struct RowReader {
    selector: Selector,
    /// Whether a row's metadata can decide whether it is selected; its stream is, or the store
    /// would have left it out.
    selects_by_metadata: bool,
    /// The line filters that stand first in the query: they look at nothing but the line.
    line_filters: Pipeline,
    hidden: Hidden,
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
    /// The deletions that may hide its rows.
    deletions: Vec<usize>,
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
    reader: &'a RowReader,
    times: &'a [i64],
    sequence: &'a [u64],
    lines: Option<&'a StringViewArray>,
    streams: &'a DictionaryArray<UInt32Type>,
    metadata: Vec<&'a DictionaryArray<Int32Type>>,
    runs: Vec<Run>,
    /// The rows that may pass the line filters; `None`: any may.
    candidates: Option<Vec<usize>>,
}

/// The labels of the streams that were met, by their text: a partition meets a stream in many
/// batches, one after the other.
#[derive(Debug, Default)]
pub(crate) struct KnownStreams(HashMap<String, Labels>);

/// Beyond so many, all are forgotten: a segment has fewer, unless its labels are chosen badly.
const KNOWN_STREAMS_MAX: usize = 10_000;

impl RowReader {
    pub(crate) fn new(
        schema: &SchemaRef,
        selector: Selector,
        line_filters: Pipeline,
        hidden: Hidden,
    ) -> Result<Self> {
        let index = |name: &str| schema.index_of(name).map_err(DataFusionError::from);
        Ok(Self {
            selects_by_metadata: !selector.names().is_empty(),
            selector,
            line_filters,
            hidden,
            time: index("timestamp")?,
            sequence: index(SEQUENCE)?,
            stream: index("stream")?,
            line: schema.index_of("line").ok(),
            metadata: metadata_columns(schema),
        })
    }

    /// Whether a row of a stream that is selected may be left out, for what is in its line.
    pub(crate) fn filters_lines(&self) -> bool {
        !self.line_filters.is_empty() || !self.hidden.is_empty()
    }

    pub(crate) fn read<'a>(&'a self, batch: &'a RecordBatch) -> Result<Rows<'a>> {
        let streams = dictionary::<UInt32Type>(batch, self.stream)?;
        let metadata = self.metadata.iter().map(|(_, i)| dictionary::<Int32Type>(batch, *i));
        let metadata = metadata.collect::<Result<Vec<_>>>()?;
        let lines = self.line.map(|i| batch.column(i).as_string_view());
        let screen = self.line_filters.screen();
        Ok(Rows {
            reader: self,
            times: batch.column(self.time).as_primitive::<TimestampNanosecondType>().values(),
            sequence: batch.column(self.sequence).as_primitive::<UInt64Type>().values(),
            lines,
            runs: runs(streams, &metadata),
            streams,
            metadata,
            candidates: lines.zip(screen).map(|(lines, screen)| candidates(lines, &screen)),
        })
    }
}

impl Rows<'_> {
    /// Neighbouring rows of one base.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The rows of a run that may pass the line filters; [`Self::passes`] tells.
    pub(crate) fn candidates(&self, run: &Run) -> impl Iterator<Item = usize> {
        let Range { start, end } = run.rows;
        let (all, some): (Range<usize>, &[usize]) = match &self.candidates {
            None => (start..end, &[]),
            Some(rows) => {
                let at = |row| rows.partition_point(|candidate| *candidate < row);
                (0..0, &rows[at(start)..at(end)])
            }
        };
        all.chain(some.iter().copied())
    }

    /// Whether a row's line passes the line filters. They neither look at labels nor set any, so
    /// those of any row will do.
    pub(crate) fn passes(&self, row: usize, labels: &mut RowLabels) -> bool {
        let filters = &self.reader.line_filters;
        filters.is_empty() || filters.process(self.time(row), self.line(row), labels).is_some()
    }

    /// What the rows of a run share; `None` when the selector refuses them.
    pub(crate) fn base(&self, run: &Run, known: &mut KnownStreams) -> Result<Option<Base>> {
        let stream = known.labels(self.streams, run.rows.start)?;
        let metadata = self.labels(run.rows.start);
        let reader = self.reader;
        let selected = !reader.selects_by_metadata || reader.selector.matches(&stream, &metadata);
        Ok(selected.then(|| {
            let deletions = reader.hidden.about(&stream, &metadata);
            Base { stream, metadata, deletions }
        }))
    }

    /// Whether a row is deleted. The labels are to be reset afterwards.
    pub(crate) fn is_hidden(&self, row: usize, base: &Base, labels: &mut RowLabels) -> bool {
        let entry = (self.time(row), self.line(row));
        let base_labels = (&base.stream, &base.metadata);
        !base.deletions.is_empty()
            && self.reader.hidden.hides(&base.deletions, entry, base_labels, labels)
    }

    fn labels(&self, row: usize) -> Labels {
        let pairs = self.reader.metadata.iter().zip(&self.metadata);
        Labels::new(pairs.filter_map(|((name, _), column)| {
            let values: &StringArray = column.values().as_string();
            Some((name.as_str(), values.value(column.key(row)?)))
        }))
    }

    /// The times of rows that follow one another.
    pub(crate) fn times(&self, rows: Range<usize>) -> &[i64] {
        &self.times[rows]
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

impl KnownStreams {
    fn labels(&mut self, streams: &DictionaryArray<UInt32Type>, row: usize) -> Result<Labels> {
        let texts: &StringArray = streams.values().as_string();
        let text = streams.key(row).map_or("{}", |key| texts.value(key));
        if let Some(labels) = self.0.get(text) {
            return Ok(labels.clone());
        }
        let labels = Labels::parse(text);
        let labels = labels.map_err(|error| DataFusionError::External(Box::new(error)))?;
        if self.0.len() == KNOWN_STREAMS_MAX {
            self.0.clear();
        }
        self.0.insert(text.to_owned(), labels.clone());
        Ok(labels)
    }
}

/// Cuts a batch into runs of rows with equal keys, and numbers the distinct sets of keys.
fn runs(
    streams: &DictionaryArray<UInt32Type>,
    metadata: &[&DictionaryArray<Int32Type>],
) -> Vec<Run> {
    let mut differs = vec![false; streams.len()];
    mark_edges(streams.keys(), &mut differs);
    metadata.iter().for_each(|column| mark_edges(column.keys(), &mut differs));
    let mut known: HashMap<Vec<Option<usize>>, usize> = HashMap::new();
    let mut start = 0;
    let inner = differs.iter().enumerate().filter(|(_, differs)| **differs).map(|(i, _)| i + 1);
    let ends = inner.chain((!differs.is_empty()).then_some(differs.len()));
    let runs = ends.map(|end| {
        let mut keys = vec![streams.key(start)];
        keys.extend(metadata.iter().map(|column| column.key(start)));
        let next = known.len();
        let run = Run { rows: start..end, number: *known.entry(keys).or_insert(next) };
        start = end;
        run
    });
    runs.collect()
}

/// Marks the rows after which a column of keys changes.
fn mark_edges<K: ArrowPrimitiveType>(keys: &PrimitiveArray<K>, differs: &mut [bool])
where
    K::Native: PartialEq,
{
    // A plain loop over neighbours, which the compiler turns into vector instructions.
    for (differs, pair) in differs.iter_mut().zip(keys.values().windows(2)) {
        *differs |= pair[0] != pair[1];
    }
    // The key of a null means nothing, so it may equal that of its neighbour.
    if let Some(nulls) = keys.nulls().filter(|nulls| nulls.null_count() > 0) {
        for row in 1..keys.len() {
            differs[row - 1] |= nulls.is_null(row) != nulls.is_null(row - 1);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(streams: &[&str], metadata: &[Option<&str>], expect: &[(Range<usize>, usize)]) {
        let streams: DictionaryArray<UInt32Type> = streams.iter().copied().collect();
        let metadata: DictionaryArray<Int32Type> = metadata.iter().copied().collect();
        let runs = runs(&streams, &[&metadata]);
        let seen: Vec<_> = runs.into_iter().map(|run| (run.rows, run.number)).collect();
        assert_eq!(seen, expect);
    }

    #[test]
    fn equal_neighbours_make_a_run_and_equal_keys_a_base() {
        check(&[], &[], &[]);
        check(&["a", "a", "a"], &[None; 3], &[(0..3, 0)]);
        check(&["a", "a", "b", "a"], &[None; 4], &[(0..2, 0), (2..3, 1), (3..4, 0)]);
        let metadata = [Some("x"), Some("x"), None, Some("x")];
        check(&["a"; 4], &metadata, &[(0..2, 0), (2..3, 1), (3..4, 0)]);
    }
}
