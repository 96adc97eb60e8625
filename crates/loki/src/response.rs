//! What a query is answered: streams, a matrix, a vector or a scalar, with statistics.
//!
//! Every type is written by the server and read by the clients.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::sample::{Sample, ScalarSample, value_text};
pub use crate::stats::{Querier, Stats, StoreStats, Summary};
pub use crate::stream::{Categories, StreamEntry, StreamValues};

/// Label names with values; unlike [`model::Labels`] a value may be empty here.
pub type LabelMap = BTreeMap<String, String>;

/// The request header that asks for structured metadata and parsed labels apart from the stream's.
pub const ENCODING_FLAGS_HEADER: &str = "X-Loki-Response-Encoding-Flags";
/// The value of that header, and of `encodingFlags`.
pub const CATEGORIZE_LABELS: &str = "categorize-labels";

/// The word at the head of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All went well.
    #[default]
    Success,
}

/// The answer to `query` and `query_range`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryResponse {
    /// Always success: failures are plain text.
    pub status: Status,
    /// Hints for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The result.
    pub data: QueryData,
}

impl QueryResponse {
    /// A plain answer.
    #[must_use]
    pub fn new(result: QueryResult) -> Self {
        let (encoding_flags, explain) = (Vec::new(), Vec::new());
        let data = QueryData { result, encoding_flags, stats: Stats::default(), explain };
        Self { status: Status::Success, warnings: Vec::new(), data }
    }
}

/// The result of a query with what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryData {
    /// [`CATEGORIZE_LABELS`] when the labels are told apart. Grafana reads an answer from front to
    /// back, and must know it before the first entry comes.
    #[serde(rename = "encodingFlags", default, skip_serializing_if = "Vec::is_empty")]
    pub encoding_flags: Vec<String>,
    /// `resultType` and `result`.
    #[serde(flatten)]
    pub result: QueryResult,
    /// What was read for it.
    #[serde(default)]
    pub stats: Stats,
    /// Ours: how it was found, line by line, if that was asked for with `explain=true`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explain: Vec<String>,
}

/// The result itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub enum QueryResult {
    /// Lines.
    Streams(Vec<StreamValues>),
    /// Numbers over time.
    Matrix(Vec<MatrixSeries>),
    /// Numbers at one time.
    Vector(Vec<VectorSample>),
    /// One number without labels.
    Scalar(ScalarSample),
}

/// One series over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixSeries {
    /// Its labels.
    pub metric: LabelMap,
    /// Its points, from the oldest to the newest.
    pub values: Vec<Sample>,
}

/// One series at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VectorSample {
    /// Its labels.
    pub metric: LabelMap,
    /// Its point.
    pub value: Sample,
}

#[cfg(test)]
mod tests;
