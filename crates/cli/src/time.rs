//! Times as people write and read them.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use jiff::tz::TimeZone;
use loki::time::Bounds;
use model::{Clock, Timestamp};

use crate::args::RangeArgs;

/// The range that `--since`, `--from` and `--to` give; times without a zone are of `zone`.
///
/// # Errors
/// When one of them cannot be read, or the end is not after the start.
pub fn bounds(args: &RangeArgs, zone: &TimeZone, clock: &dyn Clock) -> Result<Bounds> {
    let end = args.to.as_deref().map_or_else(|| Ok(clock.now()), |to| parse(to, zone))?;
    let start = match &args.from {
        Some(from) => parse(from, zone)?,
        None => end - duration(&args.since)?,
    };
    if start >= end {
        bail!("the range is empty: --from must be before --to");
    }
    Ok(Bounds { start, end })
}

/// Reads RFC 3339, any time that Loki's parameters allow, or a date and time of `zone`.
///
/// # Errors
/// When it is none of them.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp> {
    let local = || -> Option<Timestamp> {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let instant = civil.to_zoned(zone.clone()).ok()?.timestamp();
        i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
    };
    loki::time::parse_time(text).or_else(local).with_context(|| {
        format!("{text:?} is not a time: write it like 2026-01-15T06:00:00Z, or in Unix seconds")
    })
}

/// Reads a duration such as `15s`, `1h30m`, `1.5h` or `2d`.
///
/// # Errors
/// When it is not a duration, or negative.
pub fn duration(text: &str) -> Result<Duration> {
    let duration = logql::duration::parse(text).ok().and_then(|d| u64::try_from(d.0).ok());
    let nanos = duration.or((text == "0").then_some(0));
    nanos
        .map(Duration::from_nanos)
        .ok_or_else(|| anyhow!("{text:?} is not a duration: write it like 15s, 1h30m or 2d"))
}

/// The zone of printed times: `Local`, `UTC`, or a name such as `Europe/Berlin`.
///
/// # Errors
/// When there is no such zone.
pub fn zone(name: &str) -> Result<TimeZone> {
    match name {
        "Local" | "local" => Ok(TimeZone::system()),
        "UTC" | "utc" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).with_context(|| {
            format!("there is no time zone {name:?}: use Local, UTC, or a name like Europe/Berlin")
        }),
    }
}

/// How a time is written: the layouts that Go knows by these names, as logcli offers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TimestampFormat {
    /// 2026-01-15T06:00:00Z
    #[default]
    #[value(name = "rfc3339")]
    Rfc3339,
    /// 2026-01-15T06:00:00.123456789Z
    #[value(name = "rfc3339nano")]
    Rfc3339Nano,
    /// 15 Jan 26 06:00 +0000
    #[value(name = "rfc822z")]
    Rfc822Z,
    /// Thu, 15 Jan 2026 06:00:00 +0000
    #[value(name = "rfc1123z")]
    Rfc1123Z,
    /// Jan 15 06:00:00.123
    #[value(name = "stampmilli")]
    StampMilli,
    /// Jan 15 06:00:00.123456
    #[value(name = "stampmicro")]
    StampMicro,
    /// Jan 15 06:00:00.123456789
    #[value(name = "stampnano")]
    StampNano,
    /// Thu Jan 15 06:00:00 UTC 2026
    #[value(name = "unixdate")]
    UnixDate,
}

