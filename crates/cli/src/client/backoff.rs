//! How long to wait before a request is made again.

use std::time::Duration;

/// The first pause, unless told otherwise.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause, unless told otherwise.
const LONGEST: Duration = Duration::from_secs(10);

/// Pauses that double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// No pause is longer.
    pub longest: Duration,
}

impl Backoff {
    /// As logcli's `--min-backoff` and `--max-backoff` say it, in seconds; zero stands for ours.
    #[must_use]
    pub fn from_seconds(min: u64, max: u64) -> Self {
        let or = |seconds, default| match seconds {
            0 => default,
            seconds => Duration::from_secs(seconds),
        };
        let first = or(min, FIRST);
        Self { first, longest: or(max, LONGEST).max(first) }
    }

    /// The pause after the given number of failures, of which there is at least one.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(min: u64, max: u64, millis: [u128; 4]) {
        let backoff = Backoff::from_seconds(min, max);
        assert_eq!([1, 2, 3, 40].map(|n| backoff.pause(n).as_millis()), millis);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        check(0, 0, [500, 1000, 2000, 10_000]);
        check(1, 3, [1000, 2000, 3000, 3000]);
        check(20, 0, [20_000; 4]);
    }
}
