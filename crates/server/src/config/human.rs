//! Sizes and durations as people write them in a Loki configuration: `256KB`, `30d1h`.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

/// `with = "size"`: a number of bytes, or a number with a unit (of 1024, as Loki reads them all).
pub(super) mod size {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &usize, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&size_text(*bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
        from.deserialize_any(SizeVisitor)
    }
}

/// `with = "duration"`: a Prometheus duration.
pub(super) mod duration {
    use std::time::Duration;

    use super::*;

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&loki::time::human_duration(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_any(DurationVisitor)
    }
}

/// The largest unit that fits without a rest: `256KB`, `0B`.
fn size_text(bytes: usize) -> String {
    let units = [("GB", 30), ("MB", 20), ("KB", 10)];
    let fits = |(_, shift): &&(&str, u32)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.iter().find(fits) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => format!("{bytes}B"),
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a size like 262144 or 256KB")
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<usize, E> {
        usize::try_from(bytes).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<usize, E> {
        usize::try_from(bytes).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        parse_size(text).ok_or_else(|| E::custom(format!("{text:?} is no size; write 256KB")))
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = std::time::Duration;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a duration like 30d or 1h30m")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        loki::time::parse_duration(text)
            .ok_or_else(|| E::custom(format!("{text:?} is no duration; write 1h30m")))
    }
}

fn parse_size(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let power = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << (10 * power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<usize>) {
        assert_eq!(parse_size(text), expect, "for {text:?}");
    }

    #[test]
    fn sizes_have_units_of_1024() {
        check("0", Some(0));
        check("256KB", Some(262_144));
        check("3 MB", Some(3_145_728));
        check("1GiB", Some(1 << 30));
        check("12b", Some(12));
        for text in ["", "KB", "1.5MB", "-1", "1TB", "99999999999GB"] {
            check(text, None);
        }
    }
}
