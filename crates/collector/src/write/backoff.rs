//! How long to wait before the next try: twice as long each time, with jitter, for ever.

use std::time::Duration;

/// The pauses between the tries of one push after another.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
    random: u64,
}

impl Backoff {
    /// Pauses from `min` to `max`; the seed decides their jitter.
    pub fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Self { min, max: max.max(min), failures: 0, random: seed }
    }

    /// Starts anew after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure: between half and the whole of what is due, so that a
    /// thousand nodes do not come back in step.
    pub fn next(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let due = self.min.saturating_mul(factor).min(self.max);
        let half = due / 2;
        let nanos = u64::try_from((due - half).as_nanos()).unwrap_or(u64::MAX);
        half + Duration::from_nanos(self.random() % nanos.saturating_add(1).max(1))
    }

    /// The next of a sequence of numbers (splitmix64) that looks random enough for jitter.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_double_up_to_the_longest(
            min in 1_u64..1000, max in 1_u64..100_000, seed in 0_u64.., failures in 0_u32..80,
        ) {
            let (min, max) = (Duration::from_millis(min), Duration::from_millis(max));
            let mut backoff = Backoff::new(min, max, seed);
            let mut pause = backoff.next();
            for _ in 0..failures {
                pause = backoff.next();
            }
            let factor = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
            let due = min.saturating_mul(factor).min(max.max(min));
            prop_assert!(due / 2 <= pause && pause <= due, "{pause:?} for {due:?}");
            backoff.reset();
            prop_assert!(backoff.next() <= min);
        }
    }

    #[test]
    fn nodes_do_not_come_back_in_step() {
        let pause = |seed| Backoff::new(Duration::from_secs(1), Duration::MAX, seed).next();
        assert_eq!(pause(1), pause(1));
        assert_ne!(pause(1), pause(2));
    }
}
