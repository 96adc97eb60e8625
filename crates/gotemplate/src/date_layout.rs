//! A text read by one of Go's date layouts, for those who have no template.

use crate::layout;
use crate::time::{Time, Zone};

/// Go's layout of a date, and the zone of texts that name none.
#[derive(Debug, Clone)]
pub struct DateLayout {
    layout: String,
    zone: Zone,
    has_year: bool,
}

impl DateLayout {
    /// A layout such as `2006-01-02 15:04:05`, and a location by its name in the IANA database; the
    /// empty name is UTC. `None` when there is no such location.
    #[must_use]
    pub fn new(layout: &str, location: &str) -> Option<Self> {
        let zone = Zone::named(location)?;
        Some(Self { layout: layout.to_owned(), zone, has_year: layout.contains("06") })
    }

    /// The time that a text names, in nanoseconds since 1970; `None` when it is not of the layout.
    /// Where the layout has no year, it is the one that brings the time near to `now_nanos`.
    #[must_use]
    pub fn read(&self, text: &str, now_nanos: i64) -> Option<i64> {
        let time = layout::parse(&self.layout, text, &self.zone)?;
        if self.has_year {
            return Some(time.nanos());
        }
        time.with_year_near(&Time::from_nanos(now_nanos)).map(|time| time.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR_2026: i64 = 1_767_225_600_000_000_000;

    #[track_caller]
    fn check(layout: &str, location: &str, text: &str, seconds_after: Option<i64>) {
        let read = DateLayout::new(layout, location).unwrap().read(text, NEW_YEAR_2026 + 5);
        let expect = seconds_after.map(|seconds| NEW_YEAR_2026 + seconds * 1_000_000_000);
        assert_eq!(read, expect, "{text}");
    }

    #[test]
    fn reads_dates() {
        check("2006-01-02 15:04:05", "", "2026-01-01 00:00:07", Some(7));
        check("2006-01-02 15:04:05", "Europe/Berlin", "2026-01-01 01:00:00", Some(0));
        check("2006-01-02 15:04:05", "", "yesterday", None);
        assert!(DateLayout::new("2006", "Middle/Earth").is_none());
    }

    #[test]
    fn the_year_that_is_missing_is_near() {
        check("Jan _2 15:04:05", "", "Jan  2 00:00:00", Some(86_400));
        check("Jan _2 15:04:05", "", "Dec 31 23:59:59", Some(-1));
    }
}
