//! Times as RFC 3339 writes them, with up to nine decimals: what container runtimes put before each
//! line, so it has to be quick.

use crate::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Reads `2026-11-22T08:28:43.222709442Z`, or the same with an offset such as `+01:00`. `None` for
/// anything else, and for times that nanoseconds since 1970 cannot say.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Timestamp> {
    let (date_time, rest) = text.split_at_checked("2026-11-22T08:28:43".len())?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, separator)| date_time[*at] != *separator) {
        return None;
    }
    let part = |from: usize, to: usize| digits(&date_time[from..to]);
    let days = days_since_1970(part(0, 4)?, part(5, 7)?, part(8, 10)?)?;
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = fraction(rest)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset(zone)?;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos).map(Timestamp)
}

/// Nanoseconds of `.222709442`, if it is there, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(decimals) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let scale = 9_u32.checked_sub(u32::try_from(count).ok()?).filter(|_| count > 0)?;
    Some((digits(&decimals[..count])? * 10_i64.pow(scale), &decimals[count..]))
}

/// Seconds east of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone.split_first()? {
        (b'Z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = rest else { return None };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    text.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March, so that
/// the day that leap years add is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_max = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days_max).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(days + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<i64>) {
        assert_eq!(parse(text.as_bytes()).map(Timestamp::as_nanos), expect, "for {text}");
    }

    #[test]
    fn reads_times() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01T00:00:01Z", Some(1_000_000_000));
        check("2019-04-30T02:12:41.8443515Z", Some(1_556_590_361_844_351_500));
        check("2026-11-22T08:28:43.222709442Z", Some(1_795_336_123_222_709_442));
        check("2026-11-22T08:28:43.46565138Z", Some(1_795_336_123_465_651_380));
        check("2026-11-22T09:28:43.5+01:00", Some(1_795_336_123_500_000_000));
        check("2024-02-29T01:00:00.000000001+01:00", Some(1_709_164_800_000_000_001));
        check("2024-02-29T23:59:59-00:30", Some(1_709_252_999_000_000_000));
        check("2000-03-01T00:00:00Z", Some(951_868_800_000_000_000));
    }

    #[test]
    fn refuses_what_is_no_time() {
        check("", None);
        check("now", None);
        check("2026-11-22T08:28:43", None);
        check("2026-11-22 08:28:43Z", None);
        check("2026-13-22T08:28:43Z", None);
        check("2023-02-29T01:00:00Z", None);
        check("2026-11-22T25:28:43Z", None);
        check("2026-11-22T08:28:60Z", None);
        check("2026-11-22T08:28:43.Z", None);
        check("2026-11-22T08:28:43.1234567890Z", None);
        check("2026-11-22T08:28:43+0100", None);
        check("9999-11-22T08:28:43Z", None);
    }
}
