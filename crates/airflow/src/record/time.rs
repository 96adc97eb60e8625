//! The times that records carry, in all their spellings.

use model::Timestamp;

/// When a record was made, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time; read as UTC where the zone is not told.
    pub at: Timestamp,
    /// Whether that is certain.
    pub zone: Zone,
}

/// Whether a time tells its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// `Z`, `+0000` or `+00:00`.
    Told,
    /// Nothing: the zone of the process. Airflow 3.0's tasks mean UTC, Celery and gunicorn what the
    /// container's clock shows, which is UTC in the official image. Who has the time at which the
    /// container's runtime read the line has a better one.
    Untold,
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Reads `2026-11-22T08:14:34.291+0000` and its relatives: a blank for the `T`, a comma for the
/// point, up to nine decimals or none, `Z`, an offset with or without colon, a blank before it, or
/// none.
#[must_use]
pub fn parse(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    let (head, rest) = bytes.split_at_checked("2026-11-22T08:14:34".len())?;
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| head[*at] != *mark) || !matches!(head[10], b'T' | b' ') {
        return None;
    }
    let part = |from: usize, to: usize| digits(&head[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, rest) = fraction(rest)?;
    let (offset, zone) = offset(rest)?;
    let days = days_since_1970(year, month, day);
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
    let at = seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?;
    Some(Stamp { at: Timestamp(at), zone })
}

/// Nanoseconds of `.291` or `,291`, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.' | b',', decimals @ ..] = text else { return Some((0, text)) };
    let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || count > 9 {
        return None;
    }
    let scale = 10_i64.pow(9 - u32::try_from(count).ok()?);
    Some((digits(&decimals[..count])? * scale, &decimals[count..]))
}

/// Seconds east of UTC.
fn offset(text: &[u8]) -> Option<(i64, Zone)> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, rest) = match text {
        [] => return Some((0, Zone::Untold)),
        [b'Z'] => return Some((0, Zone::Told)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] | [a, b, c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    Some((sign * (hours * 3600 + minutes * 60), Zone::Told))
}

fn digits(text: &[u8]) -> Option<i64> {
    let mut number = 0;
    for byte in text {
        number = number * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    Some(number)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counted in years that begin in March so
/// that the leap day is their last.
pub(super) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let in_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(i64, Zone)>) {
        let found = parse(text).map(|stamp| (stamp.at.as_millis(), stamp.zone));
        assert_eq!(found, expect, "for {text}");
    }

    #[test]
    fn all_spellings_mean_the_same() {
        let told = Some((1_795_335_274_291, Zone::Told));
        check("2026-11-22T08:14:34.291+0000", told);
        check("2026-11-22T08:14:34.291Z", told);
        check("2026-11-22 08:14:34.291000+00:00", told);
        check("2026-11-22T10:14:34.291+0200", told);
        check("2026-11-22T04:44:34.291000000-03:30", told);
        check("2026-11-22 08:14:34,291", Some((1_795_335_274_291, Zone::Untold)));
        check("2026-11-22 08:14:34 +0000", Some((1_795_335_274_000, Zone::Told)));
        check("1970-01-01 00:00:00", Some((0, Zone::Untold)));
        check("2000-02-29 00:00:00Z", Some((951_782_400_000, Zone::Told)));
    }

    #[test]
    fn refuses_what_is_no_time() {
        check("2026-13-22T08:14:34Z", None);
        check("2026-11-22T24:14:34Z", None);
        check("2026-11-22T08:14:34.Z", None);
        check("2026-11-22T08:14:34UTC", None);
        check("2026-11-22x08:14:34", None);
        check("2026-11-22T08:14", None);
        check("", None);
    }
}
