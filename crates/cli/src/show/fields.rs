//! Fields that lines hold, as logcli prints them.

use std::io::{self, Write};

use loki::detected::{DetectedField, DetectedFields, DetectedValues};

use super::{color, json};
use crate::args::OutputMode;

/// Prints fields: one a line, sorted; raw is the server's whole answer in JSON, as logcli has it,
/// and jsonl an object for each.
///
/// # Errors
/// When the output cannot be written.
pub fn print(
    out: &mut impl Write,
    found: &DetectedFields,
    mode: OutputMode,
    colored: bool,
) -> io::Result<()> {
    match mode {
        OutputMode::Raw => json::line(out, found),
        OutputMode::Jsonl => found.fields.iter().try_for_each(|field| json::line(out, field)),
        OutputMode::Default | OutputMode::Chart => {
            sorted(out, found.fields.iter().map(|field| line(field, colored)))
        }
    }
}

/// Prints the values of a field in the same three forms.
///
/// # Errors
/// When the output cannot be written.
pub fn print_values(
    out: &mut impl Write,
    found: &DetectedValues,
    mode: OutputMode,
    colored: bool,
) -> io::Result<()> {
    match mode {
        OutputMode::Raw => json::line(out, found),
        OutputMode::Jsonl => found.values.iter().try_for_each(|value| json::line(out, value)),
        OutputMode::Default | OutputMode::Chart => {
            sorted(out, found.values.iter().map(|value| color::bold(value, colored)))
        }
    }
}

fn sorted(out: &mut impl Write, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn line(field: &DetectedField, colored: bool) -> String {
    let bold = |text: &str| color::bold(text, colored);
    // The wire's word is the one that is shown.
    let kind = serde_json::to_value(field.kind).unwrap_or_default();
    format!(
        "label: {}\t\ttype: {}\t\tcardinality: {}",
        bold(&field.label),
        bold(kind.as_str().unwrap_or_default()),
        bold(&field.cardinality.to_string())
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn fields_and_values() {
        let text = |out: Vec<u8>| String::from_utf8(out).unwrap().replace('\t', "⇥");
        let shown = |answer: &str, mode| {
            let mut out = Vec::new();
            print(&mut out, &serde_json::from_str(answer).unwrap(), mode, false).unwrap();
            text(out)
        };
        let shown_values = |answer: &str, mode| {
            let mut out = Vec::new();
            print_values(&mut out, &serde_json::from_str(answer).unwrap(), mode, false).unwrap();
            text(out)
        };
        let fields = r#"{"fields":[
            {"label":"size","type":"int","cardinality":7,"parsers":["json"],"jsonPath":["a","size"]},
            {"label":"pod","type":"string","cardinality":2,"parsers":null}],"limit":100}"#;
        assert_snapshot!(shown(fields, OutputMode::Default), @r"
        label: pod⇥⇥type: string⇥⇥cardinality: 2
        label: size⇥⇥type: int⇥⇥cardinality: 7
        ");
        assert_snapshot!(shown(fields, OutputMode::Jsonl), @r#"
        {"label":"size","type":"int","cardinality":7,"parsers":["json"],"jsonPath":["a","size"]}
        {"label":"pod","type":"string","cardinality":2,"parsers":null}
        "#);
        let values = r#"{"values":["b","a"],"limit":100}"#;
        assert_snapshot!(shown_values(values, OutputMode::Default), @r"
        a
        b
        ");
        assert_snapshot!(shown_values(values, OutputMode::Raw), @r#"{"values":["b","a"],"limit":100}"#);
    }
}
