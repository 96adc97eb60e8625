//! [`Pending`]: the lines that wait to be sent to one reader, in order and within bounds.

use std::collections::{BTreeMap, VecDeque};

use logql::pipeline::ResultLabels;
use model::{Labels, Timestamp};
use store::{MISSED_TOLD_MAX, Missed};
use tokio::time::Instant;

/// What live lines may occupy while they wait, in bytes: a few seconds of a busy cluster.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most lines of a frame: as many as Loki sends at a time.
pub(super) const FRAME_ENTRIES_MAX: usize = 100;

/// The text of a frame's lines, in bytes, unless its first line alone is longer: what a browser
/// reads without a pause.
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// A line after the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) labels: ResultLabels,
    pub(super) time: Timestamp,
    pub(super) line: String,
}

/// What is to be sent at a time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) rows: Vec<Row>,
    /// Streams and times of lines that were left out.
    pub(super) dropped: Vec<(Labels, Timestamp)>,
}

/// Lines that wait.
///
/// A live line is held until it is due, so that lines that come after it and are older can be put
/// before it; then it is ready, together with all that are older.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// By time, and among equal times in the order in which they came.
    held: BTreeMap<(Timestamp, u64), Row>,
    /// When lines are due, with the latest time of those that are due then.
    dues: VecDeque<(Instant, Timestamp)>,
    /// With what each occupies, in bytes; nothing for the first lines, whose number is limited.
    ready: VecDeque<(Row, usize)>,
    bytes: usize,
    sequence: u64,
    dropped: Vec<(Labels, Timestamp)>,
}

impl Pending {
    /// Begins with lines that were there already.
    pub(super) fn new(first: Vec<Row>) -> Self {
        Self { ready: first.into_iter().map(|row| (row, 0)).collect(), ..Self::default() }
    }

    /// Takes in a line that is due at a time, which is no earlier than that of the line before. A
    /// line that does not fit is dropped; says whether it was taken.
    pub(super) fn hold(&mut self, row: Row, due: Instant) -> bool {
        let bytes = occupied(&row);
        if self.bytes + bytes > WAITING_BYTES_MAX {
            self.drop_entry(row.labels.stream, row.time);
            return false;
        }
        self.bytes += bytes;
        self.sequence += 1;
        match self.dues.back_mut() {
            Some((at, latest)) if *at == due => *latest = row.time.max(*latest),
            _ => self.dues.push_back((due, row.time)),
        }
        self.held.insert((row.time, self.sequence), row);
        true
    }

    /// Notes what the store could not show in time.
    pub(super) fn missed(&mut self, missed: Missed) {
        missed.first.into_iter().for_each(|(labels, time)| self.drop_entry(labels, time));
    }

    /// When the next lines are due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.dues.front().map(|(due, _)| *due)
    }

    /// Makes ready what is due, and what is older than that.
    pub(super) fn release(&mut self, now: Instant) {
        let due = self.dues.partition_point(|(due, _)| *due <= now);
        let Some(latest) = self.dues.drain(..due).map(|(_, latest)| latest).max() else { return };
        let rest = self.held.split_off(&(latest, u64::MAX));
        let released = std::mem::replace(&mut self.held, rest);
        self.ready.extend(released.into_values().map(|row| {
            let bytes = occupied(&row);
            (row, bytes)
        }));
        if self.held.is_empty() {
            self.dues.clear();
        }
    }

    /// Whether there is something to send.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty() || !self.dropped.is_empty()
    }

    /// Takes out what is to be sent next.
    pub(super) fn next_batch(&mut self) -> Batch {
        let (mut rows, mut text) = (Vec::new(), 0);
        while let Some((row, _)) = self.ready.front() {
            text += row.line.len();
            if rows.len() == FRAME_ENTRIES_MAX || text > FRAME_BYTES_MAX && !rows.is_empty() {
                break;
            }
            let next = self.ready.pop_front();
            rows.extend(next.map(|(row, bytes)| {
                self.bytes -= bytes;
                row
            }));
        }
        Batch { rows, dropped: std::mem::take(&mut self.dropped) }
    }

    fn drop_entry(&mut self, stream: Labels, time: Timestamp) {
        if self.dropped.len() < MISSED_TOLD_MAX {
            self.dropped.push((stream, time));
        }
    }
}

