//! Answers of the API before Loki 1.0, under `/api/prom`.

use serde::{Deserialize, Serialize};

/// The answer to `label` and `label/{name}/values`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LegacyLabels {
    /// Names or values, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// The answer to `query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyStreams {
    /// The streams.
    pub streams: Vec<LegacyStream>,
}

/// Entries that share their labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyStream {
    /// As text: `{a="b"}`.
    pub labels: String,
    /// The entries.
    pub entries: Vec<LegacyEntry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyEntry {
    /// When, as RFC 3339.
    pub ts: String,
    /// The line.
    pub line: String,
}

/// What a tail sends at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyTailFrame {
    /// The lines.
    pub streams: Vec<LegacyStream>,
    /// Lines that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_entries: Vec<LegacyDroppedEntry>,
}

/// A line that was left out because its reader was too slow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyDroppedEntry {
    /// When, as RFC 3339.
    pub timestamp: String,
    /// The labels of its stream, as text.
    pub labels: String,
}
