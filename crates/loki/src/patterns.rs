//! What Logs Drilldown asks about the patterns of lines.

use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ParamError;
use crate::params::Params;
use crate::query::step;
use crate::response::Status;
use crate::time::Bounds;

/// A question about the patterns of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternsQuery {
    /// A selector.
    pub query: String,
    /// When.
    pub bounds: Bounds,
    /// Lines are counted by so much time.
    pub step: Duration,
}

impl PatternsQuery {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When one cannot be read, or together they ask for more counts than a series may have.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let query = params.get("query").unwrap_or_default().to_owned();
        let bounds = Bounds::parse_ordered(params, now)?;
        Ok(Self { query, bounds, step: step(params, &bounds)? })
    }
}

/// The answer to `patterns`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Patterns {
    /// Always success: failures are plain text.
    pub status: Status,
    /// The patterns, the most frequent first.
    pub data: Vec<PatternSeries>,
}

/// A pattern with how many lines it had over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternSeries {
    /// The lines' text, with `<_>` for what differs.
    pub pattern: String,
    /// Their level.
    pub level: String,
    /// Seconds since 1970 with how many lines there were from then on for a step.
    pub samples: Vec<(i64, u64)>,
}
