//! Log queries.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Entry, Labels, Stream, Timestamp};

use crate::ast::LogExpr;
use crate::pipeline::{Pipeline, ResultLabels, RowLabels};

use super::error::EvalError;
use super::params::{Direction, LogParams};
use super::select::{Selector, SelectorScope};
use super::value::LogStream;

/// A log query, compiled: for whoever asks it of one entry after the other. Live tail asks it for
/// an hour.
#[derive(Debug)]
pub struct PreparedLog {
    selector: Arc<Selector>,
    pipeline: Pipeline,
}

impl PreparedLog {
    /// Compiles a query.
    ///
    /// # Errors
    /// When a matcher or a stage cannot be built.
    pub fn new(expr: &LogExpr, scope: SelectorScope) -> Result<Self, EvalError> {
        let selector = Arc::new(Selector::new(&expr.selector, scope)?);
        Ok(Self { selector, pipeline: Pipeline::new(&expr.stages)? })
    }

    /// The same query, whose templates take this for the time that `now` gives.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { pipeline: self.pipeline.at(now), ..self }
    }

    /// Which entries are meant.
    #[must_use]
    pub fn selector(&self) -> &Arc<Selector> {
        &self.selector
    }

    /// The line that the stages make of an entry which the selector means, and its labels in `row`;
    /// `None` when a filter drops it.
    pub fn process<'a>(
        &self,
        stream: &Labels,
        entry: &'a Entry,
        row: &mut RowLabels,
    ) -> Option<Cow<'a, str>> {
        row.reset(stream, &entry.metadata);
        self.pipeline.process(entry.timestamp, &entry.line, row)
    }
}

/// The lines that a log query finds, by their labels after the pipeline.
///
/// Lines of one time are in the order in which they came, or the reverse if the direction is
/// backward.
///
/// # Errors
/// When a stage cannot be built.
pub fn log(
    expr: &LogExpr,
    streams: &[Stream],
    params: &LogParams,
) -> Result<Vec<LogStream>, EvalError> {
    let query = PreparedLog::new(expr, params.scope)?.at(params.range.end);
    let selected = query.selector.select(streams);
    let limit = if params.limit == 0 { usize::MAX } else { params.limit };
    let mut found: BTreeMap<ResultLabels, LogStream> = BTreeMap::new();
    let mut row = RowLabels::default();
    let mut spacing = params.spacing();
    let mut count = 0;
    for (stream, entry) in in_order(selected, params) {
        if count == limit {
            break;
        }
        let Some(line) = query.process(stream, entry, &mut row) else { continue };
        let time = entry.timestamp;
        if !spacing.keeps(time) {
            continue;
        }
        count += 1;
        let labels = row.result();
        let stream = found
            .entry(labels)
            .or_insert_with_key(|labels| LogStream { labels: labels.clone(), entries: Vec::new() });
        stream.entries.push((time, line.into_owned()));
    }
    Ok(found.into_values().collect())
}

/// The entries of a range of time, of all streams together, in the order of the direction.
fn in_order<'a>(
    selected: BTreeMap<&'a Labels, Vec<&'a Entry>>,
    params: &LogParams,
) -> Vec<(&'a Labels, &'a Entry)> {
    let mut rows: Vec<(&Labels, &Entry)> = Vec::new();
    for (stream, entries) in selected {
        let inside = entries.into_iter().filter(|entry| params.range.contains(entry.timestamp));
        rows.extend(inside.map(|entry| (stream, entry)));
    }
    rows.sort_by_key(|(_, entry)| entry.timestamp);
    if params.direction == Direction::Backward {
        rows.reverse();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;
    use crate::eval::SelectorScope;
    use model::{TimeRange, Timestamp};
    use std::time::Duration;

    fn params(limit: usize, direction: Direction, interval: u64) -> LogParams {
        let range = TimeRange { start: Timestamp(1), end: Timestamp(5) };
        let (interval, split) = (Duration::from_nanos(interval), Duration::ZERO);
        let scope = SelectorScope::Labels;
        LogParams { range, limit, direction, interval, split, scope }
    }

    /// Queries lines named after their stream and time.
    #[track_caller]
    fn check(query: &str, params: &LogParams, expect: &[&str]) {
        let stream = |app: &str, times: &[i64]| Stream {
            labels: Labels::new([("app", app), ("all", "1")]),
            entries: times.iter().map(|t| Entry::new(Timestamp(*t), format!("{app}{t}"))).collect(),
        };
        let streams = [stream("x", &[1, 3, 5]), stream("y", &[4, 2])];
        let Ok(Expr::Log(expr)) = crate::parse(query) else { panic!("{query}") };
        let found = log(&expr, &streams, params).unwrap();
        let entries = found.iter().flat_map(|stream| &stream.entries);
        let lines: Vec<&str> = entries.map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, expect, "for {query} and {params:?}");
    }

    #[test]
    fn the_limit_takes_the_first_lines_of_the_direction() {
        let all = r#"{all="1"}"#;
        check(all, &params(0, Direction::Forward, 0), &["x1", "x3", "y2", "y4"]);
        check(all, &params(0, Direction::Backward, 0), &["x3", "x1", "y4", "y2"]);
        check(all, &params(3, Direction::Forward, 0), &["x1", "x3", "y2"]);
        check(all, &params(1, Direction::Backward, 0), &["y4"]);
        check(r#"{all="1"} != "4""#, &params(1, Direction::Backward, 0), &["x3"]);
    }

    #[test]
    fn an_interval_leaves_out_what_is_too_close() {
        let all = r#"{all="1"}"#;
        check(all, &params(0, Direction::Forward, 2), &["x1", "x3"]);
        check(all, &params(0, Direction::Backward, 3), &["x1", "y4"]);
    }

    #[test]
    fn lines_are_grouped_by_what_the_pipeline_makes_of_their_labels() {
        let query = r#"{all="1"} | drop app"#;
        check(query, &params(0, Direction::Forward, 0), &["x1", "y2", "x3", "y4"]);
    }
}
