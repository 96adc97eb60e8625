//! All that a caller may ask of a snapshot, and the pure rules of what need not be read for it.

use std::fmt;
use std::sync::Arc;

use model::{Labels, TimeRange, Timestamp};

/// A test on a stream's labels: may any row of this stream match?
pub type StreamTest = Arc<dyn Fn(&Labels) -> bool + Send + Sync>;

/// See [`RowTest::test`].
pub type MetadataTest = dyn Fn(&Labels, &Labels) -> bool + Send + Sync;

/// A test on the metadata of rows: may this row of a stream match?
#[derive(Clone)]
pub struct RowTest {
    /// The metadata keys that it looks at.
    pub names: Arc<[String]>,
    /// The test, of a stream's labels and of a row's metadata, less what has no name here.
    pub test: Arc<MetadataTest>,
}

/// Which rows.
#[derive(Clone)]
pub struct Filter {
    /// Only rows of this time.
    pub time: TimeRange,
    /// Only rows of streams that pass.
    pub streams: StreamTest,
    /// Rows that do not pass need not come; some may. It pays where lines are read and few rows
    /// pass.
    pub rows: Option<RowTest>,
    /// Of each of these lists, a wanted line contains one text. Lines that do not need not come;
    /// some may.
    pub texts: Vec<Vec<String>>,
}

impl Filter {
    /// Every row of a time range.
    #[must_use]
    pub fn time(time: TimeRange) -> Self {
        Self { time, streams: Arc::new(|_| true), rows: None, texts: Vec::new() }
    }
}

impl fmt::Debug for RowTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowTest").field("names", &self.names).finish_non_exhaustive()
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("time", &self.time).finish_non_exhaustive()
    }
}

/// Which columns, beside the timestamp and the stream, which always come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Whether to read the lines, which are most of the bytes.
    pub line: bool,
    /// Which metadata keys.
    pub metadata: MetadataColumns,
}

/// Which metadata keys become columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataColumns {
    /// Every key that any segment or stream of the scan has.
    All,
    /// These, whether or not any row has them.
    Named(Vec<String>),
}

/// Rows of one stream that lie together in a segment, sorted by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first row.
    pub(crate) first_row: u64,
    /// How many there are.
    pub(crate) rows: u64,
    /// The earliest time.
    pub(crate) min: Timestamp,
    /// The latest time.
    pub(crate) max: Timestamp,
}

impl Extent {
    /// The row after the last.
    pub(crate) fn end_row(&self) -> u64 {
        self.first_row + self.rows
    }
}

/// The rows of a stream that a time range may need, given what is known of the segment's pages:
/// never too few, and no more than the pages at both ends.
///
/// A page that lies wholly within the stream tells the times of its own rows; a page that the
/// stream shares with others tells nothing about the stream's.
pub(crate) fn prune(stream: Extent, pages: &[Extent], time: TimeRange) -> Option<(u64, u64)> {
    if !time.overlaps(stream.min, stream.max) {
        return None;
    }
    let (mut first, mut end) = (stream.first_row, stream.end_row());
    let from = pages.partition_point(|page| page.first_row < stream.first_row);
    let until = pages.partition_point(|page| page.end_row() <= stream.end_row());
    for page in pages.get(from..until).unwrap_or_default() {
        if page.max < time.start {
            first = page.end_row();
        } else if page.min >= time.end {
            end = page.first_row;
            break;
        }
    }
    (first < end).then_some((first, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extent(first_row: usize, times: &[i64]) -> Extent {
        let time = |pick: Option<&i64>| Timestamp(*pick.unwrap());
        let (min, max) = (time(times.iter().min()), time(times.iter().max()));
        Extent { first_row: first_row as u64, rows: times.len() as u64, min, max }
    }

    proptest! {
        /// `prune(filter) ⊇ matches(filter)`, and of the pages in the middle nothing is read that
        /// need not be.
        #[test]
        fn nothing_that_matches_is_pruned(
            before in prop::collection::vec(0_i64..100, 0..30),
            mut own in prop::collection::vec(0_i64..100, 1..60),
            after in prop::collection::vec(0_i64..100, 0..30),
            page_rows in 1_usize..9,
            (start, length) in (0_i64..100, 0_i64..50),
        ) {
            own.sort_unstable();
            let all: Vec<i64> = [&before[..], &own[..], &after[..]].concat();
            let pages = all.chunks(page_rows).enumerate();
            let pages: Vec<Extent> = pages.map(|(i, c)| extent(i * page_rows, c)).collect();
            let time = TimeRange { start: Timestamp(start), end: Timestamp(start + length) };

            let stream = extent(before.len(), &own);
            let found = prune(stream, &pages, time);
            let wanted = |row: usize| time.contains(Timestamp(all[row]));
            let own_rows = before.len()..before.len() + own.len();
            let matching: Vec<usize> = own_rows.filter(|row| wanted(*row)).collect();
            if let (Some(first), Some(last)) = (matching.first(), matching.last()) {
                let (from, to) = found.unwrap();
                prop_assert!(from <= *first as u64 && (*last as u64) < to);
                prop_assert!(*first as u64 - from < 2 * page_rows as u64);
            }
        }
    }

    #[test]
    fn a_stream_of_another_time_is_not_read() {
        let time = TimeRange { start: Timestamp(10), end: Timestamp(20) };
        assert_eq!(prune(extent(0, &[20, 21]), &[], time), None);
        assert_eq!(prune(extent(0, &[9]), &[], time), None);
        assert_eq!(prune(extent(5, &[9, 30]), &[], time), Some((5, 7)));
    }
}
