//! Samples that wait for an endpoint, in memory: as many as may be, and then the oldest go.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::prometheus::Sample;

/// The samples.
#[derive(Debug)]
pub struct SamplesWaiting {
    count_max: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<Sample>,
    /// Since when the first of them waits.
    since: Option<Instant>,
    is_closed: bool,
    /// How many had to go, and nobody has asked yet.
    lost: u64,
}

/// When a batch is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// With so many samples,
    pub count: usize,
    /// or when the first has waited for so long.
    pub after: Duration,
}

impl SamplesWaiting {
    /// None yet, and so many at most.
    pub fn new(count_max: usize) -> Self {
        Self { count_max, state: Mutex::default(), changed: Notify::new() }
    }

    /// Adds some.
    pub fn push(&self, samples: Vec<Sample>) {
        let mut state = self.state();
        state.samples.extend(samples);
        let over = state.samples.len().saturating_sub(self.count_max);
        state.samples.drain(..over);
        state.lost += over as u64;
        if !state.samples.is_empty() {
            state.since.get_or_insert_with(Instant::now);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// How many had to go since this was asked last.
    pub fn take_lost(&self) -> u64 {
        std::mem::take(&mut self.state().lost)
    }

    /// Nothing will be added any more.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits until nothing will be added any more.
    pub async fn closed(&self) {
        while !self.is_closed() {
            self.changed.notified().await;
        }
    }

    /// Whether nothing will be added any more.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.state().samples.len()
    }

    /// Waits for a batch that is due. `None` when there are none and will be none. It may be
    /// abandoned while it waits.
    pub async fn next(&self, due: Due) -> Option<Vec<Sample>> {
        loop {
            let at = {
                let mut state = self.state();
                let at = state.since.map(|since| since + due.after);
                let is_due = at.is_some_and(|at| at <= Instant::now());
                if state.samples.len() >= due.count || is_due || state.is_closed {
                    return state.take(due.count);
                }
                at
            };
            let timer = async {
                match at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = timer => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, count: usize) -> Option<Vec<Sample>> {
        let count = count.min(self.samples.len());
        let taken: Vec<Sample> = self.samples.drain(..count).collect();
        self.since = (!self.samples.is_empty()).then(Instant::now);
        (!taken.is_empty()).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use model::Labels;

    use super::*;

    fn samples(times: std::ops::Range<i64>) -> Vec<Sample> {
        let sample = |time_ms| Sample { labels: Labels::default(), value: 0.0, time_ms };
        times.map(sample).collect()
    }

    #[tokio::test]
    async fn the_oldest_go_and_batches_come_when_they_are_due() {
        let waiting = SamplesWaiting::new(5);
        let due = Due { count: 3, after: Duration::from_millis(50) };
        let begun = Instant::now();
        waiting.push(samples(0..4));
        assert_eq!(waiting.take_lost(), 0);
        waiting.push(samples(4..7));
        assert_eq!((waiting.take_lost(), waiting.take_lost()), (2, 0));
        let next = async || {
            let batch = waiting.next(due).await?;
            Some(batch.iter().map(|it| it.time_ms).collect::<Vec<_>>())
        };
        assert_eq!(next().await, Some(vec![2, 3, 4]));
        assert_eq!(next().await, Some(vec![5, 6]));
        assert!(begun.elapsed() >= due.after);
        waiting.push(samples(7..8));
        waiting.close();
        assert_eq!(next().await, Some(vec![7]));
        assert_eq!(next().await, None);
    }
}
