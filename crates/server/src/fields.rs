//! Finds the fields of lines: what their structured metadata says, and what JSON or logfmt in them
//! says, without being told which it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use logql::ast::{self, Stage};
use logql::eval::LogStream;
use logql::pipeline::{Pipeline, ResultLabels, RowLabels, StageError};
use logql::{bytes, duration, float};
use loki::detected::{DetectedField, FieldType};
use model::{Labels, Timestamp};
use serde_json::Value;

/// What the pipeline adds to the name of a field that the stream has as a label.
const EXTRACTED: &str = "_extracted";

/// The fields found so far.
#[derive(Debug)]
pub(crate) struct Fields {
    json: Pipeline,
    logfmt: Pipeline,
    found: BTreeMap<String, Field>,
}

#[derive(Debug)]
struct Field {
    kind: FieldType,
    /// Values, numbered in the order in which they came.
    values: HashMap<String, usize>,
    parsers: BTreeSet<&'static str>,
    json_path: Vec<String>,
}

impl Fields {
    pub(crate) fn new() -> Result<Self, StageError> {
        let logfmt = ast::Logfmt { strict: false, keep_empty: false, extractions: Vec::new() };
        Ok(Self {
            json: Pipeline::new(&[Stage::Json(Vec::new())])?,
            logfmt: Pipeline::new(&[Stage::Logfmt(logfmt)])?,
            found: BTreeMap::new(),
        })
    }

    /// Looks at lines with equal labels.
    pub(crate) fn add(&mut self, stream: &LogStream) {
        for (time, line) in &stream.entries {
            for (name, value) in stream.labels.metadata.iter() {
                self.insert(name, value, None, Vec::new);
            }
            self.add_line(&stream.labels, *time, line);
        }
    }

    fn add_line(&mut self, labels: &ResultLabels, time: Timestamp, line: &str) {
        let (parsed, parser) = self.parse(&labels.stream, time, line);
        let document = match parser {
            Some("json") => serde_json::from_str(line).unwrap_or(Value::Null),
            _ => Value::Null,
        };
        // What the query's own stages found belongs to the line as well.
        let pairs = labels.parsed.iter().chain(parsed.iter());
        for (name, value) in pairs.filter(|(name, _)| !name.starts_with("__error")) {
            let plain = name.strip_suffix(EXTRACTED).unwrap_or(name);
            let path = || path_of(&document, name).or_else(|| path_of(&document, plain));
            self.insert(name, value, parser, || path().unwrap_or_default());
        }
    }

    /// What JSON finds in a line, else what logfmt finds.
    fn parse(
        &self,
        stream: &Labels,
        time: Timestamp,
        line: &str,
    ) -> (Labels, Option<&'static str>) {
        for (parser, pipeline) in [("json", &self.json), ("logfmt", &self.logfmt)] {
            let mut row = RowLabels::new(stream, &Labels::default());
            pipeline.process(time, line, &mut row);
            if row.error().is_empty() {
                return (row.result().parsed, Some(parser));
            }
        }
        (Labels::default(), None)
    }

    fn insert(
        &mut self,
        name: &str,
        value: &str,
        parser: Option<&'static str>,
        path: impl FnOnce() -> Vec<String>,
    ) {
        // Lines may disagree about a type; the last one wins, as in Loki.
        let kind = kind_of(value);
        let field = self.found.entry(name.to_owned()).or_insert_with(|| Field {
            kind,
            values: HashMap::new(),
            parsers: BTreeSet::new(),
            json_path: path(),
        });
        field.kind = kind;
        field.parsers.extend(parser);
        if !field.values.contains_key(value) {
            field.values.insert(value.to_owned(), field.values.len());
        }
    }

    /// At most this many fields.
    pub(crate) fn fields(self, limit: usize) -> Vec<DetectedField> {
        let fields = self.found.into_iter().take(limit);
        let field = |(label, field): (String, Field)| DetectedField {
            label,
            kind: field.kind,
            cardinality: field.values.len() as u64,
            parsers: (!field.parsers.is_empty())
                .then(|| field.parsers.into_iter().map(str::to_owned).collect()),
            json_path: field.json_path,
        };
        fields.map(field).collect()
    }

