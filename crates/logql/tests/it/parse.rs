//! The parser against what Loki 3.7.6 refused and printed. (What it accepted is in `conformance/`.)

use barogram_logql::{ParseError, parse, parse_selector, pretty};
use serde_json::Value as Json;

/// Recorded as refused, with an error text that we do not give; and why.
const DIFFERS: &[(&str, &str)] = &[(
    "invalid-227",
    "Loki reports the string after a name of Cyrillic letters, at the place of the name; we report \
     the name",
)];

fn rows(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Json, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

#[test]
fn what_loki_refused_is_refused_in_its_words() {
    let mut wrong = Vec::new();
    for row in rows(include_str!("../data/refused.jsonl")) {
        let (id, expect) = (text(&row, "id"), text(&row, "error"));
        let refused = |query: &str, error: Option<ParseError>| {
            let error = error.unwrap_or_else(|| panic!("{id}: {query} is accepted"));
            (query.to_owned(), error.to_string())
        };
        let (query, error) = match row["query"].as_str() {
            Some(query) => refused(query, parse(query).err()),
            None => {
                let query = text(&row, "selector");
                refused(query, parse_selector(query).err())
            }
        };
        let differs = DIFFERS.iter().any(|(other, _)| *other == id);
        if (error == expect) == differs {
            wrong.push(format!("{id}: {query}\n  Loki: {expect}\n  ours: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ or no longer do:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn format_query() {
    for row in rows(include_str!("../data/formatted.jsonl")) {
        let tree = parse(text(&row, "query")).unwrap();
        assert_eq!(pretty(&tree), text(&row, "pretty"), "{}", text(&row, "id"));
    }
}
