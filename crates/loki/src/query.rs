//! What `query_range` and `query` are asked.

use std::str::FromStr;
use std::time::Duration;

use model::Timestamp;
use model::limits::{DEFAULT_QUERY_LIMIT, MAX_POINTS_PER_SERIES};

use crate::error::ParamError;
use crate::params::Params;
use crate::time::{Bounds, duration_param, duration_text, time_param, time_text};

/// Which end of the range the entries are taken from, and in which order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the oldest to the newest.
    Forward,
    /// From the newest to the oldest: what Loki does when it is not told.
    #[default]
    Backward,
}

impl Direction {
    /// As Loki writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }

    /// Reads the parameter `direction`.
    ///
    /// # Errors
    /// When it is neither of the two.
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        params.get("direction").map_or(Ok(Self::default()), str::parse)
    }
}

impl FromStr for Direction {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        match text.to_ascii_lowercase().as_str() {
            "forward" => Ok(Self::Forward),
            "backward" => Ok(Self::Backward),
            _ => Err(ParamError::Direction(text.to_owned())),
        }
    }
}

/// A query over a range of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// LogQL.
    pub query: String,
    /// Log queries: `start <= t < end`. Metric queries: from start to end by steps.
    pub bounds: Bounds,
    /// Between two points of a series.
    pub step: Duration,
    /// Log queries: the least time between two entries; zero keeps all.
    pub interval: Duration,
    /// Log queries: the most entries.
    pub limit: usize,
    /// Log queries: from which end.
    pub direction: Direction,
}

impl RangeQuery {
    /// Reads the parameters, with Loki's defaults.
    ///
    /// # Errors
    /// When one cannot be read, or together they ask for more points than a series may have.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let bounds = Bounds::parse_ordered(params, now)?;
        let limit = params.limit("limit", DEFAULT_QUERY_LIMIT)?;
        let direction = Direction::parse(params)?;
        let step = step(params, &bounds)?;
        let interval = duration_param(params, "interval")?.unwrap_or_default();
        let interval = u64::try_from(interval).map_err(|_| ParamError::Interval)?;
        Ok(Self {
            query: params.get("query").unwrap_or_default().to_owned(),
            bounds,
            step,
            interval: Duration::from_nanos(interval),
            limit,
            direction,
        })
    }

    /// The parameters that [`RangeQuery::parse`] reads as this query.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        let mut params = vec![("query", self.query.clone())];
        params.extend(self.bounds.to_params());
        params.push(("step", duration_text(self.step)));
        params.push(("limit", self.limit.to_string()));
        params.push(("direction", self.direction.as_str().to_owned()));
        if !self.interval.is_zero() {
            params.push(("interval", duration_text(self.interval)));
        }
        params
    }
}

/// The step of a range: given, or a 250th of it.
///
/// # Errors
/// When it is not above zero, or so fine that a series would have more than 11,000 points.
pub fn step(params: &Params, bounds: &Bounds) -> Result<Duration, ParamError> {
    let step = match duration_param(params, "step")? {
        None => bounds.default_step(),
        Some(nanos) => Duration::from_nanos(u64::try_from(nanos).map_err(|_| ParamError::Step)?),
    };
    if step.is_zero() {
        return Err(ParamError::Step);
    }
    if bounds.length().as_nanos() / step.as_nanos() > MAX_POINTS_PER_SERIES.unsigned_abs().into() {
        return Err(ParamError::Resolution);
    }
    Ok(step)
}

/// A query at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantQuery {
    /// LogQL.
    pub query: String,
    /// The time.
    pub time: Timestamp,
    /// The most entries.
    pub limit: usize,
    /// Accepted, without effect on numbers.
    pub direction: Direction,
}

impl InstantQuery {
    /// Reads the parameters, with Loki's defaults.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        Ok(Self {
            query: params.get("query").unwrap_or_default().to_owned(),
            limit: params.limit("limit", DEFAULT_QUERY_LIMIT)?,
            time: time_param(params, "time")?.unwrap_or(now),
            direction: Direction::parse(params)?,
        })
    }

    /// The parameters that [`InstantQuery::parse`] reads as this query.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        vec![
            ("query", self.query.clone()),
            ("time", time_text(self.time)),
            ("limit", self.limit.to_string()),
            ("direction", self.direction.as_str().to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests;
