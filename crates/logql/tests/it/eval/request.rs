//! Reads the parameters of `/loki/api/v1/query` and `/query_range`, as far as the cases need it.

use std::time::Duration;

use barogram_logql::duration;
use barogram_logql::eval::{Direction, LogParams, Steps};
use model::{TimeRange, Timestamp};
use serde_json::Value as Json;

/// A request, read.
#[derive(Debug)]
pub struct Request {
    pub query: String,
    pub steps: Steps,
    pub direction: Direction,
    pub categorized: bool,
    pub ordered: bool,
    pub tie_at_limit: bool,
    limit: usize,
    interval: Duration,
}

impl Request {
    pub fn read(recorded: &Json) -> Result<Self, String> {
        let param = |name| param(recorded, name);
        let instant = recorded["path"] == "/loki/api/v1/query";
        let steps = match instant {
            true => Steps::instant(time(param("time").unwrap())?),
            false => range(recorded)?,
        };
        let forward = param("direction").is_some_and(|text| text.eq_ignore_ascii_case("forward"));
        Ok(Self {
            query: param("query").unwrap().to_owned(),
            steps,
            direction: if forward { Direction::Forward } else { Direction::Backward },
            categorized: recorded["data"]["encodingFlags"].is_array(),
            ordered: recorded["ordered"] == true,
            tie_at_limit: recorded["tie_at_limit"] == true,
            limit: param("limit").map_or(100, |text| text.parse().unwrap()),
            interval: param("interval").map_or(Ok(Duration::ZERO), seconds)?,
        })
    }

    pub fn log_params(&self) -> LogParams {
        LogParams {
            range: TimeRange { start: self.steps.start, end: self.steps.end },
            limit: self.limit,
            direction: self.direction,
            interval: self.interval,
        }
    }
}

/// A parameter's value, if the request has it.
pub fn param<'a>(recorded: &'a Json, name: &str) -> Option<&'a str> {
    let mut params = recorded["params"].as_array().unwrap().iter();
    params.find(|pair| pair[0] == name)?[1].as_str()
}

fn range(recorded: &Json) -> Result<Steps, String> {
    let end = time(param(recorded, "end").unwrap())?;
    let since = param(recorded, "since").map_or(Ok(Duration::from_secs(3600)), seconds)?;
    let start = param(recorded, "start").map_or(Ok(end - since), time)?;
    let by_default = Duration::from_secs((end.since(start).as_secs() / 250).max(1));
    let step = param(recorded, "step").map_or(Ok(by_default), seconds)?;
    Ok(Steps { start, end, step })
}

/// Seconds with a fraction, nanoseconds, or RFC 3339.
fn time(text: &str) -> Result<Timestamp, String> {
    if text.contains(':') {
        let time: jiff::Timestamp = text.parse().map_err(|error| format!("{error}"))?;
        return i64::try_from(time.as_nanosecond()).map(Timestamp).map_err(|e| e.to_string());
    }
    match text.parse::<i64>() {
        Ok(seconds) if text.len() <= 10 => Ok(Timestamp::from_secs(seconds)),
        Ok(nanos) => Ok(Timestamp(nanos)),
        // Loki keeps milliseconds of a fraction.
        Err(_) => {
            let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
            Ok(Timestamp::from_millis((seconds * 1000.0).round() as i64))
        }
    }
}

/// Seconds with a fraction, or a duration.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs_f64(seconds)),
        Err(_) => Ok(Duration::from_nanos(duration::parse(text)?.0.unsigned_abs())),
    }
}
