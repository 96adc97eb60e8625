//! Equal lines with equal times, told apart.
//!
//! A store takes an entry with the time and the text of one it has as the same entry sent twice,
//! which is what makes a repeated push harmless. So of two equal lines that bear the same time the
//! later is moved on by a nanosecond, and a third by two: always the same way, since it depends on
//! the lines of the file alone.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use model::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use crate::limits::DISTINCT_ENTRIES_MAX;

/// A clock that goes back further than this was set back; nothing that was seen matters any more.
const CLOCK_SET_BACK: Duration = Duration::from_secs(1);

/// The entries of one file that a later one could be taken for.
#[derive(Debug, Default)]
pub struct Distinct {
    seen: HashSet<(Timestamp, u64)>,
    /// The same in the order in which they came, to forget the eldest.
    order: VecDeque<(Timestamp, u64)>,
    /// The only one so far, which is in neither.
    first: Option<(Timestamp, u64)>,
    latest: Option<Timestamp>,
}

impl Distinct {
    /// Whether no entry of this time or later can be equal to one that was seen.
    pub fn is_past(&self, time: Timestamp) -> bool {
        self.latest.is_none_or(|latest| time > latest || latest.since(time) > CLOCK_SET_BACK)
    }

    /// Forgets all that was seen.
    pub fn reset(&mut self) {
        if !self.order.is_empty() {
            // The memory stays: this comes nearly as often as entries do.
            self.seen.clear();
            self.order.clear();
        }
        (self.first, self.latest) = (None, None);
    }

    /// The time under which an entry is sent: its own, or the first after it that is free.
    pub fn place(&mut self, time: Timestamp, text: &str) -> Timestamp {
        let hash = xxh3_64(text.as_bytes());
        // Mostly there is but one before all is forgotten, and a set would be of no use.
        if self.latest.is_none() {
            (self.first, self.latest) = (Some((time, hash)), Some(time));
            return time;
        }
        self.first.take().into_iter().for_each(|first| self.remember(first));
        let mut at = time;
        while !self.seen.insert((at, hash)) {
            at = at + Duration::from_nanos(1);
        }
        self.order.push_back((at, hash));
        self.bound();
        self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
        at
    }

    fn remember(&mut self, entry: (Timestamp, u64)) {
        self.seen.insert(entry);
        self.order.push_back(entry);
    }

    fn bound(&mut self) {
        if self.order.len() > DISTINCT_ENTRIES_MAX {
            self.order.pop_front().map(|eldest| self.seen.remove(&eldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entries: &[(i64, &str)], expect: &[i64]) {
        let mut distinct = Distinct::default();
        let placed: Vec<i64> =
            entries.iter().map(|(time, text)| distinct.place(Timestamp(*time), text).0).collect();
        assert_eq!(placed, expect, "for {entries:?}");
    }

    #[test]
    fn equal_lines_get_times_of_their_own() {
        check(&[(5, "a"), (5, "b"), (6, "a")], &[5, 5, 6]);
        check(&[(5, "a"), (5, "a"), (5, "a")], &[5, 6, 7]);
        check(&[(5, "a"), (5, "a"), (6, "a"), (6, "b")], &[5, 6, 7, 6]);
        check(&[(5, "a"), (9, "b"), (5, "a")], &[5, 9, 6]);
    }

    #[test]
    fn what_is_past_is_past() {
        let mut distinct = Distinct::default();
        assert!(distinct.is_past(Timestamp(0)));
        distinct.place(Timestamp(5), "a");
        distinct.place(Timestamp(5), "a");
        assert!(!distinct.is_past(Timestamp(6)), "the second stands at 6");
        assert!(distinct.is_past(Timestamp(7)));
        assert!(!distinct.is_past(Timestamp(-999_999_994)));
        assert!(distinct.is_past(Timestamp(-999_999_995)));
    }
}
