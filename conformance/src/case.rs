//! The recorded requests with their answers, and the data set they were asked of.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// The settings that the answers were recorded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// Without automatic labels, limits on queries, caches and splitting.
    Plain,
    /// With Loki's own defaults.
    Defaults,
}

/// One request with its answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The name, unique in its recording.
    pub id: String,
    /// What it is about.
    pub category: String,
    /// `GET`, `POST` …
    pub method: String,
    /// The path, without the query string.
    pub path: String,
    /// Names and values, in order; names may repeat.
    pub params: Vec<(String, String)>,
    /// Headers beyond the usual.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A body of text.
    pub request_body: Option<String>,
    /// A body of bytes.
    pub request_body_base64: Option<String>,
    /// Whether the body is sent compressed.
    #[serde(default)]
    pub gzip_body: bool,
    /// Loki's status.
    pub status: u16,
    /// Loki's answer: JSON, or a text.
    pub body: Value,
    /// How to compare, where it is not exactly.
    pub compare: Option<String>,
    /// Whether the order of the series counts.
    #[serde(default)]
    pub ordered: bool,
    /// Whether the limit cuts through entries of one timestamp.
    #[serde(default)]
    pub tie_at_limit: bool,
    /// Whether the request writes, or reads what such a request wrote.
    #[serde(default)]
    pub writes: bool,
}

impl Case {
    /// The first value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The cases of a recording, in order; those that write come last.
///
/// # Errors
/// When the data is damaged.
pub fn cases(recording: Recording) -> Result<Vec<Case>> {
    let packed: &[u8] = match recording {
        Recording::Plain => include_bytes!("../data/queries.jsonl.zst"),
        Recording::Defaults => include_bytes!("../data/queries-defaults.jsonl.zst"),
    };
    lines(packed)?.iter().map(|line| case(line)).collect()
}

/// The data set: one push payload in Loki's JSON each, to be pushed in this order.
///
/// # Errors
/// When the data is damaged.
pub fn dataset() -> Result<Vec<String>> {
    lines(include_bytes!("../data/dataset.jsonl.zst"))
}

fn case(line: &str) -> Result<Case> {
    serde_json::from_str(line)
        .with_context(|| format!("failed to read the case {}", &line[..line.len().min(60)]))
}

fn lines(packed: &[u8]) -> Result<Vec<String>> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(packed)?.read_to_string(&mut text)?;
    Ok(text.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recordings_are_whole() {
        assert_eq!(cases(Recording::Plain).unwrap().len(), 2423);
        assert_eq!(cases(Recording::Defaults).unwrap().len(), 174);
        assert!(!dataset().unwrap().is_empty());
    }
}
