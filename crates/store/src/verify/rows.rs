//! The rows of one segment, all columns, in their order: are they what its footer tells?

use std::collections::HashSet;

use arrow::array::{AsArray, DictionaryArray, RecordBatch, StringViewArray};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use futures::TryStreamExt;
use model::{ColumnKind, Timestamp};

use super::readable;
use super::segment::Look;
use crate::Error;
use crate::head::Fingerprint;
use crate::layout::Day;
use crate::schema;
use crate::segment::{RowPrints, Segment, StreamEntry};

/// Rows of a batch; fewer where lines are long.
const BATCH_ROWS: u64 = 8192;
/// About how many bytes of lines a batch has at most.
const BATCH_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// Reads every row.
pub(super) async fn check(look: &mut Look, segment: &Segment) {
    let mut rows = Rows::new(look, segment);
    let Err(error) = rows.read().await else { return };
    look.failed("rows.unreadable", &error);
    // Which of them, if it was not the object store that failed.
    match readable::units(segment).await {
        Ok(units) => {
            let all = segment.streams().rows();
            let lost: u64 = units.iter().filter(|unit| !unit.has_lines()).map(|u| u.len()).sum();
            let bad = || units.iter().filter(|unit| !unit.unreadable.is_empty());
            let offset = bad().next().and_then(|unit| unit.offset);
            let damaged: u64 = bad().map(|unit| unit.len()).sum();
            let what = format!(
                "{lost} of {all} rows cannot be read, and {} more have lost columns",
                damaged - lost
            );
            look.broken("rows.lost", offset, what);
        }
        Err(error) => look.failed("rows.lost", &error),
    }
}

/// How many rows to read at a time, so that a batch is bounded in bytes too.
pub(super) fn batch_rows(segment: &Segment) -> usize {
    let longest = segment.streams().0.iter().map(StreamEntry::mean_line_bytes).max().unwrap_or(0);
    let rows = (BATCH_LINE_BYTES / longest.max(1)).clamp(1, BATCH_ROWS);
    usize::try_from(rows).unwrap_or(1)
}

struct Rows<'a> {
    look: &'a mut Look,
    segment: &'a Segment,
    /// The columns by which rows of a stream are told apart.
    own: Vec<usize>,
    /// The columns of labels: their places and names.
    labels: Vec<(usize, &'a str)>,
    /// The stream of the next row, by its place in the table.
    stream: usize,
    /// What was read of it.
    read: Read,
    /// The next row, and the page of the timestamp column in which it is.
    row: u64,
    page: usize,
    /// The row group of the next row, and where each begins and the last one ends.
    group: usize,
    groups: Vec<u64>,
    /// Rows of the last time, to find one that is there twice.
    seen: HashSet<Fingerprint>,
}

/// What was read of a stream.
#[derive(Debug, Default)]
struct Read {
    rows: u64,
    line_bytes: u64,
    span: Option<(i64, i64)>,
    last: Option<i64>,
}

impl<'a> Rows<'a> {
    fn new(look: &'a mut Look, segment: &'a Segment) -> Self {
        let schema = segment.schema();
        let names = schema::names(schema, ColumnKind::Label);
        let labels =
            names.filter_map(|name| Some((schema::find(schema, ColumnKind::Label, name)?, name)));
        Self {
            look,
            segment,
            own: segment.row_columns(),
            labels: labels.collect(),
            stream: 0,
            read: Read::default(),
            row: 0,
            page: 0,
            group: 0,
            groups: segment.row_groups(),
            seen: HashSet::new(),
        }
    }

