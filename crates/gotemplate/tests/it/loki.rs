//! The answers of a real Loki: `tests/data/loki.jsonl` has templates of `line_format` and
//! `label_format`, the lines and labels they were given, and what Loki made of them.

use crate::golden::{cases, check};
use crate::scope::Row;

#[test]
fn renders_as_loki_does() {
    for case in cases(include_str!("../data/loki.jsonl"), 299) {
        check(&case, case["name"].as_str().unwrap(), Row::default());
    }
}
