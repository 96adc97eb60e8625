//! What has expired: a pure rule. A line expires with its day, once the whole day is older than the
//! line is to be kept; so a segment, which is of one day, mostly expires as a whole.

use std::time::Duration;

use model::Timestamp;

use crate::layout::Day;

/// How much of a segment has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing, and nothing will before this time (`None`: ever).
    NotBefore(Option<Timestamp>),
    /// Some streams.
    Part,
    /// All.
    All,
}

/// When lines of a day expire that are kept for so long; `None`: never.
pub(super) fn expires_at(day: Day, kept: Option<Duration>) -> Option<Timestamp> {
    let nanos = i64::try_from(kept?.as_nanos()).ok()?;
    Some(Timestamp(day.end().as_nanos().checked_add(nanos)?))
}

/// How much of a segment of a day has expired, whose streams are kept for so long.
pub(super) fn due(
    day: Day,
    kept: impl IntoIterator<Item = Option<Duration>>,
    now: Timestamp,
) -> Due {
    let (mut expired, mut next, mut stays) = (false, None::<Timestamp>, false);
    for at in kept.into_iter().map(|kept| expires_at(day, kept)) {
        if at.is_some_and(|at| at <= now) {
            expired = true;
        } else {
            stays = true;
            next = [next, at].into_iter().flatten().min();
        }
    }
    match (expired, stays) {
        (true, false) => Due::All,
        (true, true) => Due::Part,
        (false, _) => Due::NotBefore(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[track_caller]
    fn check(kept_days: &[Option<u64>], now_days: i64, expect: Due) {
        let kept = kept_days.iter().map(|days| days.map(|days| Duration::from_secs(days * 86_400)));
        let now = Timestamp::from_secs(now_days * DAY);
        assert_eq!(due(Day::of(Timestamp(0)), kept, now), expect);
    }

    #[test]
    fn lines_expire_with_their_day() {
        let at = |days: i64| Due::NotBefore(Some(Timestamp::from_secs(days * DAY)));
        check(&[Some(30)], 30, at(31));
        check(&[Some(30)], 31, Due::All);
        check(&[Some(30), Some(365)], 31, Due::Part);
        check(&[Some(365)], 31, at(366));
        check(&[Some(30), None], 31, Due::Part);
        check(&[None], 9999, Due::NotBefore(None));
        check(&[Some(0)], 0, at(1));
        check(&[Some(9), Some(2), Some(5)], 0, at(3));
        check(&[Some(u64::MAX / 86_400)], 9999, Due::NotBefore(None));
    }
}
