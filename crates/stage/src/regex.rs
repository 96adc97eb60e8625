//! `stage.regex`: extracts the named groups of a regular expression.

use std::borrow::Cow;
use std::sync::Arc;

use ::regex::CaptureLocations;
use alloy::decode::Arguments;
use logql::regex::Regex as GoRegex;
use model::labels::is_label_name;

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::json::named_source;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The regular expression, in Go's syntax.
    pub expression: String,
    /// The extracted value to read; `None`: the line.
    pub source: Option<String>,
    /// Whether the groups become labels, too.
    pub labels_from_groups: bool,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            expression: args.required("expression"),
            source: args.given::<Option<String>>("source").flatten(),
            labels_from_groups: args.optional("labels_from_groups", false),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Regex {
    regex: GoRegex,
    /// Numbers and names of groups.
    groups: Vec<(usize, Arc<str>)>,
    /// The groups that become labels.
    labels: Vec<usize>,
    label_names: Vec<Arc<str>>,
    /// Where the groups were found; kept for its memory.
    found: CaptureLocations,
    source: Option<String>,
    memo: Memo,
}

impl Regex {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.expression.is_empty() {
            return Err(Error::new("expression", "a regular expression is needed"));
        }
        let regex = GoRegex::new(&config.expression);
        let regex = regex.map_err(|error| Error::new("expression", error))?;
        let groups: Vec<(usize, Arc<str>)> =
            regex.names().iter().map(|(group, name)| (*group, name.as_str().into())).collect();
        let becomes_label = |name: &str| config.labels_from_groups && is_label_name(name);
        let labels = groups.iter().filter(|(_, name)| becomes_label(name));
        Ok(Self {
            found: regex.inner().capture_locations(),
            labels: labels.clone().map(|(group, _)| *group).collect(),
            label_names: labels.map(|(_, name)| Arc::clone(name)).collect(),
            groups,
            regex,
            source: named_source(config.source.as_ref())?,
            memo: Memo::default(),
        })
    }
}

impl Process for Regex {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Entry { line, extracted, labels, .. } = entry;
        // A text that was extracted may be replaced while it is read.
        let text: Cow<'_, str> = match &self.source {
            None => Cow::Borrowed(line),
            Some(name) => match extracted.text(name) {
                Some(text) => Cow::Owned(text.into_owned()),
                None => return Flow::Next,
            },
        };
        if self.regex.inner().captures_read(&mut self.found, &text).is_none() {
            return Flow::Next;
        }
        let value = |group: usize| {
            // A group that took no part is an empty text, as in Go.
            self.found.get(group).map(|(start, end)| &text[start..end]).unwrap_or_default()
        };
        for (group, name) in &self.groups {
            extracted.set(name, Value::Text(value(*group).to_owned()));
        }
        if !self.labels.is_empty() {
            let of_label = |at: usize| Some(Cow::Borrowed(value(self.labels[at])));
            *labels = self.memo.set(labels, &self.label_names, of_label);
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn of(expression: &str) -> Config {
        Config { expression: expression.into(), ..Config::default() }
    }

    #[track_caller]
    fn check_one(config: Config, line: &str, expect: &str) {
        check(&[StageConfig::Regex(config)], r#"{time="2022-01-01"}"#, line, expect);
    }

    #[test]
    fn groups_are_extracted() {
        check_one(
            of(r"^(?s)(?P<t>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$"),
            "2019-01-01T01:00:00.000000001Z stderr P i'm a log message!",
            r#"{time="2022-01-01"} 2019-01-01T01:00:00.000000001Z stderr P i'm a log message! <content=i'm a log message!, flags=P, stream=stderr, t=2019-01-01T01:00:00.000000001Z>"#,
        );
        check_one(of("(?P<a>x)?(?P<b>y)(z)?"), "y", r#"{time="2022-01-01"} y <a=, b=y>"#);
        check_one(of("(?P<a>x)"), "y", r#"{time="2022-01-01"} y"#);
        let year = Config { source: Some("time".into()), ..of(r"^(?P<year>\d+)") };
        check_one(year, "x", r#"{time="2022-01-01"} x <year=2022>"#);
        check_one(
            Config { source: Some("none".into()), ..of("(?P<a>.*)") },
            "x",
            r#"{time="2022-01-01"} x"#,
        );
    }

    #[test]
    fn groups_become_labels() {
        let config = Config { labels_from_groups: true, ..of("(?P<time>[a-z]+)(?P<n>[0-9]*)") };
        check_one(config.clone(), "abc1", r#"{n="1", time="abc"} abc1"#);
        check_one(config, "abc", r#"{time="abc"} abc <n=>"#);
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Regex(config), expect);
        check(of(""), "stage.regex: expression: a regular expression is needed");
        check(
            of("(?P<a"),
            "stage.regex: expression: error parsing regexp: invalid named capture: `(?P<a`",
        );
        check(
            Config { source: Some(String::new()), ..of("x") },
            "stage.regex: source: must not be empty; leave it out to use the line",
        );
    }
}
