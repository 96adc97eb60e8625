//! The answers of a real Loki: `tests/data/loki.jsonl` has a template, what it was given, and what
//! Loki made of it (`expect`), how it failed on the line (`error`), or why it was refused
//! (`invalid`).

use serde_json::Value;

use crate::scope::{Row, render};

const CASES: &str = include_str!("../data/loki.jsonl");

#[track_caller]
fn check(case: &Value) {
    let text = |name: &str| case.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut row = Row { line: text("line").to_owned(), ..Row::default() };
    row.timestamp = text("ts").parse().unwrap_or_default();
    for (name, value) in case["fields"].as_object().into_iter().flatten() {
        row.fields.insert(name.clone(), value.as_str().unwrap().to_owned());
    }
    let got = render(text("name"), text("template"), &row);
    let expect = match case.get("expect") {
        Some(expect) => Ok(expect.as_str().unwrap().to_owned()),
        None => Err([text("error"), text("invalid")].concat()),
    };
    assert_eq!(got, expect, "{case}");
}

#[test]
fn renders_as_loki_does() {
    let cases: Vec<Value> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 250, "the file is cut short");
    cases.iter().for_each(check);
}
