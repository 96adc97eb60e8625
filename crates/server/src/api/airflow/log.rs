//! `/airflow/v1/log`: the lines of one try, page by page.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use logql::eval::{Direction, Value};
use loki::Params;
use loki::detect_level::DETECTED_LEVEL;
use loki::time::{Bounds, rfc3339};
use model::Timestamp;
use query::{Kind, Request};
use serde::Serialize;

use super::asked;
use crate::api::json::Json;
use crate::app::App;
use crate::limit::check_bounds;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// Lines of a page that does not say how many it wants.
const LIMIT: usize = 1_000;
/// The most lines of a page.
pub(super) const LIMIT_MAX: usize = 5_000;
/// The most lines of one nanosecond that a page can begin behind.
const SEEN_MAX: usize = 100_000;
/// The index of a task that is not mapped.
const NOT_MAPPED: &str = "-1";
/// Parameters without which it is not one try.
const NEEDED: [&str; 4] = ["dag_id", "task_id", "run_id", "try_number"];

pub(crate) async fn log(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<TryLog>, Refusal> {
    let query = one_try(&params)?;
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let instead = "ask for the next page with `next`";
    let limit = asked::limit(&params, (LIMIT, LIMIT_MAX), instead)?;
    let direction = direction(&params)?;
    let place = params.get("page").map(Place::parse).transpose()?;
    let bounds = check_bounds(asked::reach(&params, now)?, now, &policy.limits)?;
    let bounds = place.map_or(bounds, |place| place.rest(bounds, direction));
    let request = Request {
        tenant: tenant.clone(),
        query: policy.parse(&query)?,
        kind: Kind::Range { start: bounds.start, end: bounds.end, step: Duration::ZERO },
        limit: limit + place.map_or(0, |place| place.seen),
        direction,
        interval: Duration::ZERO,
    };
    let found = app.engine(&tenant).run(request).await?.value;
    Ok(Json(page(found, direction, limit, place)))
}

/// A page of the log of a try.
#[derive(Debug, Serialize)]
pub(crate) struct TryLog {
    lines: Vec<Line>,
    /// `page` of the request that goes on behind the last line.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    time: String,
    level: Option<String>,
    line: String,
}

/// The LogQL of the lines of the try.
///
/// # Errors
/// When the request does not name one.
pub(super) fn one_try(params: &Params) -> Result<String, Refusal> {
    if let Some(missing) = NEEDED.iter().find(|name| !is_told(params, name)) {
        let text = format!("{missing} is missing; /airflow/v1/tries tells which tries there are");
        return Err(Refusal::bad_request(text));
    }
    Ok(asked::lines_of(&of_one_try(params)))
}

/// The columns of the try, with their values.
pub(super) fn of_one_try(params: &Params) -> Vec<(&'static str, String)> {
    let mut equal = asked::of_lines(params);
    if !is_told(params, "map_index") {
        equal.push(("map_index", NOT_MAPPED.to_owned()));
    }
    equal
}

/// One that is there and empty would narrow nothing down.
fn is_told(params: &Params, name: &str) -> bool {
    params.get(name).is_some_and(|value| !value.is_empty())
}

fn direction(params: &Params) -> Result<Direction, Refusal> {
    match params.get("direction") {
        None | Some("forward") => Ok(Direction::Forward),
        Some("backward") => Ok(Direction::Backward),
        Some(other) => {
            let text = format!("direction is {other:?}; it is forward or backward");
            Err(Refusal::bad_request(text))
        }
    }
}

/// Behind which line a page begins: a time, and how many lines of it were given.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    time: Timestamp,
    seen: usize,
}