    async fn read(&mut self) -> Result<(), Error> {
        let columns = 0..self.segment.schema().fields().len();
        let all = std::iter::once(0..self.segment.streams().rows());
        let mut batches = self.segment.read(all, columns, batch_rows(self.segment))?;
        while let Some(batch) = batches.try_next().await? {
            self.check_pages(times(&batch));
            self.check_trigrams(&batch);
            self.batch(&batch)?;
        }
        let (expect, found) = (self.segment.streams().rows(), self.row);
        if expect != found {
            self.look.broken("rows.count", None, format!("it has {found} rows, not {expect}"));
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let mut row = 0;
        let segment = self.segment;
        while let Some(entry) =
            segment.streams().0.get(self.stream).filter(|_| row < batch.num_rows())
        {
            let left = usize::try_from(entry.extent.rows - self.read.rows).unwrap_or(usize::MAX);
            let part = batch.slice(row, left.min(batch.num_rows() - row));
            row += part.num_rows();
            self.part(entry, &part)?;
            if self.read.rows == entry.extent.rows {
                self.end_stream(entry);
            }
        }
        self.row += batch.num_rows() as u64;
        Ok(())
    }

    /// Rows of one stream.
    fn part(&mut self, entry: &StreamEntry, rows: &RecordBatch) -> Result<(), Error> {
        self.check_labels(entry, rows);
        self.check_twice(entry, &rows.project(&self.own)?);
        let times = times(rows);
        let unsorted =
            times.first().is_some_and(|first| self.read.last.is_some_and(|l| l > *first));
        if unsorted || !times.is_sorted() {
            let what = format!("rows of {} are not sorted by time", entry.labels);
            self.look.broken("rows.order", None, what);
        }
        let lines = rows.column(1).as_string_view();
        self.read.line_bytes += lines.lengths().map(u64::from).sum::<u64>();
        self.read.rows += rows.num_rows() as u64;
        self.read.last = times.last().copied();
        let span = self.read.span.into_iter().flat_map(|(min, max)| [min, max]);
        let all: Vec<i64> = span.chain(times.iter().copied()).collect();
        self.read.span = all.iter().min().copied().zip(all.iter().max().copied());
        Ok(())
    }

    fn end_stream(&mut self, entry: &StreamEntry) {
        let read = std::mem::take(&mut self.read);
        (self.stream, self.seen) = (self.stream + 1, HashSet::new());
        let span = read.span.map(|(min, max)| (Timestamp(min), Timestamp(max)));
        let Some((min, max)) = span else { return };
        if (min, max) != (entry.extent.min, entry.extent.max) {
            let what = format!("the stream table tells wrong times of {}", entry.labels);
            self.look.broken("rows.times", None, what);
        }
        if read.line_bytes != entry.line_bytes {
            let (found, told) = (read.line_bytes, entry.line_bytes);
            let what = format!(
                "the lines of {} have {found} bytes, and the stream table tells of {told}",
                entry.labels
            );
            self.look.broken("rows.line_bytes", None, what);
        }
        let day = self.look.record.path.day;
        if [min, max].iter().any(|time| Day::of(*time) != day) {
            let what = format!("rows of {} from {min} to {max} are not of {day}", entry.labels);
            self.look.broken("rows.day", None, what);
        }
    }

    /// Each label has the same value in its column as in the stream table.
    fn check_labels(&mut self, entry: &StreamEntry, rows: &RecordBatch) {
        let is_missing = |name: &str| !self.labels.iter().any(|(_, label)| *label == name);
        let missing = entry.labels.iter().find(|(name, _)| is_missing(name));
        let wrong = self.labels.iter().find(|(at, name)| {
            let column = rows.column(*at).as_dictionary::<Int32Type>();
            !has_only(column, entry.labels.get(name))
        });
        if let Some(name) = missing.map(|(n, _)| n).or(wrong.map(|(_, n)| *n)) {
            let what = format!("the column of {name:?} has other values than {}", entry.labels);
            self.look.broken("rows.labels", None, what);
        }
    }

    /// Rows are sorted, so one that is there twice has the same time as its twin, or is next to one
    /// that has.
    fn check_twice(&mut self, entry: &StreamEntry, rows: &RecordBatch) {
        let times = times(rows);
        let mut start = 0;
        while start < times.len() {
            let same = times[start..].iter().take_while(|time| **time == times[start]).count();
            let end = start + same;
            let goes_on = start == 0 && self.read.last == Some(times[0]);
            if !goes_on {
                self.seen.clear();
            }
            // The next batch may begin with the same time.
            if goes_on || same > 1 || end == times.len() {
                for print in RowPrints::new(&rows.slice(start, same)).all() {
                    if !self.seen.insert(print) {
                        let what = format!("a row of {} is there twice", entry.labels);
                        self.look.broken("rows.twice", None, what);
                    }
                }
            }
            start = end;
        }
    }

    /// The page index tells the times of each page; who looks for a time reads no other pages.
    fn check_pages(&mut self, times: &[i64]) {
        let pages = self.segment.pages();
        for (time, row) in times.iter().zip(self.row..) {
            while pages.get(self.page).is_some_and(|page| page.end_row() <= row) {
                self.page += 1;
            }
            let Some(page) = pages.get(self.page) else { return };
            if Timestamp(*time) < page.min || page.max < Timestamp(*time) {
                let what = format!("the page index tells wrong times of the page at row {row}");
                self.look.broken("rows.page_index", None, what);
            }
        }
    }

    /// Who looks for a text does not read row groups that tell that they do not have it.
    fn check_trigrams(&mut self, batch: &RecordBatch) {
        let lines: &StringViewArray = batch.column(1).as_string_view();
        for (line, row) in lines.iter().zip(self.row..) {
            while self.groups.get(self.group + 1).is_some_and(|end| *end <= row) {
                self.group += 1;
            }
            if !line.is_none_or(|line| self.segment.may_have(self.group, line)) {
                let group = self.group;
                let what = format!("row group {group} tells that it has no line like row {row}");
                self.look.broken("rows.trigrams", None, what);
            }
        }
    }
}

fn times(rows: &RecordBatch) -> &[i64] {
    rows.column(0).as_primitive::<TimestampNanosecondType>().values()
}

/// Whether every value of a column is this one.
fn has_only(column: &DictionaryArray<Int32Type>, expect: Option<&str>) -> bool {
    let values = column.values().as_string::<i32>();
    let mut known = None;
    (0..column.len()).all(|row| {
        let key = column.key(row);
        if known == Some(key) {
            return true;
        }
        known = Some(key);
        key.map(|key| values.value(key)) == expect
    })
}
