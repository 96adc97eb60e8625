//! The slow evaluator against every recorded query that Loki answered.

use std::collections::BTreeMap;
use std::time::Duration;

use barogram_conformance::{Case, Recording, compare, dataset};
use logql::ast::Expr;
use logql::eval::{self, Direction, LogParams, LogStream, SelectorScope, Steps, Value};
use loki::detect_level::{DEFAULT_FIELDS, DEFAULT_JSON_DEPTH, DETECTED_LEVEL, LevelDetector};
use loki::push::{PushLimits, decode};
use loki::query::{InstantQuery, RangeQuery};
use loki::response::{
    CATEGORIZE_LABELS, Categories, ENCODING_FLAGS_HEADER, LabelMap, MatrixSeries, QueryResponse,
    QueryResult, Sample, ScalarSample, StreamEntry, StreamValues, VectorSample,
};
use loki::service_name::{DEFAULT_SOURCES, with_service_name};
use loki::time::Bounds;
use model::{Clock, Entry, Labels, Stream, SystemClock, TimeRange, Timestamp};

use crate::differences::Engine;
use crate::tally::{Tally, wanted};

#[test]
fn the_recording_without_automatic_labels() {
    check(Recording::Plain);
}

#[test]
fn the_recording_with_lokis_defaults() {
    check(Recording::Defaults);
}

fn check(recording: Recording) {
    let streams = streams(recording);
    let mut tally = Tally::new(Engine::Evaluator);
    let is_query = |case: &Case| {
        ["/loki/api/v1/query", "/loki/api/v1/query_range"].contains(&case.path.as_str())
    };
    for case in wanted(recording).filter(|case| is_query(case) && case.status == 200) {
        if case.writes {
            continue;
        }
        let answer = answer(&case, recording, &streams);
        tally.add(&case, answer.and_then(|body| compare(&case, 200, &body)));
    }
    tally.finish();
}

/// The data set as the evaluator takes it, with what Loki's defaults add.
fn streams(recording: Recording) -> Vec<Stream> {
    let sources = match recording {
        Recording::Plain => Vec::new(),
        Recording::Defaults => DEFAULT_SOURCES.map(str::to_owned).to_vec(),
    };
    let levels = LevelDetector::new(DEFAULT_FIELDS.map(str::to_owned).to_vec(), DEFAULT_JSON_DEPTH);
    let mut by_labels: BTreeMap<Labels, Vec<Entry>> = BTreeMap::new();
    for payload in dataset().unwrap() {
        let limits = PushLimits::default();
        let json = Some("application/json");
        for stream in decode(json, None, payload.as_bytes(), &limits).unwrap() {
            let labels = with_service_name(&stream.labels, &sources);
            let entries = stream.entries.into_iter().map(|mut entry| {
                if recording == Recording::Defaults {
                    let level = levels.detect(&labels, &entry.metadata, &entry.line);
                    entry.metadata = entry.metadata.with(DETECTED_LEVEL, level);
                }
                entry
            });
            let entries: Vec<Entry> = entries.collect();
            by_labels.entry(labels).or_default().extend(entries);
        }
    }
    by_labels.into_iter().map(|(labels, entries)| Stream { labels, entries }).collect()
}

/// What is asked beside the query.
struct Asked {
    query: String,
    bounds: Bounds,
    step: Duration,
    interval: Duration,
    limit: usize,
    direction: Direction,
    categorize: bool,
}

impl Asked {
    fn read(case: &Case) -> Self {
        let params = loki::Params::new(case.params.clone());
        let now = SystemClock.now();
        let flags = case.headers.iter();
        let mut flags = flags.filter(|(n, _)| n.eq_ignore_ascii_case(ENCODING_FLAGS_HEADER));
        let categorize = flags.any(|(_, flags)| flags.contains(CATEGORIZE_LABELS));
        if case.path.ends_with("query_range") {
            let RangeQuery { query, bounds, step, interval, limit, direction } =
                RangeQuery::parse(&params, now).unwrap();
            let direction = in_our_words(direction);
            return Self { query, bounds, step, interval, limit, direction, categorize };
        }
        let InstantQuery { query, time, limit, direction } =
            InstantQuery::parse(&params, now).unwrap();
        let bounds = Bounds { start: time, end: time };
        let direction = in_our_words(direction);
        let (step, interval) = (Duration::ZERO, Duration::ZERO);
        Self { query, bounds, step, interval, limit, direction, categorize }
    }

