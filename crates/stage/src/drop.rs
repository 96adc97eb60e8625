//! `stage.drop`: drops entries that meet all of the conditions that are given.

use std::time::Duration;

use alloy::decode::Arguments;
use logql::regex::Regex;
use model::Labels;

use crate::counts::{DROPPED_LINES, reason};
use crate::decode::bytes;
use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Extracted values that the condition is about, separated by commas; empty: the line.
    pub source: String,
    /// What the line or the values must match.
    pub expression: String,
    /// What the values must be.
    pub value: String,
    /// What several values are joined with.
    pub separator: String,
    /// Entries older than this are dropped.
    pub older_than: Option<Duration>,
    /// Lines longer than so many bytes are dropped.
    pub longer_than: Option<u64>,
    /// The `reason` under which dropped lines are counted.
    pub drop_counter_reason: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            source: String::new(),
            expression: String::new(),
            value: String::new(),
            separator: ";".to_owned(),
            older_than: None,
            longer_than: None,
            drop_counter_reason: "drop_stage".to_owned(),
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            source: args.optional("source", String::new()),
            expression: args.optional("expression", String::new()),
            value: args.optional("value", String::new()),
            separator: args.optional("separator", default.separator),
            older_than: args.given::<Duration>("older_than"),
            longer_than: bytes(args, "longer_than"),
            drop_counter_reason: args.optional("drop_counter_reason", default.drop_counter_reason),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Drop {
    sources: Vec<String>,
    separator: String,
    test: Option<Test>,
    older_than: Option<Duration>,
    longer_than: Option<u64>,
    reason: Labels,
}

#[derive(Debug)]
enum Test {
    Matches(Regex),
    Equals(String),
}

impl Drop {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let Config { source, expression, value, .. } = config;
        let older_than = config.older_than.filter(|age| !age.is_zero());
        let longer_than = config.longer_than.filter(|bytes| *bytes > 0);
        if source.is_empty()
            && expression.is_empty()
            && older_than.is_none()
            && longer_than.is_none()
        {
            let message = "needs at least one of source, expression, older_than and longer_than";
            return Err(Error::new("", message));
        }
        if !value.is_empty() && !expression.is_empty() {
            return Err(Error::new("value", "cannot be given together with expression"));
        }
        if !value.is_empty() && source.is_empty() {
            return Err(Error::new("value", "needs a source that it is compared with"));
        }
        let regex = || Regex::new(expression).map_err(|error| Error::new("expression", error));
        let test = match (value.is_empty(), expression.is_empty()) {
            (false, _) => Some(Test::Equals(value.clone())),
            (true, false) => Some(Test::Matches(regex()?)),
            (true, true) => None,
        };
        let sources = source.split(',').filter(|_| !source.is_empty());
        let separator = if config.separator.is_empty() { ";" } else { &config.separator };
        let why = if config.drop_counter_reason.is_empty() {
            "drop_stage"
        } else {
            &config.drop_counter_reason
        };
        Ok(Self {
            sources: sources.map(str::to_owned).collect(),
            separator: separator.to_owned(),
            test,
            older_than,
            longer_than,
            reason: reason(why),
        })
    }
}

impl Process for Drop {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let is_long = self.longer_than.is_none_or(|bytes| entry.line.len() as u64 > bytes);
        let is_old = self.older_than.is_none_or(|age| entry.timestamp < context.now - age);
        if !is_long || !is_old || !self.passes(entry) {
            return Flow::Next;
        }
        context.counts.add(DROPPED_LINES, &self.reason, 1);
        Flow::Drop
    }
}

impl Drop {
    fn passes(&self, entry: &Entry) -> bool {
        let extracted = &entry.extracted;
        match (self.sources.as_slice(), &self.test) {
            ([], None) => true,
            ([], Some(test)) => test.passes(&entry.line),
            (sources, None) => sources.iter().all(|source| extracted.contains(source)),
            ([source], Some(test)) if extracted.contains(source) => {
                extracted.text(source).is_some_and(|text| test.passes(&text))
            }
            (sources, Some(test)) => {
                let there = sources.iter().filter(|source| extracted.contains(source));
                let texts: Option<Vec<_>> = there.map(|source| extracted.text(source)).collect();
                texts.is_some_and(|texts| test.passes(&texts.join(&self.separator)))
            }
        }
    }
}

impl Test {
    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Matches(regex) => regex.is_match(text),
            Self::Equals(value) => value == text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    #[track_caller]
    fn check(config: Config, line: &str, is_dropped: bool) {
        let expect = format!("{{app=\"example\", env=\"dev\"}} {line}");
        let expect = if is_dropped { "" } else { &expect };
        let labels = "{app=\"example\", env=\"dev\"}";
        crate::testing::check(&[StageConfig::Drop(config)], labels, line, expect);
    }

    fn of(source: &str, expression: &str, value: &str) -> Config {
        let [source, expression, value] = [source, expression, value].map(str::to_owned);
        Config { source, expression, value, ..Config::default() }
    }

    #[test]
    fn all_conditions_must_hold() {
        let config = |bytes| Config { longer_than: Some(bytes), ..of("", ".*debug.*", "") };
        check(config(3), "debug", true);
        check(config(5), "debug", false);
        check(config(3), "error", false);
        let old = Config { older_than: Some(Duration::from_secs(60)), ..Config::default() };
        check(old, "written in 1970", true);
    }

    #[test]
    fn conditions_on_values() {
        check(of("app", "", "example"), "x", true);
        check(of("app", "", "exam"), "x", false);
        check(of("app", "^exam", ""), "x", true);
        check(of("app", "", ""), "x", true);
        check(of("none", "", ""), "x", false);
        check(of("app,none", "", ""), "x", false);
        check(of("app,env", "", "example;dev"), "x", true);
        check(of("app,none", "", "example"), "x", true);
        // A value that is not there is an empty text.
        check(of("none", "^$", ""), "x", true);
        check(of("none", "x", ""), "x", false);
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Drop(config), expect);
        check(
            Config::default(),
            "stage.drop: needs at least one of source, expression, older_than and longer_than",
        );
        check(of("a", "b", "c"), "stage.drop: value: cannot be given together with expression");
        check(
            Config { longer_than: Some(1), ..of("", "", "c") },
            "stage.drop: value: needs a source that it is compared with",
        );
        check(
            of("", "(", ""),
            "stage.drop: expression: error parsing regexp: missing closing ): `(`",
        );
    }
}
