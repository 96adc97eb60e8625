//! Durations in the two notations that LogQL mixes: Prometheus' (`1d12h`) and Go's (`1.5h`).

use std::time::Duration;

use model::labels::Quoted;

use crate::ast::SignedDuration;

/// Reads either notation, Prometheus' first, as a literal in a query is read.
///
/// # Errors
/// In Go's words, when it is neither.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    match parse_prometheus(text) {
        Ok(duration) => Ok(signed(duration)),
        Err(_) => parse_go(text),
    }
}

/// Reads Prometheus' notation: whole numbers with the units `y w d h m s ms`, the largest first.
///
/// # Errors
/// In Prometheus' words.
pub fn parse_prometheus(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    let invalid = || format!("not a valid duration string: {}", Quoted(text));
    let mut nanos: u64 = 0;
    let mut rest = text;
    let mut units = PROMETHEUS_UNITS.iter();
    while !rest.is_empty() {
        let (digits, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| !c.is_ascii_digit());
        let count: u64 = digits.parse().map_err(|_| invalid())?;
        if unit.is_empty() {
            return Err(invalid());
        }
        if !PROMETHEUS_UNITS.iter().any(|(name, _)| *name == unit) {
            let (unit, text) = (Quoted(unit), Quoted(text));
            return Err(format!("unknown unit {unit} in duration {text}"));
        }
        // What the iterator has passed is larger than the unit before, so it may not come again.
        let (_, size) = units.find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        nanos = count
            .checked_mul(*size)
            .and_then(|part| nanos.checked_add(part))
            .filter(|sum| i64::try_from(*sum).is_ok())
            .ok_or("duration out of range")?;
        rest = after;
    }
    Ok(Duration::from_nanos(nanos))
}

/// Reads Go's notation: decimal numbers with the units `h m s ms us µs ns`, with a sign.
///
/// # Errors
/// In Go's words.
pub fn parse_go(text: &str) -> Result<SignedDuration, String> {
    let invalid = || format!("time: invalid duration {}", Quoted(text));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration(0));
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split(rest, |c| c.is_ascii_digit());
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split(after, |c| c.is_ascii_digit()),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let (unit, after) = split(after, |c| c != '.' && !c.is_ascii_digit());
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", Quoted(text)));
        }
        let size = go_unit(unit).ok_or_else(|| {
            format!("time: unknown unit {} in duration {}", Quoted(unit), Quoted(text))
        })?;
        nanos = go_part(whole, fraction, size)
            .and_then(|part| nanos.checked_add(part))
            .filter(|sum| *sum <= 1 << 63)
            .ok_or_else(invalid)?;
        rest = after;
    }
    if negative {
        return Ok(SignedDuration(0_i64.wrapping_sub_unsigned(nanos)));
    }
    i64::try_from(nanos).map(SignedDuration).map_err(|_| invalid())
}

/// Writes Prometheus' notation, `1d12h`; what is below a millisecond is dropped.
#[must_use]
pub fn format_prometheus(duration: Duration) -> String {
    let mut millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in PROMETHEUS_UNITS {
        let size = u128::from(size / MILLISECOND);
        // 90d is easier to read than 12w6d: years and weeks only where nothing is left over.
        if matches!(unit, "y" | "w") && !millis.is_multiple_of(size) {
            continue;
        }
        let count = millis / size;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
            millis -= count * size;
        }
    }
    text
}

/// Writes Go's notation, `36h0m0s`.
#[must_use]
pub fn format_go(duration: SignedDuration) -> String {
    let sign = if duration.0 < 0 { "-" } else { "" };
    let nanos = duration.0.unsigned_abs();
    let decimal = |size: u64, unit: &str| {
        let digits = size.ilog10() as usize;
        let fraction = format!("{:0digits$}", nanos % size);
        let fraction = fraction.trim_end_matches('0');
        let whole = if unit == "s" { nanos / size % 60 } else { nanos / size };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{whole}{point}{fraction}{unit}")
    };
    match nanos {
        0 => "0s".to_owned(),
        1..MICROSECOND => format!("{sign}{nanos}ns"),
        MICROSECOND..MILLISECOND => format!("{sign}{}", decimal(MICROSECOND, "µs")),
        MILLISECOND..SECOND => format!("{sign}{}", decimal(MILLISECOND, "ms")),
        SECOND..MINUTE => format!("{sign}{}", decimal(SECOND, "s")),
        MINUTE..HOUR => format!("{sign}{}m{}", nanos / MINUTE, decimal(SECOND, "s")),
        _ => {
            let (hours, minutes) = (nanos / HOUR, nanos / MINUTE % 60);
            format!("{sign}{hours}h{minutes}m{}", decimal(SECOND, "s"))
        }
    }
}

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// From the largest to the smallest: the order that a text must keep.
const PROMETHEUS_UNITS: [(&str, u64); 7] = [
    ("y", 365 * DAY),
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", MILLISECOND),
];

