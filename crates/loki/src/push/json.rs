//! The JSON form of a push:
//! `{"streams":[{"stream":{"a":"b"},"values":[["<ns>","<line>",{"key":"value"}]]}]}`.
//!
//! Read as Loki reads it: the time is a decimal string, a fourth element is ignored, `null` in
//! place of an entry is skipped, and of a name that comes twice the last one counts. Read by hand,
//! one visitor for each level, so that what comes is counted before memory is taken for it.

use std::cell::Cell;
use std::fmt;

use model::labels::is_label_name;
use model::{Labels, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::push::decode::RawStream;
use crate::push::error::PushError;

/// The streams of a JSON push.
pub(crate) fn read(bytes: &[u8], max_elements: usize) -> Result<Vec<RawStream>, PushError> {
    let budget = Budget { left: Cell::new(max_elements), spent: Cell::new(false) };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let streams = BodyVisitor(&budget).deserialize(&mut json);
    if budget.spent.get() {
        return Err(PushError::TooManyElements { limit: max_elements });
    }
    let streams = streams?;
    json.end()?;
    Ok(streams)
}

/// How many streams, entries and pairs may still come.
struct Budget {
    left: Cell<usize>,
    spent: Cell<bool>,
}

impl Budget {
    fn take<E: Error>(&self) -> Result<(), E> {
        let Some(left) = self.left.get().checked_sub(1) else {
            self.spent.set(true);
            return Err(E::custom("too many elements"));
        };
        self.left.set(left);
        Ok(())
    }
}

type Pairs = Vec<(String, String)>;
type RawEntry = (Timestamp, String, Pairs);

/// Makes a visitor deserialize by visiting whatever comes.
macro_rules! visit_any {
    ($($visitor:ident)*) => {$(
        impl<'de> DeserializeSeed<'de> for $visitor<'_> {
            type Value = <Self as Visitor<'de>>::Value;

            fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
                json.deserialize_any(self)
            }
        }
    )*};
}

visit_any!(BodyVisitor StreamsVisitor StreamVisitor ValuesVisitor EntryVisitor PairsVisitor);

struct BodyVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for BodyVisitor<'_> {
    type Value = Vec<RawStream>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with \"streams\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut streams = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "streams" => streams = map.next_value_seed(StreamsVisitor(self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(streams)
    }
}

struct StreamsVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for StreamsVisitor<'_> {
    type Value = Vec<RawStream>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of streams")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut streams = Vec::new();
        while let Some(stream) = seq.next_element_seed(StreamVisitor(self.0))? {
            self.0.take()?;
            streams.push(stream);
        }
        Ok(streams)
    }
}

struct StreamVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for StreamVisitor<'_> {
    type Value = RawStream;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with \"stream\" and \"values\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut labels, mut entries) = (Vec::new(), Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "stream" => labels = map.next_value_seed(PairsVisitor(self.0))?,
                "values" => entries = map.next_value_seed(ValuesVisitor(self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let mut stream = RawStream::new(label_set(labels));
        for (time, line, pairs) in entries {
            stream.add(time, line, &pairs);
        }
        Ok(stream)
    }
}

fn label_set(pairs: Pairs) -> Result<Labels, String> {
    match pairs.iter().find(|(name, _)| !is_label_name(name)) {
        Some((name, _)) => {
            Err(format!("{name:?} is no label name, which is [a-zA-Z_][a-zA-Z0-9_]*"))
        }
        None => Ok(Labels::new(pairs)),
    }
}

struct ValuesVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for ValuesVisitor<'_> {
    type Value = Vec<RawEntry>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of entries")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element_seed(EntryVisitor(self.0))? {
            self.0.take()?;
            entries.extend(entry);
        }
        Ok(entries)
    }
}

struct EntryVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for EntryVisitor<'_> {
    type Value = Option<RawEntry>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an entry [\"<nanoseconds>\", \"<line>\", {<metadata>}]")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some(time) = seq.next_element::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let time = time.parse().map_err(|_| {
            A::Error::custom(format!("the time {time:?} is not a number of nanoseconds"))
        })?;
        // An entry of a time alone is an empty line, as in Loki.
        let line = seq.next_element::<String>()?.unwrap_or_default();
        let pairs = seq.next_element_seed(PairsVisitor(self.0))?.unwrap_or_default();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some((Timestamp(time), line, pairs)))
    }
}

/// Reads an object whose values are strings, in its own order, names repeated as sent.
struct PairsVisitor<'a>(&'a Budget);

impl<'de> Visitor<'de> for PairsVisitor<'_> {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object whose values are strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            self.0.take()?;
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
