//! The evaluator against what Grafana Loki 3.7.6 answered: 1,832 queries over a fixed data set.
//!
//! The rules of comparison and the origin of the data are in `tests/data/README.md`.

mod answer;
mod request;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use barogram_logql::ast::Expr;
use barogram_logql::eval::{self, Value};
use flate2::read::GzDecoder;
use model::{Entry, Labels, Stream, Timestamp};
use serde_json::Value as Json;

use answer::Answer;
use request::Request;

#[test]
fn answers_as_loki_does() {
    let streams = data_set();
    let differences = differences();
    let (mut equal, mut failures, mut stale) = (0, Vec::new(), Vec::new());
    for recorded in lines("queries.jsonl.gz") {
        let id = recorded["id"].as_str().unwrap();
        match (check(&recorded, &streams), differences.contains_key(id)) {
            (Ok(()), false) => equal += 1,
            (Ok(()), true) => stale.push(id.to_owned()),
            (Err(_), true) => {}
            (Err(why), false) => failures.push(format!("{id}: {}: {why}", query(&recorded))),
        }
    }
    println!("{equal} equal, {} known differences", differences.len());
    assert!(failures.is_empty(), "{} answers differ:\n{}", failures.len(), failures.join("\n"));
    assert!(stale.is_empty(), "no longer different, to be taken off the list: {stale:?}");
}

/// Evaluates one recorded request and compares the answers.
fn check(recorded: &Json, streams: &[Stream]) -> Result<(), String> {
    let request = Request::read(recorded)?;
    let expr = barogram_logql::parse(&request.query).map_err(|error| error.to_string())?;
    let value = match &expr {
        Expr::Log(log) => eval::log(log, streams, &request.log_params()).map(Value::Streams),
        Expr::Metric(metric) => eval::metric(metric, streams, &request.steps),
        Expr::Count(_) => return Err("Loki has no `count` stage".to_owned()),
    };
    let got = Answer::of(value.map_err(|error| error.to_string())?, &request);
    Answer::recorded(recorded).compare(&got, &request)
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

fn query(recorded: &Json) -> &str {
    request::param(recorded, "query").unwrap()
}
