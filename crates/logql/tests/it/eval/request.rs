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
    pub fn read(recorded: &Json) -> Self {
        let param = |name| param(recorded, name);
        let instant = recorded["path"] == "/loki/api/v1/query";
        let steps = match instant {
            true => Steps::instant(time(param("time").unwrap())),
            false => range(recorded),
        };
        let forward = param("direction").is_some_and(|text| text.eq_ignore_ascii_case("forward"));
        Self {
            query: param("query").unwrap().to_owned(),
            steps,
            direction: if forward { Direction::Forward } else { Direction::Backward },
            categorized: recorded["data"]["encodingFlags"].is_array(),
            ordered: recorded["ordered"] == true,
            tie_at_limit: recorded["tie_at_limit"] == true,
            limit: param("limit").map_or(100, |text| text.parse().unwrap()),
            interval: param("interval").map_or(Duration::ZERO, seconds),
        }
    }

    pub fn log_params(&self) -> LogParams {
        let Steps { start, end, .. } = self.steps;
        // A range of no length is the lines of that very nanosecond.
        let end = if start == end { Timestamp(end.0 + 1) } else { end };
        LogParams {
            range: TimeRange { start, end },
            limit: self.limit,
            direction: self.direction,
            interval: self.interval,
        }
    }
}

/// A parameter's value, if the request has it.
fn param<'a>(recorded: &'a Json, name: &str) -> Option<&'a str> {
    let mut params = recorded["params"].as_array().unwrap().iter();
    params.find(|pair| pair[0] == name)?[1].as_str()
}

fn range(recorded: &Json) -> Steps {
    let end = time(param(recorded, "end").unwrap());
    let since = param(recorded, "since").map_or(Duration::from_secs(3600), seconds);
    let start = param(recorded, "start").map_or(end - since, time);
    let by_default = Duration::from_secs((end.since(start).as_secs() / 250).max(1));
    Steps { start, end, step: param(recorded, "step").map_or(by_default, seconds) }
}

/// Seconds with a fraction, nanoseconds, or RFC 3339.
fn time(text: &str) -> Timestamp {
    if text.contains(':') {
        let time: jiff::Timestamp = text.parse().unwrap();
        return Timestamp(time.as_nanosecond().try_into().unwrap());
    }
    match text.parse::<i64>() {
        Ok(seconds) if text.len() <= 10 => Timestamp::from_secs(seconds),
        Ok(nanos) => Timestamp(nanos),
        // Of a fraction Loki keeps milliseconds.
        Err(_) => Timestamp::from_millis((text.parse::<f64>().unwrap() * 1000.0).round() as i64),
    }
}

/// Seconds with a fraction, or a duration.
fn seconds(text: &str) -> Duration {
    match text.parse() {
        Ok(seconds) => Duration::from_secs_f64(seconds),
        Err(_) => Duration::from_nanos(duration::parse(text).unwrap().0.unsigned_abs()),
    }
}
