//! Answers in one form, whether recorded or computed, and their comparison.

use std::collections::BTreeMap;

use barogram_logql::eval::{Direction, LogStream, Series, Value};
use model::{Labels, Timestamp};
use serde_json::{Value as Json, json};

use crate::eval::request::Request;

type Pairs = BTreeMap<String, String>;
/// Time, line, and what is told apart of its labels.
type Entry = (i64, String, Json);
/// Seconds and value.
type Point = (f64, f64);

/// An answer, keyed by the labels of its streams or series.
#[derive(Debug)]
pub enum Answer {
    Streams(BTreeMap<Pairs, Vec<Entry>>),
    Vector(Vec<(Pairs, Point)>),
    Matrix(BTreeMap<Pairs, Vec<Point>>),
    Scalar(Point),
}

impl Answer {
    /// The answer that was computed.
    pub fn of(value: Value, request: &Request) -> Self {
        match value {
            Value::Streams(streams) => Self::Streams(by_labels(streams, request)),
            Value::Vector(series) => Self::Vector(series.iter().map(vector_sample).collect()),
            Value::Matrix(series) => Self::Matrix(series.iter().map(matrix_series).collect()),
            Value::Scalar(time, value) => Self::Scalar((wrapped_seconds(time), value)),
        }
    }

    /// The answer that Loki gave.
    pub fn recorded(recorded: &Json) -> Self {
        let result = &recorded["data"]["result"];
        let items = result.as_array().unwrap().iter();
        match recorded["data"]["resultType"].as_str().unwrap() {
            "streams" => Self::Streams(
                items.map(|item| (pairs(&item["stream"]), entries(&item["values"]))).collect(),
            ),
            "vector" => Self::Vector(
                items.map(|item| (pairs(&item["metric"]), point(&item["value"]))).collect(),
            ),
            "matrix" => Self::Matrix(
                items
                    .map(|item| {
                        let points = item["values"].as_array().unwrap().iter().map(point);
                        (pairs(&item["metric"]), points.collect())
                    })
                    .collect(),
            ),
            _ => Self::Scalar(point(result)),
        }
    }

    /// Whether an answer equals this one, by the rules for this request.
    pub fn compare(self, got: &Self, request: &Request) -> Result<(), String> {
        match (self, got) {
            (Self::Streams(want), Self::Streams(got)) => same_streams(want, got.clone(), request),
            (Self::Vector(want), Self::Vector(got)) => same_vectors(&want, got, request.ordered),
            (Self::Matrix(want), Self::Matrix(got)) => same_by_labels(&want, got, same_points),
            (Self::Scalar(want), Self::Scalar(got)) => same_points(&[want], &[*got]),
            (want, got) => Err(format!("want {want:?}, got {got:?}")),
        }
    }
}

fn by_labels(streams: Vec<LogStream>, request: &Request) -> BTreeMap<Pairs, Vec<Entry>> {
    let mut found: BTreeMap<Pairs, Vec<Entry>> = BTreeMap::new();
    for stream in streams {
        let labels = if request.categorized {
            of_labels(&stream.labels.stream)
        } else {
            of_labels(&stream.labels.merged())
        };
        let apart = if request.categorized { apart(&stream) } else { Json::Null };
        let entries = stream.entries.into_iter().map(|(time, line)| (time.0, line, apart.clone()));
        found.entry(labels).or_default().extend(entries);
    }
    for entries in found.values_mut() {
        entries.sort_by_key(|(time, ..)| match request.direction {
            Direction::Forward => *time,
            Direction::Backward => -time,
        });
    }
    found
}

/// What the third element of an entry says: the labels that are not the stream's.
fn apart(stream: &LogStream) -> Json {
    let mut apart = json!({});
    let kinds =
        [("structuredMetadata", &stream.labels.metadata), ("parsed", &stream.labels.parsed)];
    for (kind, labels) in kinds {
        if !labels.is_empty() {
            apart[kind] = json!(of_labels(labels));
        }
    }
    apart
}

fn vector_sample(series: &Series) -> (Pairs, Point) {
    let (time, value) = series.points[0];
    (of_labels(&series.labels), (seconds(time), value))
}

fn matrix_series(series: &Series) -> (Pairs, Vec<Point>) {
    let points = series.points.iter().map(|(time, value)| (seconds(*time), *value));
    (of_labels(&series.labels), points.collect())
}

