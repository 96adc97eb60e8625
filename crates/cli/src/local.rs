//! LogQL over the lines of standard input, without a server: `--stdin`.
//!
//! logcli gives the lines the label `source="logcli"` and the present time; so do we, one
//! nanosecond apart, so that they stay in order. All of them being of one moment, a question about
//! numbers is asked at that moment.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use logql::ast::Expr;
use logql::eval::{self, Direction, LogParams, LogStream, SelectorScope, Series, Steps, Value};
use loki::response::{QueryResult, Sample, ScalarSample, StreamEntry, StreamValues, VectorSample};
use model::{Entry, Labels, Stream, TimeRange, Timestamp};

use crate::parse;

/// What is read at most: all lines are held in memory, several times over.
const INPUT_BYTES_MAX: u64 = 256 << 20;

/// Reads lines and asks a query of them. `limit` is the most lines, zero for all.
///
/// # Errors
/// When the input is too long or no text, or the query cannot be read or answered.
pub fn query(input: impl Read, query: &str, now: Timestamp, limit: usize) -> Result<QueryResult> {
    let expr = parse::local_query(query)?;
    let stream = stream(&read(input)?, now);
    let end = stream.entries.last().map_or(now, |entry| entry.timestamp);
    let range = TimeRange { start: now, end: end + Duration::from_nanos(1) };
    let streams = [stream];
    let at = Steps::instant(end);
    let scope = SelectorScope::default();
    let value = match &expr {
        Expr::Log(log) => {
            let (interval, split) = (Duration::ZERO, Duration::ZERO);
            let direction = Direction::Forward;
            let params = LogParams { range, limit, direction, interval, split, scope };
            Value::Streams(eval::log(log, &streams, &params)?)
        }
        Expr::Metric(metric) => eval::metric(metric, &streams, &at, scope)?,
        Expr::Count(count) => {
            let length = range.end.since(range.start) + Duration::from_nanos(1);
            eval::metric(&count.clone().over(length), &streams, &at, scope)?
        }
    };
    Ok(result(value))
}

fn read(input: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    let read = input.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes);
    if read.context("failed to read standard input")? as u64 > INPUT_BYTES_MAX {
        bail!(
            "standard input is longer than {} MiB: ask it in parts, or push it to a server",
            INPUT_BYTES_MAX >> 20
        );
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn stream(text: &str, now: Timestamp) -> Stream {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    let entries = lines.zip(0..).map(|(line, nanos)| {
        Entry::new(now + Duration::from_nanos(nanos), line.strip_suffix('\r').unwrap_or(line))
    });
    Stream { labels: Labels::new([("source", "logcli")]), entries: entries.collect() }
}

fn result(value: Value) -> QueryResult {
    match value {
        Value::Streams(streams) => QueryResult::Streams(streams.into_iter().map(lines).collect()),
        Value::Matrix(series) | Value::Vector(series) => {
            QueryResult::Vector(series.iter().filter_map(number).collect())
        }
        Value::Scalar(time, value) => QueryResult::Scalar(ScalarSample { time, value }),
    }
}

fn lines(stream: LogStream) -> StreamValues {
    let entry = |(timestamp, line)| StreamEntry { timestamp, line, categories: None };
    StreamValues {
        stream: map(&stream.labels.merged()),
        values: stream.entries.into_iter().map(entry).collect(),
    }
}

fn number(series: &Series) -> Option<VectorSample> {
    let (time, value) = *series.points.last()?;
    Some(VectorSample { metric: map(&series.labels), value: Sample { time, value } })
}

fn map(labels: &Labels) -> loki::response::LabelMap {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = "level=info a=1\n\nlevel=error a=2\r\nlevel=error a=3";

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let seen = match query(INPUT.as_bytes(), text, Timestamp::from_secs(1), 0) {
            Ok(QueryResult::Streams(streams)) => {
                let mut entries: Vec<_> = streams.iter().flat_map(|s| &s.values).collect();
                entries.sort_by_key(|entry| entry.timestamp);
                entries.iter().map(|entry| entry.line.as_str()).collect::<Vec<_>>().join("; ")
            }
            Ok(QueryResult::Vector(samples)) => {
                let show = |s: &VectorSample| format!("{:?} {}", s.metric, s.value.value);
                samples.iter().map(show).collect::<Vec<_>>().join("; ")
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{error:#}"),
        };
        assert_eq!(seen, expect);
    }

    #[test]
    fn lines_are_queried_in_their_order() {
        check("", "level=info a=1; level=error a=2; level=error a=3");
        check("|= \"error\"", "level=error a=2; level=error a=3");
        check("!= \"error\"", "level=info a=1");
        check("{source=\"logcli\"} | logfmt | a > 2", "level=error a=3");
        check("{source=\"other\"}", "");
    }

    #[test]
    fn numbers_are_of_all_lines() {
        let by_level = "sum by (level) (count_over_time({source=\"logcli\"} | logfmt [1h]))";
        check(by_level, r#"{"level": "error"} 2; {"level": "info"} 1"#);
        check(
            "{source=\"logcli\"} | logfmt | count by (a)",
            r#"{"a": "1"} 1; {"a": "2"} 1; {"a": "3"} 1"#,
        );
    }
}