    /// At most this many values of a field, the newest first.
    pub(crate) fn values(mut self, name: &str, limit: usize) -> Vec<String> {
        let values = self.found.remove(name).map(|field| field.values).unwrap_or_default();
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable_by_key(|(_, number)| *number);
        values.into_iter().map(|(value, _)| value).take(limit).collect()
    }
}

/// What a value looks like, tried in Loki's order.
fn kind_of(value: &str) -> FieldType {
    const TRUTHS: [&str; 8] = ["t", "T", "true", "TRUE", "True", "f", "F", "false"];
    const UNTRUTHS: [&str; 2] = ["FALSE", "False"];
    match value {
        v if v.parse::<i64>().is_ok() => FieldType::Int,
        v if float::parse(v).is_ok() => FieldType::Float,
        v if TRUTHS.contains(&v) || UNTRUTHS.contains(&v) => FieldType::Boolean,
        v if duration::parse_go(v).is_ok() => FieldType::Duration,
        v if bytes::parse(v).is_ok() => FieldType::Bytes,
        _ => FieldType::String,
    }
}

/// The path to the member of a JSON document that the json stage gives this name: names of nested
/// members joined by `_`, with `_` for what a label's name cannot hold.
fn path_of(document: &Value, name: &str) -> Option<Vec<String>> {
    let members = document.as_object()?;
    members.iter().find_map(|(key, value)| {
        let label = label_of(key);
        if label == name && !value.is_object() {
            return Some(vec![key.clone()]);
        }
        let rest = name.strip_prefix(&label)?.strip_prefix('_')?;
        let inner = path_of(value, rest)?;
        Some([vec![key.clone()], inner].concat())
    })
}

fn label_of(key: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let prefix = if key.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    prefix.chars().chain(key.chars().map(legal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: [&str; 2], lines: &[&str], expect: &[&str]) {
        let [labels, metadata] = stream.map(|text| Labels::parse(text).unwrap());
        let labels = ResultLabels { stream: labels, metadata, parsed: Labels::default() };
        let entries = lines.iter().map(|line| (Timestamp(0), (*line).to_owned())).collect();
        let mut fields = Fields::new().unwrap();
        fields.add(&LogStream { labels, entries });
        let shown = fields.fields(100).into_iter().map(|field| {
            let DetectedField { label, kind, cardinality, parsers, json_path } = field;
            let parsers = parsers.unwrap_or_default().join(",");
            format!("{label} {kind:?} {cardinality} {parsers} {}", json_path.join("/"))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn fields_of_json_have_a_path() {
        check(
            [r#"{level="x"}"#, "{}"],
            &[r#"{"level":"info","user":{"na.me":"a"},"n":1}"#, r#"{"n":2,"user":{"na.me":"a"}}"#],
            &[
                "level_extracted String 1 json level",
                "n Int 2 json n",
                "user_na_me String 1 json user/na.me",
            ],
        );
    }

    #[test]
    fn values_come_as_they_were_met() {
        let entries = ["a=z", "a=y", "a=z", "a=x"].map(|line| (Timestamp(0), line.to_owned()));
        let mut fields = Fields::new().unwrap();
        fields.add(&LogStream { labels: ResultLabels::default(), entries: entries.into() });
        assert_eq!(fields.values("a", 2), ["z", "y"]);
    }

    #[test]
    fn fields_of_logfmt_and_metadata() {
        check(
            ["{}", r#"{score="0.5", trace="abc"}"#],
            &["score=3 took=1.5s size=10KB ok=true", "no fields"],
            &[
                "ok Boolean 1 logfmt ",
                "score Float 2 logfmt ",
                "size Bytes 1 logfmt ",
                "took Duration 1 logfmt ",
                "trace String 1  ",
            ],
        );
    }
}