fn seconds(time: Timestamp) -> f64 {
    time.as_millis() as f64 / 1000.0
}

/// The time of a scalar as Loki shows it: multiplied until it overflows.
fn wrapped_seconds(time: Timestamp) -> f64 {
    (time.as_millis().wrapping_mul(1_000_000_000) / 1_000_000) as f64
}

fn of_labels(labels: &Labels) -> Pairs {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn pairs(object: &Json) -> Pairs {
    let pairs = object.as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn entries(values: &Json) -> Vec<Entry> {
    let entries = values.as_array().unwrap().iter().map(|entry| {
        let time = entry[0].as_str().unwrap().parse().unwrap();
        (time, entry[1].as_str().unwrap().to_owned(), entry[2].clone())
    });
    entries.collect()
}

fn point(pair: &Json) -> Point {
    (pair[0].as_f64().unwrap(), pair[1].as_str().unwrap().parse().unwrap())
}

fn same_streams(
    mut want: BTreeMap<Pairs, Vec<Entry>>,
    mut got: BTreeMap<Pairs, Vec<Entry>>,
    request: &Request,
) -> Result<(), String> {
    let count =
        |streams: &BTreeMap<Pairs, Vec<Entry>>| streams.values().map(Vec::len).sum::<usize>();
    if count(&want) != count(&got) {
        return Err(format!("want {} entries, got {}", count(&want), count(&got)));
    }
    if request.tie_at_limit {
        cut_last_time(&mut want, request.direction);
        cut_last_time(&mut got, request.direction);
    }
    same_by_labels(&want, &got, |want, got| match want.iter().zip(got).find(|(a, b)| a != b) {
        Some((want, got)) => Err(format!("want {want:?}, got {got:?}")),
        None if want.len() != got.len() => Err(format!("want {}, got {}", want.len(), got.len())),
        None => Ok(()),
    })
}

/// Where the limit cuts through entries of one time, which of them come is left open.
fn cut_last_time(streams: &mut BTreeMap<Pairs, Vec<Entry>>, direction: Direction) {
    let times = || streams.values().flatten().map(|(time, ..)| *time);
    let last = match direction {
        Direction::Forward => times().max(),
        Direction::Backward => times().min(),
    };
    for entries in streams.values_mut() {
        entries.retain(|(time, ..)| Some(*time) != last);
    }
    streams.retain(|_, entries| !entries.is_empty());
}

fn same_vectors(
    want: &[(Pairs, Point)],
    got: &[(Pairs, Point)],
    ordered: bool,
) -> Result<(), String> {
    let points = |vector: &[(Pairs, Point)]| vector.iter().map(|(_, p)| *p).collect::<Vec<_>>();
    if ordered {
        same_points(&points(want), &points(got))?;
    }
    let keyed = |vector: &[(Pairs, Point)]| -> BTreeMap<Pairs, Vec<Point>> {
        vector.iter().map(|(labels, point)| (labels.clone(), vec![*point])).collect()
    };
    if want.len() != got.len() {
        return Err(format!("want {want:?}, got {got:?}"));
    }
    same_by_labels(&keyed(want), &keyed(got), same_points)
}

fn same_by_labels<T>(
    want: &BTreeMap<Pairs, Vec<T>>,
    got: &BTreeMap<Pairs, Vec<T>>,
    same: impl Fn(&[T], &[T]) -> Result<(), String>,
) -> Result<(), String> {
    let missing = want.keys().find(|labels| !got.contains_key(*labels));
    let extra = got.keys().find(|labels| !want.contains_key(*labels));
    if missing.is_some() || extra.is_some() {
        return Err(format!("missing {missing:?}, unexpected {extra:?}"));
    }
    want.iter().try_for_each(|(labels, want)| {
        same(want, &got[labels]).map_err(|why| format!("{labels:?}: {why}"))
    })
}

fn same_points(want: &[Point], got: &[Point]) -> Result<(), String> {
    let same = want.len() == got.len()
        && want.iter().zip(got).all(|(a, b)| near(a.0, b.0, 1e-12) && near(a.1, b.1, 1e-9));
    if same { Ok(()) } else { Err(format!("want {want:?}, got {got:?}")) }
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    if a.is_nan() || b.is_nan() || a.is_infinite() || b.is_infinite() {
        return a.is_nan() == b.is_nan() && (a.is_nan() || a == b);
    }
    (a - b).abs() <= (tolerance * a.abs().max(b.abs())).max(1e-12)
}
