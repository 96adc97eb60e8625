//! `stage.pattern`: extracts the captures of a pattern of LogQL, `<ip> - <_> "<method> <path>"`.

use std::borrow::Cow;
use std::sync::Arc;

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::json::named_source;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The pattern.
    pub pattern: String,
    /// The extracted value to read; `None`: the line.
    pub source: Option<String>,
    /// Whether the captures become labels, too.
    pub labels_from_groups: bool,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            pattern: args.required("pattern"),
            source: args.given::<Option<String>>("source").flatten(),
            labels_from_groups: args.optional("labels_from_groups", false),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Pattern {
    pattern: logql::pattern::Pattern,
    names: Vec<Arc<str>>,
    source: Option<String>,
    sets_labels: bool,
    memo: Memo,
}

impl Pattern {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let wrong = |message: String| Error::new("pattern", message);
        if config.pattern.is_empty() {
            return Err(wrong("a pattern is needed".to_owned()));
        }
        let pattern = logql::pattern::Pattern::parse(&config.pattern).map_err(wrong)?;
        pattern.validate_for_parser().map_err(wrong)?;
        Ok(Self {
            names: pattern.names().map(Arc::from).collect(),
            pattern,
            source: named_source(config.source.as_ref())?,
            sets_labels: config.labels_from_groups,
            memo: Memo::default(),
        })
    }
}

impl Process for Pattern {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Some(text) = entry.input(self.source.as_deref()) else { return Flow::Next };
        let values: Vec<String> = match &*text {
            "" => Vec::new(),
            text => self.pattern.captures(text).map(|(_, value)| value.to_owned()).collect(),
        };
        if self.sets_labels && !values.is_empty() {
            let value = |at: usize| values.get(at).map(|value| Cow::Borrowed(value.as_str()));
            entry.labels = self.memo.set(&entry.labels, &self.names, value);
        }
        for (name, value) in self.names.iter().zip(values) {
            entry.extracted.set(name, Value::Text(value));
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn of(pattern: &str) -> Config {
        Config { pattern: pattern.into(), ..Config::default() }
    }

    #[test]
    fn captures_are_extracted() {
        let check = |config, line: &str, expect: &str| {
            check(&[StageConfig::Pattern(config)], "{}", line, expect);
        };
        let pattern = of("<ip> - <_> \"<method> <path>\"");
        check(
            pattern.clone(),
            "1.2.3.4 - frank \"GET /x\" 200",
            "{} 1.2.3.4 - frank \"GET /x\" 200 <ip=1.2.3.4, method=GET, path=/x>",
        );
        check(pattern.clone(), "1.2.3.4 - frank", "{} 1.2.3.4 - frank <ip=1.2.3.4>");
        check(pattern.clone(), "", "{} ");
        check(of("GET <path>"), "PUT /x", "{} PUT /x");
        let labels = Config { labels_from_groups: true, ..of("<a> <b>") };
        check(labels, "1 2", r#"{a="1", b="2"} 1 2"#);
        check(Config { source: Some("none".into()), ..pattern }, "1.2.3.4 - ", "{} 1.2.3.4 - ");
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Pattern(config), expect);
        check(of(""), "stage.pattern: pattern: a pattern is needed");
        check(of("x"), "stage.pattern: pattern: at least one capture is required");
        check(
            of("<a><b>"),
            "stage.pattern: pattern: found consecutive capture '<a><b>': invalid expression",
        );
    }
}