impl Place {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let place = text.split_once('.').and_then(|(time, seen)| {
            Some(Self { time: Timestamp(time.parse().ok()?), seen: seen.parse().ok()? })
        });
        place.filter(|place| place.seen <= SEEN_MAX).ok_or_else(|| {
            Refusal::bad_request("page is not what `next` of an answer said".to_owned())
        })
    }

    /// What is left of the bounds, with the lines of the time itself.
    fn rest(self, bounds: Bounds, direction: Direction) -> Bounds {
        match direction {
            Direction::Forward => Bounds { start: self.time, ..bounds },
            Direction::Backward => {
                Bounds { end: Timestamp(self.time.as_nanos().saturating_add(1)), ..bounds }
            }
        }
    }

    fn text(self) -> String {
        format!("{}.{}", self.time.as_nanos(), self.seen)
    }
}

/// The first lines behind a place.
fn page(found: Value, direction: Direction, limit: usize, place: Option<Place>) -> TryLog {
    let Value::Streams(mut streams) = found else { return TryLog { lines: vec![], next: None } };
    // Lines of one nanosecond come in the same order on every page.
    streams.sort_by_cached_key(|stream| stream.labels.stream.to_string());
    let mut lines: Vec<(Timestamp, Line)> = Vec::new();
    for stream in streams {
        let level = stream.labels.metadata.get(DETECTED_LEVEL);
        lines.extend(stream.entries.into_iter().map(|(at, line)| {
            (at, Line { time: rfc3339(at), level: level.map(str::to_owned), line })
        }));
    }
    match direction {
        Direction::Forward => lines.sort_by_key(|(time, _)| *time),
        Direction::Backward => lines.sort_by_key(|(time, _)| Reverse(*time)),
    }
    let of = |time| move |line: &&(Timestamp, Line)| line.0 == time;
    let seen = place.map_or(0, |it| lines.iter().take_while(of(it.time)).count().min(it.seen));
    lines.drain(..seen);
    lines.truncate(limit);
    let next = lines.last().map(|(time, _)| {
        let before = place.filter(|place| place.time == *time).map_or(0, |place| place.seen);
        Place { time: *time, seen: before + lines.iter().rev().take_while(of(*time)).count() }
    });
    let next = next.or(place).map(Place::text);
    TryLog { lines: lines.into_iter().map(|(_, line)| line).collect(), next }
}

#[cfg(test)]
mod tests {
    use logql::eval::LogStream;

    use super::*;

    /// Asks for pages of so many of these times, each its own line, until one is empty.
    #[track_caller]
    fn check(times: &[i64], direction: Direction, limit: usize, expect: &[&[i64]]) {
        let (mut place, mut pages) = (None, Vec::new());
        loop {
            let all = Bounds { start: Timestamp(0), end: Timestamp(100) };
            let rest = place.map_or(all, |place: Place| place.rest(all, direction));
            let entry = |(n, time): (usize, &i64)| (Timestamp(*time), n.to_string());
            let entries = times.iter().enumerate().map(entry);
            let entries = entries.filter(|(at, _)| rest.start <= *at && *at < rest.end).collect();
            let found = Value::Streams(vec![LogStream { labels: Default::default(), entries }]);
            let TryLog { lines, next } = page(found, direction, limit, place);
            if lines.is_empty() {
                break;
            }
            let at = |line: &Line| times[line.line.parse::<usize>().unwrap()];
            pages.push(lines.iter().map(at).collect::<Vec<_>>());
            place = Some(Place::parse(&next.unwrap()).unwrap());
        }
        assert_eq!(pages, expect);
    }

    #[test]
    fn pages_go_on_where_the_one_before_ended() {
        use Direction::{Backward, Forward};
        check(&[], Forward, 2, &[]);
        check(&[1, 2, 3], Forward, 2, &[&[1, 2], &[3]]);
        check(&[1, 2, 3], Backward, 2, &[&[3, 2], &[1]]);
        check(&[5, 5, 5, 5, 5, 6], Forward, 2, &[&[5, 5], &[5, 5], &[5, 6]]);
        check(&[5, 5, 5, 4], Backward, 2, &[&[5, 5], &[5, 4]]);
    }

    #[test]
    fn a_page_that_nobody_gave_is_refused() {
        for text in ["", "1", "1.x", "x.1", "1.100001"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
