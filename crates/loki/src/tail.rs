//! Lines as they arrive: what `tail` is asked, and what it sends over its WebSocket.

use std::time::Duration;

use model::Timestamp;
use model::limits::DEFAULT_QUERY_LIMIT;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ParamError;
use crate::params::Params;
use crate::response::{LabelMap, StreamValues};
use crate::time::{Bounds, time_text};

/// The longest that lines may be held back for late ones: Loki's.
pub const DELAY_FOR_MAX: Duration = Duration::from_secs(5);

/// What to tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailQuery {
    /// A query for lines.
    pub query: String,
    /// From when on lines are sent that are there already.
    pub start: Timestamp,
    /// The most of these.
    pub limit: usize,
    /// How long lines are held back so that late ones can be put in their place; whole seconds.
    pub delay_for: Duration,
}

impl TailQuery {
    /// Reads the parameters, with Loki's defaults.
    ///
    /// # Errors
    /// When one cannot be read, or lines would be held back for too long.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let delay_for = params.integer("delay_for")?.unwrap_or_default();
        let delay_for = u64::try_from(delay_for).map_err(|_| ParamError::DelayFor)?;
        let delay_for = Duration::from_secs(delay_for);
        if delay_for > DELAY_FOR_MAX {
            return Err(ParamError::DelayFor);
        }
        Ok(Self {
            query: params.get("query").unwrap_or_default().to_owned(),
            start: Bounds::parse(params, now)?.start,
            limit: params.limit("limit", DEFAULT_QUERY_LIMIT)?,
            delay_for,
        })
    }

    /// The parameters that [`TailQuery::parse`] reads as this query.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        vec![
            ("query", self.query.clone()),
            ("start", time_text(self.start)),
            ("limit", self.limit.to_string()),
            ("delay_for", self.delay_for.as_secs().to_string()),
        ]
    }
}

/// What is sent at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TailFrame {
    /// Lines.
    #[serde(deserialize_with = "or_empty")]
    pub streams: Vec<StreamValues>,
    /// Lines that were left out.
    #[serde(deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    pub dropped_entries: Vec<DroppedEntry>,
    /// [`CATEGORIZE_LABELS`](crate::response::CATEGORIZE_LABELS) when the labels are told apart.
    #[serde(
        rename = "encodingFlags",
        deserialize_with = "or_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub encoding_flags: Vec<String>,
}

/// A line that was left out because its reader was too slow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DroppedEntry {
    /// The labels of its stream.
    pub labels: LabelMap,
    /// When, in nanoseconds; some servers write RFC 3339.
    pub timestamp: String,
}

/// Go writes `null` for an empty list.
fn or_empty<'de, D, T>(json: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(json)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expect: &str) {
        let now = Timestamp::from_secs(7200);
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let shown = match TailQuery::parse(&Params::new(owned), now) {
            Ok(query) => {
                let params = query.to_params().into_iter().map(|(n, v)| (n.to_owned(), v));
                assert_eq!(TailQuery::parse(&Params::new(params), now), Ok(query.clone()));
                let TailQuery { query, start, limit, delay_for } = query;
                format!("{query} {} {limit} {delay_for:?}", start.as_millis())
            }
            Err(error) => error.to_string(),
        };
        assert!(shown.starts_with(expect), "for {pairs:?}: {shown}");
    }

    #[test]
    fn parameters_have_loki_s_defaults() {
        check(&[("query", "q")], "q 3600000 100 0ns");
        check(&[("query", "q"), ("start", "5"), ("limit", "7")], "q 5000 7 0ns");
        check(&[("delay_for", "5")], " 3600000 100 5s");
        check(&[("delay_for", "6")], "delay_for can't be greater than 5");
        check(&[("delay_for", "-1")], "delay_for can't be greater than 5");
        check(&[("delay_for", "1s")], "the 'delay_for' parameter \"1s\" is not a whole number");
        check(&[("limit", "0")], "limit must be a positive value");
        check(&[("start", "x")], "could not parse 'start' parameter");
    }

    #[track_caller]
    fn check_frame(read: &str, written: &str) {
        let frame: TailFrame = serde_json::from_str(read).unwrap();
        assert_eq!(serde_json::to_string(&frame).unwrap(), written);
    }

    #[test]
    fn frames_are_read_as_loki_writes_them() {
        let lines = r#"{"streams":[{"stream":{"a":"b"},"values":[["1","x"]]}]}"#;
        check_frame(lines, lines);
        let dropped = r#"{"streams":[],"dropped_entries":[{"labels":{"a":"b"},"timestamp":"1"}]}"#;
        check_frame(dropped, dropped);
        check_frame(r#"{"streams":null,"dropped_entries":null}"#, r#"{"streams":[]}"#);
        let told_apart = r#"{"streams":[{"stream":{},"values":[["1","x",{}]]}],"encodingFlags":["categorize-labels"]}"#;
        check_frame(told_apart, told_apart);
    }
}
