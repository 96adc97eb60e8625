//! One point of a series on the wire: `[1768446000.5, "311"]`.

use std::fmt;

use model::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

const MILLIS_PER_SECOND: f64 = 1000.0;

/// A time, to the millisecond, and a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The time; what is finer than a millisecond is cut off on the wire.
    pub time: Timestamp,
    /// The number.
    pub value: f64,
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut pair = json.serialize_tuple(2)?;
        let millis = self.time.as_nanos() / 1_000_000;
        // A whole number has no point on Loki's wire.
        if millis % 1000 == 0 {
            pair.serialize_element(&(millis / 1000))?;
        } else {
            pair.serialize_element(&(millis as f64 / MILLIS_PER_SECOND))?;
        }
        pair.serialize_element(&value_text(self.value))?;
        pair.end()
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let (seconds, value) = json.deserialize_tuple(2, PairVisitor)?;
        let time = Timestamp::from_millis((seconds * MILLIS_PER_SECOND).round() as i64);
        Ok(Self { time, value })
    }
}

/// The number of a scalar query, with the time that Loki prints beside it.
///
/// Loki scales the milliseconds of a scalar's time as if they were seconds, and the product
/// overflows: 2026-01-15T06:00:00Z comes out as -2430631076116. Its clients ignore that time.
/// We print the same, so that answers can be compared byte for byte, and do not read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalarSample {
    /// The time of the query; zero when it was read from the wire.
    pub time: Timestamp,
    /// The number.
    pub value: f64,
}

impl Serialize for ScalarSample {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let millis = self.time.as_nanos() / 1_000_000;
        let overflown = millis.wrapping_mul(1_000_000).wrapping_mul(1000) / 1_000_000;
        (overflown, value_text(self.value)).serialize(json)
    }
}

impl<'de> Deserialize<'de> for ScalarSample {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let (_, value) = json.deserialize_tuple(2, PairVisitor)?;
        Ok(Self { time: Timestamp::default(), value })
    }
}

/// A number as Go prints it with the format `f` and the shortest precision that reads back.
#[must_use]
pub fn value_text(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_owned(),
        v if v == f64::INFINITY => "+Inf".to_owned(),
        v if v == f64::NEG_INFINITY => "-Inf".to_owned(),
        // Rust's shortest form never has an exponent.
        v => v.to_string(),
    }
}

struct PairVisitor;

impl<'de> Visitor<'de> for PairVisitor {
    type Value = (f64, f64);

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a point [<seconds>, \"<number>\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let seconds = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let text: String = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        // Rust reads +Inf, -Inf and NaN as Go writes them.
        let value = text.parse().map_err(|_| A::Error::custom(format!("{text:?} is no number")))?;
        Ok((seconds, value))
    }
}
