//! `stage.pack`: wraps a line in JSON together with labels and extracted values, which go from the
//! labels. Loki's `unpack` takes it apart again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The key that the line is kept under.
const ENTRY: &str = "_entry";

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The labels and values to wrap.
    pub labels: Vec<String>,
    /// Whether the entry's time becomes that of now.
    pub ingest_timestamp: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { labels: Vec::new(), ingest_timestamp: true }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let labels = args.required("labels");
        Self { labels, ingest_timestamp: args.optional("ingest_timestamp", true) }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Pack {
    labels: Vec<String>,
    at_now: bool,
    memo: Memo,
}

impl Pack {
    pub(crate) fn build(config: &Config) -> Self {
        let labels = config.labels.clone();
        Self { labels, at_now: config.ingest_timestamp, memo: Memo::default() }
    }
}

impl Process for Pack {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let names = self.labels.iter().map(String::as_str);
        // A label that a stage has set is in the labels alone; it must not go without being packed.
        let label = |name: &str| entry.labels.get(name).map(Cow::Borrowed);
        let value = |name| entry.extracted.text(name).or_else(|| label(name));
        let values = names.filter_map(|name| Some((name, value(name)?)));
        let mut object: BTreeMap<&str, _> = values.collect();
        object.remove(ENTRY);
        let mut line = String::with_capacity(entry.line.len() + 64);
        for (name, value) in &object {
            line.push(if line.is_empty() { '{' } else { ',' });
            push_quoted(name, &mut line);
            line.push(':');
            push_quoted(value, &mut line);
        }
        line.push(if line.is_empty() { '{' } else { ',' });
        push_quoted(ENTRY, &mut line);
        line.push(':');
        push_quoted(&entry.line, &mut line);
        line.push('}');
        let packed = |name: &str| name != ENTRY && self.labels.iter().any(|label| label == name);
        let labels = self.memo.map(&entry.labels, |labels| labels.filter(|name| !packed(name)));
        entry.labels = labels;
        entry.line = line;
        if self.at_now {
            entry.timestamp = context.now;
        }
        Flow::Next
    }
}

/// A text as JSON has it.
fn push_quoted(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;

    #[track_caller]
    fn check(labels: &[&str], ingest_timestamp: bool, line: &str, expect: &str) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let stage = StageConfig::Pack(Config { labels, ingest_timestamp });
        let labels = r#"{env="dev", level="error", user_id="f8fas0r"}"#;
        crate::testing::check(&[stage], labels, line, expect);
    }

    #[test]
    fn labels_are_packed() {
        check(
            &["user_id", "env", "none"],
            false,
            "something \"went\" wrong",
            r#"{level="error"} {"env":"dev","user_id":"f8fas0r","_entry":"something \"went\" wrong"} <env=dev, user_id=f8fas0r>"#,
        );
        check(
            &["none"],
            true,
            "x",
            r#"{env="dev", level="error", user_id="f8fas0r"} {"_entry":"x"} @1800000000000000000"#,
        );
    }

    #[test]
    fn a_label_that_was_set_is_packed() {
        let values = [("a".to_owned(), "1".to_owned())].into();
        let label = StageConfig::StaticLabels(crate::static_labels::Config { values });
        let labels = vec!["a".to_owned()];
        let pack = StageConfig::Pack(Config { labels, ingest_timestamp: false });
        crate::testing::check(&[label, pack], "{}", "x", r#"{} {"a":"1","_entry":"x"}"#);
    }
}
