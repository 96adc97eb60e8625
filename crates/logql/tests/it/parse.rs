//! The parser against what Loki 3.7.6 accepted, refused and printed.

use std::collections::BTreeSet;
use std::io::Read;

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
fn what_loki_accepted_parses_and_prints_to_what_parses_to_the_same() {
    let packed = include_bytes!("../data/queries.jsonl.gz").as_slice();
    let mut recorded = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut recorded).unwrap();
    let queries: BTreeSet<String> = rows(&recorded)
        .iter()
        .flat_map(|row| row["params"].as_array().unwrap().clone())
        .filter(|param| param[0] == "query")
        .map(|param| param[1].as_str().unwrap().to_owned())
        .collect();
    assert!(queries.len() > 1000);
    for query in queries {
        let tree = parse(&query).unwrap_or_else(|error| panic!("{query}\n{error}"));
        for printed in [tree.to_string(), pretty(&tree)] {
            let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}\n{error}"));
            // What is not a number is not equal to itself.
            assert!(again == tree || printed == "(0 / 0)", "{query}\n{printed}\n{again:?}");
        }
    }
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
