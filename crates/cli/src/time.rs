//! Times as people write and read them.

use anyhow::{Context, Result, anyhow};
use jiff::tz::TimeZone;
use loki::time::Bounds;
use model::{Clock, Timestamp};

use crate::args::RangeArgs;

/// The range that `--since`, `--from` and `--to` give.
///
/// # Errors
/// When one of them cannot be read, or the end is not after the start.
pub fn bounds(args: &RangeArgs, clock: &dyn Clock) -> Result<Bounds> {
    let end = args.to.as_deref().map_or_else(|| Ok(clock.now()), parse)?;
    let start = match &args.from {
        Some(from) => parse(from)?,
        None => end - since(&args.since)?,
    };
    if start >= end {
        return Err(anyhow!("the range is empty: --from must be before --to"));
    }
    Ok(Bounds { start, end })
}

/// Reads RFC 3339, or any time that Loki's parameters allow.
///
/// # Errors
/// When it is none of them.
pub fn parse(text: &str) -> Result<Timestamp> {
    loki::time::parse_time(text).with_context(|| {
        format!("{text:?} is not a time: write it like 2026-01-15T06:00:00Z, or in Unix seconds")
    })
}

/// Reads a duration such as `15s`, `1h30m` or `2d`.
///
/// # Errors
/// When it is not a duration, or negative.
pub fn since(text: &str) -> Result<std::time::Duration> {
    let duration = loki::time::parse_duration(text);
    duration.with_context(|| format!("{text:?} is not a duration: write it like 15s, 1h30m or 2d"))
}

/// The zone of printed times: `Local`, `UTC`, or a name such as `Europe/Berlin`.
///
/// # Errors
/// When there is no such zone.
pub fn zone(name: &str) -> Result<TimeZone> {
    match name {
        "Local" | "local" => Ok(TimeZone::system()),
        "UTC" | "utc" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).with_context(|| format!("there is no time zone {name:?}")),
    }
}

/// RFC 3339 with the zone's offset, to the second, as logcli prints it.
#[must_use]
pub fn show(time: Timestamp, zone: &TimeZone) -> String {
    let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(time.0)) else {
        return time.to_string();
    };
    let local = instant.to_zoned(zone.clone());
    let format =
        if local.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    local.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_logcli_shows_them() {
        let time = Timestamp(1_768_456_800_123_456_789);
        assert_eq!(show(time, &TimeZone::UTC), "2026-01-15T06:00:00Z");
        let offset = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(show(time, &offset), "2026-01-15T08:00:00+02:00");
    }
}
