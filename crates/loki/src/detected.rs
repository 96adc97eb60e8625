//! What Grafana's log apps ask about labels and fields that they do not know yet.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ParamError;
use crate::params::Params;
use crate::time::Bounds;

/// Fields of an answer that does not say how many it wants.
pub const DEFAULT_FIELD_LIMIT: usize = 1000;
/// Lines that are looked at for fields, by default.
pub const DEFAULT_LINE_LIMIT: usize = 100;

/// A question about the fields of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldsQuery {
    /// A log query.
    pub query: String,
    /// When.
    pub bounds: Bounds,
    /// The most fields, or values of one field.
    pub limit: usize,
    /// The lines that are looked at.
    pub line_limit: usize,
}

impl FieldsQuery {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let alias = params.limit("field_limit", DEFAULT_FIELD_LIMIT)?;
        Ok(Self {
            query: params.get("query").unwrap_or_default().to_owned(),
            bounds: Bounds::parse_ordered(params, now)?,
            limit: params.limit("limit", alias)?,
            line_limit: params.limit("line_limit", DEFAULT_LINE_LIMIT)?,
        })
    }
}

/// The answer to `detected_labels`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DetectedLabels {
    /// Labels worth showing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detected_labels: Vec<DetectedLabel>,
}

/// A label with the number of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedLabel {
    /// The name.
    pub label: String,
    /// How many values it has.
    pub cardinality: u64,
}

/// The answer to `detected_fields`; Loki leaves out what is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectedFields {
    /// The fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DetectedField>,
    /// The most that were asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub limit: usize,
}

/// A field of lines, or of their structured metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetectedField {
    /// The name, as a query says it.
    pub label: String,
    /// What its values look like.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// How many values it has.
    pub cardinality: u64,
    /// The parsers that find it; nothing for structured metadata.
    pub parsers: Option<Vec<String>>,
    /// Where it is in a JSON line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json_path: Vec<String>,
}

/// What the values of a field look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A whole number.
    Int,
    /// Another number.
    Float,
    /// True or false.
    Boolean,
    /// A duration, like `1.5s`.
    Duration,
    /// A size, like `10KB`.
    Bytes,
    /// Anything else.
    String,
}

/// The answer to `detected_field/{name}/values`; Loki leaves out what is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectedValues {
    /// The values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The most that were asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub limit: usize,
}

fn is_zero(limit: &usize) -> bool {
    *limit == 0
}
