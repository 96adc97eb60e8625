//! Sliding windows cut into panes: each row is aggregated once, and each window combines panes.
//!
//! The windows of a range aggregation are `(t - range, t]` for `t = start, start + step … end`.
//! Their edges are two arithmetic sequences of period `step`, so each period holds at most two
//! panes, however odd the range is.

use std::time::Duration;

use logql::eval::Steps;
use model::{TimeRange, Timestamp};

/// The windows of one range aggregation, less its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// The last nanosecond of the first window.
    first: i64,
    range: i64,
    step: i64,
    count: i64,
}

/// Panes from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaneRange {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// A pane with the times that it holds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaneSpan {
    pub(crate) pane: i64,
    first: i64,
    last: i64,
}

impl PaneSpan {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.first <= time.0 && time.0 <= self.last
    }
}

impl Windows {
    /// The windows of these steps. `offset` moves them back in time, in nanoseconds.
    pub(crate) fn new(steps: &Steps, range: Duration, offset: i64) -> Self {
        let first = steps.start.0.saturating_sub(offset);
        let step = nanos(steps.step);
        let span = steps.end.0.saturating_sub(steps.start.0).max(0);
        let count = if step == 0 { 1 } else { span / step + 1 };
        Self { first, range: nanos(range), step: if count == 1 { 0 } else { step }, count }
    }

    /// How many windows there are.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// The times that any window can hold.
    pub(crate) fn span(&self) -> TimeRange {
        let last = self.first.saturating_add(self.step.saturating_mul(self.count - 1));
        TimeRange {
            start: Timestamp(self.origin().saturating_add(1)),
            end: Timestamp(last.saturating_add(1)),
        }
    }

    /// The pane of a time inside [`Self::span`].
    pub(crate) fn pane(&self, time: Timestamp) -> i64 {
        if self.step == 0 {
            return 0;
        }
        let after = time.0 - self.origin() - 1;
        let in_second_pane = after % self.step >= self.range % self.step;
        2 * (after / self.step) + i64::from(in_second_pane)
    }

    /// The pane of a time inside [`Self::span`], with all its times.
    pub(crate) fn pane_span(&self, time: Timestamp) -> PaneSpan {
        let pane = self.pane(time);
        if self.step == 0 {
            return PaneSpan { pane, first: i64::MIN, last: i64::MAX };
        }
        let period = self.origin() + pane / 2 * self.step;
        let edge = period + self.range % self.step;
        let (after, last) = if pane % 2 == 0 { (period, edge) } else { (edge, period + self.step) };
        PaneSpan { pane, first: after + 1, last }
    }

    /// The panes that make up the window of this number, from 0.
    pub(crate) fn panes(&self, window: usize) -> PaneRange {
        if self.step == 0 {
            return PaneRange { first: 0, last: 0 };
        }
        let window = i64::try_from(window).unwrap_or(i64::MAX);
        let whole_periods = window + self.range / self.step;
        let ends_between_edges = self.range % self.step > 0;
        PaneRange { first: 2 * window, last: 2 * whole_periods - i64::from(!ends_between_edges) }
    }

    /// The first window's start, which is not part of it.
    fn origin(&self) -> i64 {
        self.first.saturating_sub(self.range)
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(start: i64, step: u64, count: i64, range: u64, offset: i64) -> Windows {
        let end = start + i64::try_from(step).unwrap() * (count - 1);
        let step = Duration::from_nanos(step);
        let steps = Steps { start: Timestamp(start), end: Timestamp(end), step };
        Windows::new(&steps, Duration::from_nanos(range), offset)
    }

    proptest! {
        #[test]
        fn a_time_is_in_a_windows_panes_exactly_when_it_is_in_the_window(
            start in -1000_i64..1000, step in 1_u64..50, count in 1_i64..20, range in 1_u64..200,
            offset in -100_i64..100, time in -2000_i64..3000,
        ) {
            let windows = windows(start, step, count, range, offset);
            let time = Timestamp(time);
            let mut in_any = false;
            for k in 0..windows.len() {
                let steps = i64::try_from(k).unwrap() * i64::try_from(step).unwrap();
                let last = start - offset + steps;
                let inside = last - i64::try_from(range).unwrap() < time.0 && time.0 <= last;
                in_any |= inside;
                if windows.span().contains(time) {
                    let (pane, panes) = (windows.pane(time), windows.panes(k));
                    let span = windows.pane_span(time);
                    prop_assert!(span.contains(time));
                    // The pane of a lone window reaches as far as times do.
                    let after = span.last.saturating_add(1);
                    for neighbour in [span.first.saturating_sub(1), after].map(Timestamp) {
                        if windows.span().contains(neighbour) {
                            prop_assert_ne!(windows.pane(neighbour), pane);
                        }
                    }
                    prop_assert_eq!(panes.first <= pane && pane <= panes.last, inside);
                }
            }
            prop_assert!(!in_any || windows.span().contains(time));
        }
    }

    #[test]
    fn an_instant_is_one_window_of_one_pane() {
        let steps = Steps { start: Timestamp(100), end: Timestamp(100), step: Duration::ZERO };
        let windows = Windows::new(&steps, Duration::from_nanos(10), 0);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows.span(), TimeRange { start: Timestamp(91), end: Timestamp(101) });
        assert_eq!(windows.panes(0), PaneRange { first: 0, last: 0 });
    }
}