/// What a line occupies in memory, in bytes. A parsed label is two texts of its own; the labels of
/// the stream are shared.
fn occupied(row: &Row) -> usize {
    const ROW_BYTES: usize = 2 * size_of::<Row>();
    const LABEL_BYTES: usize = 64;
    let labels = row.labels.metadata.iter().chain(row.labels.parsed.iter());
    let labels: usize = labels.map(|(name, value)| LABEL_BYTES + name.len() + value.len()).sum();
    ROW_BYTES + row.line.len() + labels
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(time: i64, line: &str) -> Row {
        let stream = Labels::new([("a", "1")]);
        let labels = ResultLabels { stream, ..ResultLabels::default() };
        Row { labels, time: Timestamp(time), line: line.to_owned() }
    }

    fn times(batch: &Batch) -> Vec<i64> {
        batch.rows.iter().map(|row| row.time.as_nanos()).collect()
    }

    /// Lines by their time and by the second in which each is due; then what is ready at some
    /// seconds.
    #[track_caller]
    fn check(lines: &[(i64, u64)], expect: &[(u64, &[i64])]) {
        let (start, mut pending) = (Instant::now(), Pending::default());
        let at = |second| start + Duration::from_secs(second);
        for (time, due) in lines {
            assert!(pending.hold(row(*time, "x"), at(*due)));
        }
        for (second, expect) in expect {
            pending.release(at(*second));
            assert_eq!(times(&pending.next_batch()), *expect, "at {second} s");
        }
        assert!(!pending.is_ready() && pending.due().is_none(), "{pending:?}");
        assert_eq!(pending.bytes, 0);
    }

    #[tokio::test]
    async fn late_lines_are_put_in_their_place() {
        check(&[(10, 1), (20, 2), (30, 3)], &[(0, &[]), (1, &[10]), (2, &[20]), (3, &[30])]);
        check(&[(10, 1), (5, 2), (7, 3), (20, 3)], &[(1, &[5, 7, 10]), (3, &[20])]);
        check(&[(10, 1), (10, 1), (5, 1)], &[(1, &[5, 10, 10])]);
        check(&[(20, 1), (10, 2), (30, 2)], &[(1, &[10, 20]), (2, &[30])]);
    }

    #[tokio::test]
    async fn a_frame_has_a_hundred_lines_or_a_megabyte() {
        let due = Instant::now();
        let mut pending = Pending::new((0..150).map(|time| row(time, "first")).collect());
        assert!(pending.hold(row(200, "live"), due));
        pending.release(due);
        assert_eq!(pending.next_batch().rows.len(), FRAME_ENTRIES_MAX);
        assert_eq!(pending.next_batch().rows.len(), 51);
        let large = "x".repeat(FRAME_BYTES_MAX / 2 + 1);
        let mut pending = Pending::new((0..2).map(|time| row(time, &large)).collect());
        assert_eq!(times(&pending.next_batch()), [0]);
        assert_eq!(times(&pending.next_batch()), [1]);
        assert!(!pending.is_ready());
    }

    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_told() {
        let (due, large) = (Instant::now(), "x".repeat(WAITING_BYTES_MAX / 2));
        let mut pending = Pending::default();
        assert!(pending.hold(row(1, &large), due));
        assert!(!pending.hold(row(2, &large), due));
        assert!(pending.hold(row(3, "small"), due));
        let missed = vec![(Labels::default(), Timestamp(9)); MISSED_TOLD_MAX];
        pending.missed(Missed { entries: 5000, first: missed });
        pending.release(due);
        let batch = pending.next_batch();
        assert_eq!((times(&batch), batch.dropped.len()), (vec![1], MISSED_TOLD_MAX));
        assert_eq!(times(&pending.next_batch()), [3]);
        assert_eq!(batch.dropped[0], (Labels::new([("a", "1")]), Timestamp(2)));
        assert!(pending.hold(row(4, &large), due));
    }
}
