//! One stream of a log answer: its labels, and its entries as
//! `["<ns>", "<line>"]` or `["<ns>", "<line>", {"structuredMetadata":{…},"parsed":{…}}]`.

use std::fmt;

use model::Timestamp;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};

use crate::response::LabelMap;

/// Entries that share their labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamValues {
    /// The stream's labels; unless categories are told apart, with metadata and parsed labels.
    pub stream: LabelMap,
    /// The entries, in the direction of the query.
    pub values: Vec<StreamEntry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntry {
    /// When.
    pub timestamp: Timestamp,
    /// The line.
    pub line: String,
    /// What is not a label of the stream, if the request asked to tell it apart.
    pub categories: Option<Categories>,
}

/// Labels that belong to an entry, by where they come from. Empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Categories {
    /// Pushed with the entry.
    #[serde(skip_serializing_if = "LabelMap::is_empty")]
    pub structured_metadata: LabelMap,
    /// Taken from the line by the query.
    #[serde(skip_serializing_if = "LabelMap::is_empty")]
    pub parsed: LabelMap,
}

impl Serialize for StreamEntry {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut tuple = json.serialize_tuple(if self.categories.is_some() { 3 } else { 2 })?;
        tuple.serialize_element(&self.timestamp.to_string())?;
        tuple.serialize_element(&self.line)?;
        if let Some(categories) = &self.categories {
            tuple.serialize_element(categories)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for StreamEntry {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_seq(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = StreamEntry;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an entry [\"<nanoseconds>\", \"<line>\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let time: String = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let time = time.parse().map_err(|_| A::Error::custom(format!("{time:?} is no time")))?;
        let line = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        let categories = seq.next_element()?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StreamEntry { timestamp: Timestamp(time), line, categories })
    }
}