fn go_unit(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Both the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

/// `whole.fraction` units of a size, or nothing where it does not fit.
fn go_part(whole: &str, fraction: &str, size: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Eighteen digits are more than a nanosecond of the largest unit can tell apart.
    let fraction = &fraction[..fraction.len().min(18)];
    let digits: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(digits) * u128::from(size) / u128::from(scale);
    whole.checked_mul(size)?.checked_add(u64::try_from(part).ok()?)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// The longest start of a text whose characters are of a kind, and what follows it.
fn split(text: &str, is_of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_prometheus(text: &str, expect: Result<u64, &str>) {
        let expect = expect.map(Duration::from_nanos).map_err(str::to_owned);
        assert_eq!(parse_prometheus(text), expect, "{text}");
    }

    #[track_caller]
    fn check_go(text: &str, expect: Result<i64, &str>) {
        assert_eq!(parse_go(text), expect.map(SignedDuration).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn prometheus() {
        check_prometheus("0", Ok(0));
        check_prometheus("0s", Ok(0));
        check_prometheus("5m", Ok(5 * MINUTE));
        check_prometheus("1d12h", Ok(36 * HOUR));
        check_prometheus("1y2w3d4h5m6s7ms", Ok(33_019_506_007 * MILLISECOND));
        check_prometheus("", Err("empty duration string"));
        check_prometheus("1ns", Err("unknown unit \"ns\" in duration \"1ns\""));
        check_prometheus("0.5h", Err("unknown unit \".\" in duration \"0.5h\""));
        check_prometheus("1h:5m", Err("unknown unit \"h:\" in duration \"1h:5m\""));
        check_prometheus("-1h", Err("not a valid duration string: \"-1h\""));
        check_prometheus("1m1h", Err("not a valid duration string: \"1m1h\""));
        check_prometheus("1m1m", Err("not a valid duration string: \"1m1m\""));
        check_prometheus("5", Err("not a valid duration string: \"5\""));
        check_prometheus("300y", Err("duration out of range"));
        check_prometheus(
            "99999999999999999999s",
            Err("not a valid duration string: \"99999999999999999999s\""),
        );
    }

    #[test]
    fn go() {
        check_go("-1.5s", Ok(-1_500_000_000));
        check_go("1h30m", Ok(5_400_000_000_000));
        check_go("500µs", Ok(500_000));
        check_go(".5us", Ok(500));
        check_go("+0", Ok(0));
        check_go("-9223372036854775808ns", Ok(i64::MIN));
        check_go("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\""));
        check_go("abc", Err("time: invalid duration \"abc\""));
        check_go("", Err("time: invalid duration \"\""));
        check_go("-", Err("time: invalid duration \"-\""));
        check_go("5", Err("time: missing unit in duration \"5\""));
        check_go("5d", Err("time: unknown unit \"d\" in duration \"5d\""));
    }

    #[test]
    fn either() {
        assert_eq!(parse("1d"), Ok(SignedDuration(86_400_000_000_000)));
        assert_eq!(parse("1.5ms"), Ok(SignedDuration(1_500_000)));
    }

    #[track_caller]
    fn check_format(nanos: i64, go: &str, prometheus: &str) {
        assert_eq!(format_go(SignedDuration(nanos)), go);
        assert_eq!(parse_go(go), Ok(SignedDuration(nanos)));
        assert_eq!(format_prometheus(Duration::from_nanos(nanos.unsigned_abs())), prometheus);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos in any::<i64>()) {
            let duration = SignedDuration(nanos);
            prop_assert_eq!(parse_go(&format_go(duration)), Ok(duration));
            let millis = Duration::from_millis(nanos.unsigned_abs() / 1_000_000);
            prop_assert_eq!(parse_prometheus(&format_prometheus(millis)), Ok(millis));
        }
    }

    #[test]
    fn formats() {
        check_format(0, "0s", "0s");
        check_format(1, "1ns", "0s");
        check_format(1_100, "1.1µs", "0s");
        check_format(2_200_000, "2.2ms", "2ms");
        check_format(3_300_000_000, "3.3s", "3s300ms");
        check_format(3_600_000_000_000, "1h0m0s", "1h");
        check_format(-5_400_000_000_000, "-1h30m0s", "1h30m");
        check_format(90 * 86_400_000_000_000, "2160h0m0s", "90d");
        check_format(14 * 86_400_000_000_000, "336h0m0s", "2w");
        check_format(i64::MIN, "-2562047h47m16.854775808s", "106751d23h47m16s854ms");
    }
}
