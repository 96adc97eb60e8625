//! How far from its wanted end a limited query for lines still has to look.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicI64, Ordering};

use logql::eval::Direction;
use model::Timestamp;

/// Shared by all partitions of one query: once one of them holds `limit` rows that are newer than
/// a time (older, for a forward query), no row beyond that time can be in the answer.
#[derive(Debug)]
pub(crate) struct Horizon {
    direction: Direction,
    limit: usize,
    /// In "distance" from the wanted end: see [`Self::distance`].
    edge: AtomicI64,
}

/// One partition's view of the [`Horizon`]: the distances of its nearest rows.
#[derive(Debug)]
pub(crate) struct Nearest(BinaryHeap<i64>);

impl Horizon {
    /// `limit` must not be 0: a query for all rows has no horizon.
    pub(crate) fn new(direction: Direction, limit: usize) -> Self {
        Self { direction, limit, edge: AtomicI64::new(i64::MAX) }
    }

    /// An empty view.
    pub(crate) fn nearest(&self) -> Nearest {
        Nearest(BinaryHeap::with_capacity(self.limit.min(1 << 16)))
    }

    /// Whether a row of this time may still be in the answer.
    pub(crate) fn admits(&self, time: Timestamp) -> bool {
        self.distance(time) <= self.edge.load(Ordering::Relaxed)
    }

    /// Whether any row between two times, both included, may still be in the answer.
    pub(crate) fn admits_any(&self, first: Timestamp, last: Timestamp) -> bool {
        self.admits(first) || self.admits(last)
    }

    /// Sorts by how soon the times between `first` and `last` are wanted.
    pub(crate) fn order(&self, (first, last): (Timestamp, Timestamp)) -> i64 {
        self.distance(first).min(self.distance(last))
    }

    /// Takes note of a row that passed all stages.
    pub(crate) fn note(&self, nearest: &mut Nearest, time: Timestamp) {
        let distance = self.distance(time);
        if nearest.0.len() < self.limit {
            nearest.0.push(distance);
        } else if let Some(mut farthest) = nearest.0.peek_mut()
            && distance < *farthest
        {
            *farthest = distance;
        }
        if nearest.0.len() == self.limit
            && let Some(farthest) = nearest.0.peek()
        {
            self.edge.fetch_min(*farthest, Ordering::Relaxed);
        }
    }

    /// Grows with the distance from the end that the query wants first.
    fn distance(&self, time: Timestamp) -> i64 {
        match self.direction {
            Direction::Forward => time.0,
            Direction::Backward => !time.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(direction: Direction, limit: usize, noted: &[i64], admitted: &[i64], refused: &[i64]) {
        let horizon = Horizon::new(direction, limit);
        let mut nearest = horizon.nearest();
        for time in noted {
            horizon.note(&mut nearest, Timestamp(*time));
        }
        for time in admitted {
            assert!(horizon.admits(Timestamp(*time)), "{time} must be admitted");
        }
        for time in refused {
            assert!(!horizon.admits(Timestamp(*time)), "{time} must be refused");
        }
    }

    #[test]
    fn rows_beyond_the_limit_are_refused_and_ties_are_not() {
        check(Direction::Backward, 2, &[5], &[i64::MIN, 0, 9], &[]);
        check(Direction::Backward, 2, &[5, 3, 8, 1], &[5, 6, 9], &[4, i64::MIN]);
        check(Direction::Forward, 2, &[5, 3, 8, 1], &[3, 2, -9], &[4, i64::MAX]);
    }
}
