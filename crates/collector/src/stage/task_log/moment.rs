//! When entries of a task log file were written, each at a time of its own.
//!
//! The records tell milliseconds or microseconds, so several share one; and a line that is no
//! record has the time of the one before. Of the entries of one time each is a nanosecond after the
//! one before it, be they equal or not: so equal ones are two for the store, and a reader sees them
//! in the order of the file, even where they are of two streams.
//!
//! Several processes and threads write into one file, so times go back a little now and then. What
//! is taken is remembered for as long as that may come about.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;

use crate::limits::{TASK_LOG_BACK_MAX, TASK_LOG_TIMES_MAX};

const ONE: Duration = Duration::from_nanos(1);

/// The times of records that entries were given, each with the first after it that is free.
#[derive(Debug, Default)]
pub(super) struct Moments {
    taken: BTreeMap<Timestamp, Timestamp>,
    last: Option<Timestamp>,
}

impl Moments {
    /// Where all that is taken is this.
    pub(super) fn new(taken: Option<(i64, i64)>) -> Self {
        let taken = taken.map(|(time, free)| (Timestamp(time), Timestamp(free)));
        Self { last: taken.map(|(time, _)| time), taken: taken.into_iter().collect() }
    }

    /// The time of an entry whose record tells this one.
    pub(super) fn place(&mut self, time: Timestamp) -> Timestamp {
        self.forget(time);
        let taken = self.taken.range(..=time).next_back();
        // A crowd at one time may reach to the next.
        let free = taken.map_or(time, |(_, free)| time.max(*free));
        self.taken.insert(time, free + ONE);
        self.last = Some(time);
        if self.taken.len() > TASK_LOG_TIMES_MAX {
            self.taken.pop_first();
        }
        free
    }

    /// Forgets what does not matter any more when a line tells this time.
    pub(super) fn forget(&mut self, time: Timestamp) {
        let Some((latest, _)) = self.taken.last_key_value() else { return };
        if *latest > time + TASK_LOG_BACK_MAX {
            // The clock was set back, or is another's.
            self.taken.clear();
            return;
        }
        let first = time.max(*latest) - TASK_LOG_BACK_MAX;
        while self.taken.first_key_value().is_some_and(|(eldest, _)| *eldest < first) {
            self.taken.pop_first();
        }
    }

    /// Whether [`taken`](Self::taken) is all that there is to know.
    pub(super) fn is_settled(&self) -> bool {
        self.taken.len() <= 1
    }

    /// Forgets all but the time that was given last.
    pub(super) fn settle(&mut self) {
        let last = self.last;
        self.taken.retain(|time, _| Some(*time) == last);
    }

    /// A time that is taken, and the first after it that is free.
    pub(super) fn taken(&self) -> Option<(i64, i64)> {
        self.taken.iter().next_back().map(|(time, free)| (time.0, free.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(times: &[i64], expect: &[i64]) {
        let mut moments = Moments::default();
        let placed: Vec<i64> = times.iter().map(|time| moments.place(Timestamp(*time)).0).collect();
        assert_eq!(placed, expect, "for {times:?}");
    }

    #[test]
    fn no_two_entries_have_the_same_time() {
        check(&[5000, 5000, 5000], &[5000, 5001, 5002]);
        check(&[5000, 6000, 5000, 6000], &[5000, 6000, 5001, 6001]);
        check(&[5, 5, 5, 6, 6, 20], &[5, 6, 7, 8, 9, 20]);
        let back = i64::try_from(TASK_LOG_BACK_MAX.as_nanos()).unwrap();
        check(&[back + 9, 9, 9], &[back + 9, 9, 10]);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let back = i64::try_from(TASK_LOG_BACK_MAX.as_nanos()).unwrap();
        check(&[5, back + 6, 5], &[5, back + 6, 5]);
        let mut moments = Moments::default();
        for time in 0..2 * TASK_LOG_TIMES_MAX as i64 {
            moments.place(Timestamp(10 * time));
        }
        assert_eq!(moments.taken.len(), TASK_LOG_TIMES_MAX);
        moments.forget(Timestamp(2 * back));
        assert!(moments.is_settled());
    }
}
