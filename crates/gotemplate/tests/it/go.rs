//! The language and its functions as Go and sprig define them, where Loki's recorded answers say
//! nothing: `tests/data/go.jsonl`, with the outputs that Go's documentation and its rules give.

use crate::golden::{cases, check};
use crate::scope::Row;

/// What the templates of the file are rendered with, unless a case has fields of its own.
fn row() -> Row {
    let json = r#"{"b":{"c":[1,2.5,"x",null,true]},"k":"v"}"#;
    let mut row = Row::new(&[("a", "alpha"), ("json", json), ("n", "12")]);
    row.line = "the line".into();
    row.timestamp = 1_768_457_006_012_345_678;
    row.now = 1_768_457_066_000_000_000;
    row
}

#[test]
fn renders_as_go_does() {
    for case in cases(include_str!("../data/go.jsonl"), 151) {
        check(&case, "t", row());
    }
}
