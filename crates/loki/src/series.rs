//! What is asked about labels and series, and what is answered.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ParamError;
use crate::params::Params;
use crate::response::{LabelMap, Status};
use crate::time::Bounds;

/// A question about label names, the values of one, or an index statistic: a selector and a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorQuery {
    /// A selector, or nothing for all streams.
    pub query: Option<String>,
    /// When.
    pub bounds: Bounds,
}

impl SelectorQuery {
    /// Reads the parameters `query`, `start`, `end` and `since`.
    ///
    /// # Errors
    /// When a time cannot be read, or the end is before the start.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let query = params.get("query").map(str::to_owned);
        Ok(Self { query, bounds: Bounds::parse_ordered(params, now)? })
    }

    /// The parameters that [`SelectorQuery::parse`] reads as this.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        let query = self.query.iter().map(|query| ("query", query.clone()));
        query.chain(self.bounds.to_params()).collect()
    }
}

/// Which series there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuery {
    /// Selectors, any of which may match; none stands for all streams.
    pub matches: Vec<String>,
    /// When.
    pub bounds: Bounds,
}

impl SeriesQuery {
    /// Reads the parameters `match[]` (or `match`), `start`, `end` and `since`.
    ///
    /// # Errors
    /// When a time cannot be read, or the end is before the start.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let matches = params.all("match[]").chain(params.all("match"));
        // Grafana sends `{}` for "all", which is no selector elsewhere.
        let matches = matches.filter(|text| !matches!(*text, "" | "{}")).map(str::to_owned);
        Ok(Self { matches: matches.collect(), bounds: Bounds::parse_ordered(params, now)? })
    }

    /// The parameters that [`SeriesQuery::parse`] reads as this.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        let matches = self.matches.iter().map(|text| ("match[]", text.clone()));
        matches.chain(self.bounds.to_params()).collect()
    }
}

/// The answer to `labels` and `label/<name>/values`; Loki leaves `data` out when it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LabelsResponse {
    /// Always success.
    pub status: Status,
    /// Names or values, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<String>,
}

/// The answer to `series`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeriesResponse {
    /// Always success.
    pub status: Status,
    /// The labels of each stream.
    pub data: Vec<LabelMap>,
}

/// The answer to `index/stats`: it has no frame around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IndexStats {
    /// Streams.
    pub streams: u64,
    /// Stored parts that hold their rows.
    pub chunks: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes of lines and their metadata.
    pub bytes: u64,
}

/// The answer to `index/shards`: parts into which a query may be cut.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Shards {
    /// The parts.
    pub shards: Vec<Shard>,
    /// Not ours.
    pub statistics: LabelMap,
    /// Not ours.
    pub chunk_groups: Vec<LabelMap>,
}

/// A part of a query: the streams whose hash lies within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shard {
    /// Which hashes.
    pub bounds: HashBounds,
    /// How much there is.
    pub stats: IndexStats,
}

/// Hashes of streams, both ends included; by default all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashBounds {
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
}

impl Default for HashBounds {
    fn default() -> Self {
        Self { min: 0, max: u64::MAX }
    }
}
