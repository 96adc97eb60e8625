//! The rows of one tenant in memory, by stream. A clone is a snapshot: it costs one reference
//! count, and later inserts do not show in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use model::{Entry, Labels, Stream, Timestamp};

/// Streams, sorted by their labels, which is the order of a segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    streams: Arc<Vec<Arc<StreamRows>>>,
    /// Where each stream is: most inserts are to streams that are there, and comparing labels with
    /// those of a path through a tree takes longer than all else.
    index: Arc<HashMap<Labels, usize, RandomState>>,
    order: Arc<BTreeMap<Labels, usize>>,
}

impl Table {
    /// How many streams there are.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Adds rows behind those of the same stream.
    pub(crate) fn insert(&mut self, stream: Stream) {
        let streams = Arc::make_mut(&mut self.streams);
        let at = self.index.get(&stream.labels).copied().unwrap_or_else(|| {
            Arc::make_mut(&mut self.index).insert(stream.labels.clone(), streams.len());
            Arc::make_mut(&mut self.order).insert(stream.labels, streams.len());
            streams.push(Arc::default());
            streams.len() - 1
        });
        Arc::make_mut(&mut streams[at]).extend(stream.entries);
    }

    /// Every stream with its rows.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (&Labels, &Arc<StreamRows>)> {
        self.order.iter().map(|(labels, at)| (labels, &self.streams[*at]))
    }
}

/// The rows of one stream, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamRows {
    /// A snapshot shares the runs. The last one grows as long as nobody else holds it, so without
    /// snapshots a stream is one run, and with them it has one more for each.
    runs: Vec<Arc<Vec<Entry>>>,
    rows: u64,
    line_bytes: u64,
    span: Option<(Timestamp, Timestamp)>,
    out_of_order: bool,
    metadata: BTreeSet<String>,
    /// Sets that rows had lately, the last of them first.
    known_metadata: Vec<Labels>,
}

/// Sets of metadata that are remembered of a stream: those of a task differ by level alone.
const KNOWN_METADATA_MAX: usize = 8;

impl StreamRows {
    fn extend(&mut self, mut entries: Vec<Entry>) {
        for entry in &mut entries {
            self.note(entry);
            self.share_metadata(entry);
        }
        match self.runs.last_mut().and_then(Arc::get_mut) {
            Some(run) => run.extend(entries),
            None => self.runs.push(Arc::new(entries)),
        }
    }

    fn note(&mut self, entry: &Entry) {
        let time = entry.timestamp;
        let (min, max) = self.span.unwrap_or((time, time));
        self.out_of_order |= time < max;
        self.span = Some((min.min(time), max.max(time)));
        self.rows += 1;
        self.line_bytes += entry.line.len() as u64;
    }

    /// Gives an entry the memory of an equal set of metadata that came before, in a push of its own
    /// perhaps.
    fn share_metadata(&mut self, entry: &mut Entry) {
        let known = &mut self.known_metadata;
        if let Some(at) = known.iter().position(|known| *known == entry.metadata) {
            if !known[at].is_shared_with(&entry.metadata) {
                entry.metadata = known[at].clone();
            }
            return;
        }
        known.insert(0, entry.metadata.clone());
        known.truncate(KNOWN_METADATA_MAX);
        for (name, _) in entry.metadata.iter() {
            if !self.metadata.contains(name) {
                self.metadata.insert(name.to_owned());
            }
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The bytes of their lines.
    pub(crate) fn line_bytes(&self) -> u64 {
        self.line_bytes
    }

    /// The metadata keys that any row has.
    pub(crate) fn metadata(&self) -> &BTreeSet<String> {
        &self.metadata
    }

    /// The first and the last time, both included; `None` without rows.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// The rows whose time passes, by time; rows of equal times in the order in which they came.
    pub(crate) fn sorted(&self, pass: impl Fn(Timestamp) -> bool) -> Vec<Position> {
        let runs = self.runs.iter().enumerate();
        let positions = runs.flat_map(|(run, rows)| (0..rows.len()).map(move |row| (run, row)));
        let positions = positions.map(|(run, row)| Position { run, row });
        let passes = |position: &Position| pass(self.row(*position).timestamp);
        let mut positions: Vec<Position> = positions.filter(passes).collect();
        if self.out_of_order {
            positions.sort_by_key(|position| self.row(*position).timestamp);
        }
        positions
    }

    /// The row at a position that this snapshot gave.
    pub(crate) fn row(&self, position: Position) -> &Entry {
        &self.runs[position.run][position.row]
    }
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    run: usize,
    row: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(app: &str, entries: &[(i64, &str)]) -> Stream {
        let entries = entries.iter().map(|(t, line)| Entry::new(Timestamp(*t), *line)).collect();
        Stream { labels: Labels::new([("app", app)]), entries }
    }

    fn lines(table: &Table) -> Vec<&str> {
        let all = |rows: &Arc<StreamRows>| rows.sorted(|_| true);
        let rows = table.streams().flat_map(|(_, r)| all(r).into_iter().map(|at| r.row(at)));
        rows.map(|entry| entry.line.as_str()).collect()
    }

    #[test]
    fn rows_are_sorted_by_stream_and_time_and_ties_keep_their_order() {
        let mut table = Table::default();
        table.insert(stream("b", &[(1, "b1")]));
        table.insert(stream("a", &[(5, "a5"), (3, "a3"), (5, "a5 again")]));
        table.insert(stream("b", &[(0, "b0"), (1, "b1 again")]));
        assert_eq!(lines(&table), ["a3", "a5", "a5 again", "b0", "b1", "b1 again"]);
    }

    #[test]
    fn a_snapshot_does_not_see_what_comes_later() {
        let mut table = Table::default();
        table.insert(stream("a", &[(1, "one")]));
        let snapshot = table.clone();
        table.insert(stream("a", &[(2, "two")]));
        table.insert(stream("b", &[(3, "three")]));
        assert_eq!(lines(&snapshot), ["one"]);
        assert_eq!(lines(&table), ["one", "two", "three"]);
    }

    #[test]
    fn only_a_snapshot_costs_a_run() {
        let mut table = Table::default();
        let runs = |table: &Table| table.streams[0].runs.len();
        table.insert(stream("a", &[(1, "one")]));
        table.insert(stream("a", &[(2, "two")]));
        assert_eq!(runs(&table), 1);
        let snapshot = table.clone();
        table.insert(stream("a", &[(3, "three")]));
        drop(snapshot);
        table.insert(stream("a", &[(4, "four")]));
        assert_eq!(runs(&table), 2);
    }

    proptest! {
        #[test]
        fn facts_are_those_of_the_rows(times in prop::collection::vec(-5_i64..5, 1..20)) {
            let mut table = Table::default();
            for time in &times {
                table.insert(stream("a", &[(*time, "xy")]));
            }
            let rows = table.streams().next().unwrap().1;
            let span = (*times.iter().min().unwrap(), *times.iter().max().unwrap());
            prop_assert_eq!(rows.span().map(|(a, b)| (a.0, b.0)), Some(span));
            let count = times.len() as u64;
            prop_assert_eq!((rows.rows(), rows.line_bytes()), (count, 2 * count));
            let mut sorted: Vec<i64> = times.into_iter().filter(|t| *t > -2).collect();
            sorted.sort_unstable();
            let recent = rows.sorted(|time| time > Timestamp(-2)).into_iter();
            let found: Vec<i64> = recent.map(|at| rows.row(at).timestamp.0).collect();
            prop_assert_eq!(found, sorted);
        }
    }
}
