//! Log queries.

use std::collections::BTreeMap;

use model::{Entry, Labels, Stream};

use crate::ast::LogExpr;
use crate::pipeline::{Pipeline, ResultLabels, RowLabels};

use super::error::EvalError;
use super::params::{Direction, LogParams};
use super::select::Selector;
use super::value::LogStream;

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
    let pipeline = Pipeline::new(&expr.stages)?.at(params.range.end);
    let selected = Selector::new(&expr.selector)?.select(streams);
    let limit = if params.limit == 0 { usize::MAX } else { params.limit };
    let mut found: BTreeMap<ResultLabels, LogStream> = BTreeMap::new();
    let mut row = RowLabels::default();
    let mut last = None;
    let mut count = 0;
    for (stream, entry) in in_order(selected, params) {
        if count == limit {
            break;
        }
        row.reset(stream, &entry.metadata);
        let Some(line) = pipeline.process(entry.timestamp, &entry.line, &mut row) else { continue };
        let time = entry.timestamp;
        if last.is_some_and(|last| time.since(last).max(last.since(time)) < params.interval) {
            continue;
        }
        last = Some(time);
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
