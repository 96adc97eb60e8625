//! The evaluator against what Grafana Loki 3.7.6 answered: 1,832 queries over a fixed data set.
//!
//! The rules of comparison and the origin of the data are in `tests/data/README.md`.

mod answer;
mod request;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use barogram_logql::ast::Expr;
use barogram_logql::eval::{self, Selector, Value};
use flate2::read::GzDecoder;
use model::{Entry, Labels, Stream, Timestamp};
use serde_json::Value as Json;

use answer::Answer;
use request::Request;

/// The difference that is one of the data alone: on the streams that Loki finds we answer the same.
const FINDS_METADATA: &str = "a selector finds metadata too";

#[test]
fn answers_as_loki_does() {
    let streams = data_set();
    let mut differences = differences();
    let (mut equal, mut failures) = (0, Vec::new());
    for recorded in lines("queries.jsonl.gz") {
        let case = Case::read(&recorded);
        let known = differences.remove(&case.id);
        let outcome = match (case.check(&streams), known.as_deref()) {
            (Ok(()), Some(_)) => Err("no longer differs: take it off the list".to_owned()),
            (Err(_), Some(FINDS_METADATA)) => case.check(&case.found_by_labels(&streams)),
            (Err(_), Some(_)) => Ok(()),
            (outcome, None) => outcome.inspect(|()| equal += 1),
        };
        if let Err(why) = outcome {
            failures.push(format!("{}: {}: {why}", case.id, case.request.query));
        }
    }
    println!("{equal} answers are equal");
    assert!(failures.is_empty(), "{} answers differ:\n{}", failures.len(), failures.join("\n"));
    assert!(differences.is_empty(), "there are no such requests: {differences:?}");
}

/// A recorded request and its answer.
struct Case<'a> {
    id: String,
    request: Request,
    expr: Expr,
    recorded: &'a Json,
}

impl<'a> Case<'a> {
    #[track_caller]
    fn read(recorded: &'a Json) -> Self {
        let id = recorded["id"].as_str().unwrap().to_owned();
        let request = Request::read(recorded);
        let expr = barogram_logql::parse(&request.query)
            .unwrap_or_else(|error| panic!("{id}: {}: {error}", request.query));
        Self { id, request, expr, recorded }
    }

    /// Evaluates the request and compares the answers.
    fn check(&self, streams: &[Stream]) -> Result<(), String> {
        let value = match &self.expr {
            Expr::Log(log) => {
                eval::log(log, streams, &self.request.log_params()).map(Value::Streams)
            }
            Expr::Metric(metric) => eval::metric(metric, streams, &self.request.steps),
            Expr::Count(_) => return Err("Loki has no `count` stage".to_owned()),
        };
        let got = Answer::of(value.map_err(|error| error.to_string())?, &self.request);
        Answer::recorded(self.recorded).compare(&got, &self.request)
    }

    /// The streams that a selector of the query finds by their labels alone.
    fn found_by_labels(&self, streams: &[Stream]) -> Vec<Stream> {
        let selectors: Vec<Selector> = match &self.expr {
            Expr::Log(log) => vec![Selector::new(&log.selector).unwrap()],
            Expr::Metric(metric) => eval::leaves(metric)
                .into_iter()
                .map(|leaf| Selector::new(&leaf.log.selector).unwrap())
                .collect(),
            Expr::Count(_) => Vec::new(),
        };
        let none = Labels::default();
        let found = |stream: &&Stream| {
            selectors.iter().any(|selector| selector.matches(&stream.labels, &none))
        };
        streams.iter().filter(found).cloned().collect()
    }
}

/// The data set, in the order in which it was pushed.
fn data_set() -> Vec<Stream> {
    let mut streams: BTreeMap<Labels, Vec<Entry>> = BTreeMap::new();
    for push in lines("dataset.jsonl.gz") {
        for stream in push["streams"].as_array().unwrap() {
            let entries = streams.entry(labels(&stream["stream"])).or_default();
            for value in stream["values"].as_array().unwrap() {
                entries.push(Entry {
                    timestamp: Timestamp(value[0].as_str().unwrap().parse().unwrap()),
                    line: value[1].as_str().unwrap().to_owned(),
                    metadata: labels(&value[2]),
                });
            }
        }
    }
    streams.into_iter().map(|(labels, entries)| Stream { labels, entries }).collect()
}

/// The labels of a JSON object; none if there is no object.
fn labels(object: &Json) -> Labels {
    let pairs = object.as_object().into_iter().flatten();
    Labels::new(pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())))
}

/// Requests whose answers are meant to differ, and why.
fn differences() -> BTreeMap<String, String> {
    let lines = include_str!("../data/differences.tsv").lines();
    let pairs = lines.filter_map(|line| line.split_once('\t'));
    pairs.map(|(id, reason)| (id.to_owned(), reason.to_owned())).collect()
}

fn lines(file: &str) -> impl Iterator<Item = Json> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).unwrap();
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}
