//! Durations as Go writes them: `1h30m`, `250ms`.

use std::time::Duration;

/// The units that Go's `time.ParseDuration` knows, with their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A duration that is not negative.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration, write one like \"1h30m\" or \"250ms\"");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.starts_with('-') {
        return Err(format!("the duration \"{text}\" is negative"));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos = 0_u128;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(|| {
            format!("the duration \"{text}\" has no unit, write one like \"{text}s\"")
        })?;
        let (digits, after) = rest.split_at(length);
        let unit_length = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = after.split_at(unit_length.unwrap_or(after.len()));
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, factor) = known.ok_or_else(|| match unit {
            "d" | "w" | "y" => format!("\"{text}\" is no duration, its largest unit is h (hours)"),
            _ => wrong(),
        })?;
        nanos = nanos.saturating_add(scaled(digits, *factor).ok_or_else(wrong)?);
        rest = after;
    }
    // Go's durations end here.
    let nanos = i64::try_from(nanos).ok().and_then(|nanos| u64::try_from(nanos).ok());
    let too_long = || format!("the duration \"{text}\" is longer than 292 years");
    nanos.map(Duration::from_nanos).ok_or_else(too_long)
}

/// A decimal number of units as nanoseconds; digits beyond a nanosecond are dropped.
fn scaled(digits: &str, factor: u64) -> Option<u128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = u128::from(whole) * u128::from(factor);
    let mut place = u128::from(factor);
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    Some(nanos)
}

/// A duration as Go prints it: `1h30m0s`, `250ms`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let decimal = |value: u128, unit: u128, name: &str| {
        let (whole, rest) = (value / unit, value % unit);
        if rest == 0 {
            return format!("{whole}{name}");
        }
        let width = unit.ilog10() as usize;
        let fraction = format!("{rest:0width$}");
        format!("{whole}.{}{name}", fraction.trim_end_matches('0'))
    };
    match nanos {
        0..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(nanos, 1_000_000, "ms"),
        _ => {
            const MINUTE: u128 = 60_000_000_000;
            let seconds = decimal(nanos % MINUTE, 1_000_000_000, "s");
            match (nanos / MINUTE / 60, nanos / MINUTE % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{format_duration, parse_duration};

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let shown = parse_duration(text).map_or_else(|error| error, format_duration);
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn durations() {
        check("1h30m", "1h30m0s");
        check("250ms", "250ms");
        check("1.5s", "1.5s");
        check("90m", "1h30m0s");
        check("0", "0s");
        check("0s", "0s");
        check("1500us", "1.5ms");
        check("7ns", "7ns");
        check(".5h", "30m0s");
        check("1m0.05s", "1m0.05s");
        check("5", "the duration \"5\" has no unit, write one like \"5s\"");
        check("-1s", "the duration \"-1s\" is negative");
        check("7d", "\"7d\" is no duration, its largest unit is h (hours)");
        check("", "\"\" is no duration, write one like \"1h30m\" or \"250ms\"");
        check("1.2.3s", "\"1.2.3s\" is no duration, write one like \"1h30m\" or \"250ms\"");
        check("9999999h", "the duration \"9999999h\" is longer than 292 years");
        check("99999999999h", "the duration \"99999999999h\" is longer than 292 years");
    }
}