    fn log_params(&self, recording: Recording) -> LogParams {
        let Bounds { start, end } = self.bounds;
        // A range of no length is the lines of that very nanosecond.
        let end = if start == end { Timestamp(end.0 + 1) } else { end };
        let range = TimeRange { start, end };
        let split = match recording {
            Recording::Plain => Duration::ZERO,
            Recording::Defaults => Duration::from_secs(3600),
        };
        let (limit, direction, interval) = (self.limit, self.direction, self.interval);
        LogParams { range, limit, direction, interval, split, scope: SelectorScope::Labels }
    }

    /// The steps, which a Loki that splits queries aligns.
    fn steps(&self, recording: Recording) -> Steps {
        let Bounds { start, end } = self.bounds;
        let step = self.step;
        match i64::try_from(step.as_nanos()).unwrap() {
            nanos if nanos > 0 && recording == Recording::Defaults => {
                let end = Timestamp(end.0 + (nanos - end.0.rem_euclid(nanos)) % nanos);
                Steps { start: Timestamp(start.0 - start.0.rem_euclid(nanos)), end, step }
            }
            _ => Steps { start, end, step },
        }
    }
}

fn in_our_words(direction: loki::query::Direction) -> Direction {
    match direction {
        loki::query::Direction::Forward => Direction::Forward,
        loki::query::Direction::Backward => Direction::Backward,
    }
}

/// The answer in Loki's JSON.
fn answer(
    case: &Case,
    recording: Recording,
    streams: &[Stream],
) -> Result<serde_json::Value, String> {
    let asked = Asked::read(case);
    let expr = logql::parse(&asked.query).map_err(|error| error.to_string())?;
    let value = match &expr {
        Expr::Log(log) => eval::log(log, streams, &asked.log_params(recording)).map(Value::Streams),
        Expr::Metric(metric) => {
            eval::metric(metric, streams, &asked.steps(recording), SelectorScope::Labels)
        }
        Expr::Count(_) => return Err("Loki has no `count` stage".to_owned()),
    };
    let value = value.map_err(|error| error.to_string())?;
    let is_streams = matches!(value, Value::Streams(_));
    let mut response = QueryResponse::new(result(value, &asked));
    if asked.categorize && is_streams {
        response.data.encoding_flags = vec![CATEGORIZE_LABELS.to_owned()];
    }
    serde_json::to_value(response).map_err(|error| error.to_string())
}

fn result(value: Value, asked: &Asked) -> QueryResult {
    let sample = |(time, value): (Timestamp, f64)| Sample { time, value };
    match value {
        Value::Streams(streams) => QueryResult::Streams(stream_values(streams, asked)),
        Value::Matrix(series) => {
            let series = series.into_iter().map(|series| MatrixSeries {
                metric: label_map(&series.labels),
                values: series.points.into_iter().map(sample).collect(),
            });
            QueryResult::Matrix(series.collect())
        }
        Value::Vector(series) => {
            let samples = series.into_iter().map(|series| VectorSample {
                metric: label_map(&series.labels),
                value: sample(series.points[0]),
            });
            QueryResult::Vector(samples.collect())
        }
        Value::Scalar(time, value) => QueryResult::Scalar(ScalarSample { time, value }),
    }
}

fn stream_values(streams: Vec<LogStream>, asked: &Asked) -> Vec<StreamValues> {
    let mut shown: BTreeMap<LabelMap, Vec<StreamEntry>> = BTreeMap::new();
    for LogStream { labels, entries } in streams {
        let (stream, categories) = if asked.categorize {
            let (metadata, parsed) = (label_map(&labels.metadata), label_map(&labels.parsed));
            let categories = Categories { structured_metadata: metadata, parsed };
            (label_map(&labels.stream), Some(categories))
        } else {
            (label_map(&labels.merged()), None)
        };
        let entries = entries.into_iter().map(|(timestamp, line)| StreamEntry {
            timestamp,
            line,
            categories: categories.clone(),
        });
        shown.entry(stream).or_default().extend(entries);
    }
    let sorted = shown.into_iter().map(|(stream, mut values)| {
        values.sort_by_key(|entry| match asked.direction {
            Direction::Forward => entry.timestamp.0,
            Direction::Backward => -entry.timestamp.0,
        });
        StreamValues { stream, values }
    });
    sorted.collect()
}

fn label_map(labels: &Labels) -> LabelMap {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
