//! What a request says beside its query.

use std::time::Duration;

use model::{TimeRange, Timestamp};

use super::select::SelectorScope;

/// Which end of the range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The oldest line first.
    Forward,
    /// The newest line first.
    Backward,
}

/// How a log query is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogParams {
    /// The lines' times.
    pub range: TimeRange,
    /// The most lines in the answer; 0: no limit.
    pub limit: usize,
    /// Which lines come first, and are therefore in the answer.
    pub direction: Direction,
    /// Lines closer than this to the line before are left out; zero: none is.
    pub interval: Duration,
    /// The times that this divides part the range, and `interval` starts anew in each part; zero:
    /// the range is one part. It is what is left to see of a Loki that splits queries.
    pub split: Duration,
    /// What the selector looks at.
    pub scope: SelectorScope,
}

impl LogParams {
    /// Decides which lines keep their distance from the one before.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        Spacing { interval: self.interval, split: self.split, last: None }
    }
}

/// Leaves out lines that are too close to the one before: see [`LogParams::interval`].
#[derive(Debug, Clone)]
pub struct Spacing {
    interval: Duration,
    split: Duration,
    last: Option<Timestamp>,
}

impl Spacing {
    /// Whether a line of this time stays. Lines are asked about in their order in the answer.
    pub fn keeps(&mut self, time: Timestamp) -> bool {
        let keeps = self.last.is_none_or(|last| {
            let distance = time.since(last).max(last.since(time));
            distance >= self.interval || self.part(last) != self.part(time)
        });
        if keeps {
            self.last = Some(time);
        }
        keeps
    }

    /// The number of the part of the range that a time is in.
    fn part(&self, time: Timestamp) -> i64 {
        match i64::try_from(self.split.as_nanos()) {
            Ok(nanos) if nanos > 0 => time.0.div_euclid(nanos),
            _ => 0,
        }
    }
}

/// The times at which a metric query is evaluated: `start`, `start + step`, … up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first.
    pub start: Timestamp,
    /// No step is after it.
    pub end: Timestamp,
    /// From one to the next; zero for an instant query.
    pub step: Duration,
}

impl Steps {
    /// The one step of an instant query.
    #[must_use]
    pub const fn instant(time: Timestamp) -> Self {
        Self { start: time, end: time, step: Duration::ZERO }
    }

    /// Whether this is an instant query: its answer is a vector and not a matrix.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        self.start == self.end && self.step.is_zero()
    }

    /// The times, in order. Without a step there is one.
    pub fn iter(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let Self { start, end, step } = *self;
        let next = move |time: &Timestamp| {
            let next = *time + step;
            (next > *time && next <= end).then_some(next)
        };
        std::iter::successors((start <= end).then_some(start), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: i64, end: i64, step: u64, expect: &[i64]) {
        let (start, end) = (Timestamp(start), Timestamp(end));
        let steps = Steps { start, end, step: Duration::from_nanos(step) };
        assert_eq!(steps.iter().map(|time| time.0).collect::<Vec<_>>(), expect);
    }

    #[track_caller]
    fn check_spacing(interval: u64, split: u64, times: &[i64], expect: &[i64]) {
        let [interval, split] = [interval, split].map(Duration::from_nanos);
        let mut spacing = Spacing { interval, split, last: None };
        let kept = times.iter().copied().filter(|time| spacing.keeps(Timestamp(*time)));
        assert_eq!(kept.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn an_interval_is_kept_within_each_part() {
        check_spacing(5, 0, &[1, 4, 6, 10, 12], &[1, 6, 12]);
        check_spacing(5, 0, &[12, 10, 6, 4, 1], &[12, 6, 1]);
        check_spacing(5, 10, &[1, 4, 6, 10, 12], &[1, 6, 10]);
        check_spacing(0, 0, &[1, 1, 2], &[1, 1, 2]);
    }

    #[test]
    fn steps_start_at_the_start_and_do_not_pass_the_end() {
        check(5, 20, 5, &[5, 10, 15, 20]);
        check(5, 19, 5, &[5, 10, 15]);
        check(5, 5, 0, &[5]);
        check(5, 9, 0, &[5]);
        check(5, 4, 1, &[]);
        check(i64::MAX - 1, i64::MAX, 5, &[i64::MAX - 1, i64::MAX]);
    }
}