impl TimestampFormat {
    /// Writes a time in a zone.
    #[must_use]
    pub fn show(self, time: Timestamp, zone: &TimeZone) -> String {
        let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(time.0)) else {
            return time.to_string();
        };
        let local = instant.to_zoned(zone.clone());
        let format = match (self, local.offset().is_zero()) {
            (Self::Rfc3339, true) => "%Y-%m-%dT%H:%M:%SZ",
            (Self::Rfc3339, false) => "%Y-%m-%dT%H:%M:%S%:z",
            (Self::Rfc3339Nano, true) => "%Y-%m-%dT%H:%M:%S%.fZ",
            (Self::Rfc3339Nano, false) => "%Y-%m-%dT%H:%M:%S%.f%:z",
            (Self::Rfc822Z, _) => "%d %b %y %H:%M %z",
            (Self::Rfc1123Z, _) => "%a, %d %b %Y %H:%M:%S %z",
            (Self::StampMilli, _) => "%b %e %H:%M:%S%.3f",
            (Self::StampMicro, _) => "%b %e %H:%M:%S%.6f",
            (Self::StampNano, _) => "%b %e %H:%M:%S%.9f",
            (Self::UnixDate, _) => "%a %b %e %H:%M:%S %Z %Y",
        };
        local.strftime(format).to_string()
    }
}

/// RFC 3339 with the zone's offset, to the second.
#[must_use]
pub fn show(time: Timestamp, zone: &TimeZone) -> String {
    TimestampFormat::Rfc3339.show(time, zone)
}

#[cfg(test)]
mod tests {
    use model::ManualClock;

    use super::*;

    #[track_caller]
    fn check(format: TimestampFormat, expect: &str) {
        let time = Timestamp(1_767_679_200_123_450_000);
        assert_eq!(format.show(time, &TimeZone::UTC), expect);
    }

    #[test]
    fn times_are_shown_as_go_shows_them() {
        check(TimestampFormat::Rfc3339, "2026-01-06T06:00:00Z");
        check(TimestampFormat::Rfc3339Nano, "2026-01-06T06:00:00.12345Z");
        check(TimestampFormat::Rfc822Z, "06 Jan 26 06:00 +0000");
        check(TimestampFormat::Rfc1123Z, "Tue, 06 Jan 2026 06:00:00 +0000");
        check(TimestampFormat::StampMilli, "Jan  6 06:00:00.123");
        check(TimestampFormat::StampMicro, "Jan  6 06:00:00.123450");
        check(TimestampFormat::StampNano, "Jan  6 06:00:00.123450000");
        check(TimestampFormat::UnixDate, "Tue Jan  6 06:00:00 UTC 2026");
        let whole = Timestamp(1_768_456_800_000_000_000);
        let offset = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(show(whole, &offset), "2026-01-15T08:00:00+02:00");
        let nano = TimestampFormat::Rfc3339Nano.show(whole, &offset);
        assert_eq!(nano, "2026-01-15T08:00:00+02:00", "Go leaves out zeros");
    }

    #[track_caller]
    fn check_bounds(since: &str, from: Option<&str>, to: Option<&str>, expect: &str) {
        let args = RangeArgs {
            since: since.into(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let clock = ManualClock::new(Timestamp::from_secs(10_000));
        let seen = match bounds(&args, &zone, &clock) {
            Ok(bounds) => {
                let secs = |time: Timestamp| time.0 / 1_000_000_000;
                format!("{}..{}", secs(bounds.start), secs(bounds.end))
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(seen, expect);
    }

    #[test]
    fn ranges() {
        check_bounds("1h", None, None, "6400..10000");
        check_bounds("1.5h", None, None, "4600..10000");
        check_bounds("1d", Some("1000"), None, "1000..10000");
        check_bounds("1m", None, Some("1970-01-01T01:00:00Z"), "3540..3600");
        check_bounds("1m", None, Some("1970-01-01T03:00:00"), "3540..3600");
        check_bounds(
            "1h",
            Some("9000"),
            Some("8000"),
            "the range is empty: --from must be before --to",
        );
        check_bounds(
            "an hour",
            None,
            None,
            "\"an hour\" is not a duration: write it like 15s, 1h30m or 2d",
        );
        check_bounds(
            "1h",
            Some("noon"),
            None,
            "\"noon\" is not a time: write it like 2026-01-15T06:00:00Z, or in Unix seconds",
        );
    }
}
