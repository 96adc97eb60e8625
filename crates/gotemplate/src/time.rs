//! Points in time with the zone they are shown in, as Go's `time.Time`.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::layout;

/// How Go prints a time where no layout is given.
const DEFAULT_LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
/// The second at which year 1 begins: Go's zero time.
const ZERO_SECONDS: i64 = -62_135_596_800;

/// A point in time and its zone.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    at: Timestamp,
    zone: Zone,
}

/// Where a time is shown. The local zone is UTC: what a query answers must not depend on the
/// machine it runs on.
#[derive(Debug, Clone)]
pub(crate) enum Zone {
    Utc,
    /// An offset east of UTC, with the name it was given, if any.
    Fixed {
        name: String,
        seconds: i32,
    },
    Region(TimeZone),
}

/// A time as the clock on the wall of its zone shows it.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) at: DateTime,
    /// Seconds east of UTC.
    pub(crate) offset: i32,
    /// The abbreviation of the zone; may be empty.
    pub(crate) zone: String,
}

impl Time {
    /// A time in UTC from nanoseconds since 1970.
    pub(crate) fn from_nanos(nanos: i64) -> Self {
        let at = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { at, zone: Zone::Utc }
    }

    /// A time in UTC from seconds since 1970; the zero time if there is no such year.
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Timestamp::from_second(seconds)
            .map_or_else(|_| Self::zero(), |at| Self { at, zone: Zone::Utc })
    }

    /// What the clock of a zone shows as `civil`.
    pub(crate) fn from_civil(civil: DateTime, zone: Zone) -> Self {
        let at = match &zone {
            Zone::Utc => TimeZone::UTC.to_timestamp(civil),
            Zone::Region(region) => region.to_timestamp(civil),
            Zone::Fixed { seconds, .. } => TimeZone::UTC
                .to_timestamp(civil)
                .and_then(|at| at.checked_sub(SignedDuration::from_secs(i64::from(*seconds)))),
        };
        at.map_or_else(|_| Self::zero(), |at| Self { at, zone })
    }

    /// Go's zero time: midnight of January 1 of year 1. What a date that cannot be read gives.
    pub(crate) fn zero() -> Self {
        let at = Timestamp::from_second(ZERO_SECONDS).unwrap_or(Timestamp::MIN);
        Self { at, zone: Zone::Utc }
    }

    /// A time so much later; the same where the calendar ends.
    pub(crate) fn plus_nanos(&self, nanos: i64) -> Self {
        let at = self.at.checked_add(SignedDuration::from_nanos(nanos)).unwrap_or(self.at);
        Self { at, zone: self.zone.clone() }
    }

    pub(crate) fn in_zone(&self, zone: Zone) -> Self {
        Self { at: self.at, zone }
    }

    /// A time of the year 0 in the year that is near: around New Year's Eve that of the other side.
    pub(crate) fn with_year_near(&self, now: &Self) -> Option<Self> {
        let (at, now) = (self.local().at, now.local().at);
        let year = match (at.month(), now.month()) {
            (12, 1) => now.year() - 1,
            (1, 12) => now.year() + 1,
            _ => now.year(),
        };
        let at = if at.year() == 0 { at.with().year(year).build().ok()? } else { return None };
        Some(Self::from_civil(at, self.zone.clone()))
    }

    /// Seconds since 1970, rounded down.
    pub(crate) fn seconds(&self) -> i64 {
        i64::try_from(self.at.as_nanosecond().div_euclid(1_000_000_000)).unwrap_or(i64::MIN)
    }

    /// Milliseconds since 1970, rounded down.
    pub(crate) fn millis(&self) -> i64 {
        i64::try_from(self.at.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MIN)
    }

    /// Nanoseconds since 1970; wraps around outside 1678 to 2262, as Go does.
    #[expect(clippy::cast_possible_truncation, reason = "Go wraps around, too")]
    pub(crate) fn nanos(&self) -> i64 {
        self.at.as_nanosecond() as i64
    }

    pub(crate) fn local(&self) -> Local {
        match &self.zone {
            Zone::Utc => {
                Local { at: TimeZone::UTC.to_datetime(self.at), offset: 0, zone: "UTC".into() }
            }
            Zone::Fixed { name, seconds } => {
                let shift = SignedDuration::from_secs(i64::from(*seconds));
                let shown = self.at.checked_add(shift).unwrap_or(self.at);
                let at = TimeZone::UTC.to_datetime(shown);
                Local { at, offset: *seconds, zone: name.clone() }
            }
            Zone::Region(region) => {
                let info = region.to_offset_info(self.at);
                let offset = info.offset().seconds();
                let zone = info.abbreviation().to_owned();
                Local { at: region.to_datetime(self.at), offset, zone }
            }
        }
    }
}

impl Zone {
    /// A zone by its name in the IANA database, which is compiled in; `None` if there is none.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            _ => TimeZoneDatabase::bundled().get(name).ok().map(Self::Region),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&layout::format(self, DEFAULT_LAYOUT))
    }
}
