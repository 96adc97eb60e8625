//! What `delete` is asked, and what it tells of requests to delete lines.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::error::ParamError;
use crate::params::Params;
use crate::time::{duration_param, time_param};

/// Lines that somebody wants gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteQuery {
    /// Which lines.
    pub query: String,
    /// The time of the first.
    pub start: Timestamp,
    /// The time of the last.
    pub end: Timestamp,
}

impl DeleteQuery {
    /// Reads the parameters. Without an end, all lines up to now are meant; there is no default
    /// for the start, so that nothing goes by mistake.
    ///
    /// # Errors
    /// When one is missing or cannot be read.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let query = params.get("query").ok_or(ParamError::Missing("query"))?.to_owned();
        let start = time_param(params, "start")?.ok_or(ParamError::Missing("start"))?;
        let end = time_param(params, "end")?.unwrap_or(now);
        // Loki cuts a request into parts of this length; here it is one, so any length will do.
        duration_param(params, "max_interval")?;
        Ok(Self { query, start, end })
    }
}

/// A request to delete lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// By which it is cancelled.
    #[serde(default)]
    pub request_id: String,
    /// The first time, in Unix seconds.
    pub start_time: Number,
    /// The last time, in Unix seconds.
    pub end_time: Number,
    /// Which lines.
    pub query: String,
    /// How far it is.
    #[serde(default)]
    pub status: String,
    /// When it was asked for, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Number>,
}

/// A time in Unix seconds, as Prometheus writes it: with three digits behind the point at most.
#[must_use]
pub fn seconds(time: Timestamp) -> Number {
    let millis = time.as_millis();
    if millis % 1000 == 0 {
        return Number::from(millis / 1000);
    }
    Number::from_f64(millis as f64 / 1000.0).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    #[track_caller]
    fn check(params: &[(&str, &str)], expect: Result<(i64, i64), &str>) {
        let pairs = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let parsed = DeleteQuery::parse(&Params::new(pairs), NOW);
        let seen = parsed.map(|query| (query.start.as_nanos(), query.end.as_nanos()));
        assert_eq!(seen.map_err(|error| error.to_string()), expect.map_err(str::to_owned));
    }

    #[test]
    fn a_start_must_be_said_and_an_end_may() {
        const S: i64 = 1_000_000_000;
        let query = ("query", "{a=\"b\"}");
        check(&[query, ("start", "5")], Ok((5 * S, 1000 * S)));
        check(&[query, ("start", "1970-01-01T00:00:05Z"), ("end", "7")], Ok((5 * S, 7 * S)));
        check(&[query], Err("start not set"));
        check(&[("start", "5")], Err("query not set"));
    }

    #[test]
    fn times_are_written_in_seconds() {
        assert_eq!(seconds(Timestamp::from_millis(1_768_456_800_000)).to_string(), "1768456800");
        assert_eq!(seconds(Timestamp::from_millis(1_768_456_801_500)).to_string(), "1768456801.5");
    }
}
