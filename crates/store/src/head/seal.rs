//! When the head is flushed: a pure rule over three limits.

use model::Timestamp;

use super::Generation;
use crate::Config;

/// Whether this generation should be sealed and written as segments now.
pub(crate) fn due(head: &Generation, config: &Config, now: Timestamp) -> bool {
    head.bytes() >= config.flush_bytes
        || head.rows() >= config.flush_rows
        || head.since().is_some_and(|since| now.since(since) >= config.flush_age)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{Entry, Labels, Stream, TenantId};

    use super::*;

    #[track_caller]
    fn check(rows: usize, now_seconds: i64, config: &Config, expect: bool) {
        let mut head = Generation::default();
        let entries = vec![Entry::new(Timestamp(7), "a line of some length"); rows];
        if rows > 0 {
            head.insert(&TenantId::default(), Stream { labels: Labels::default(), entries });
            head.begin(Timestamp(0));
        }
        assert_eq!(due(&head, config, Timestamp::from_secs(now_seconds)), expect);
    }

    #[test]
    fn each_limit_seals_by_itself() {
        let age = Config { flush_age: Duration::from_secs(5), ..Config::default() };
        check(0, 5, &age, false);
        check(1, 4, &age, false);
        check(1, 5, &age, true);
        check(2, 0, &Config { flush_rows: 3, ..Config::default() }, false);
        check(3, 0, &Config { flush_rows: 3, ..Config::default() }, true);
        check(9, 0, &Config { flush_bytes: 1000, ..Config::default() }, true);
    }
}
