//! `stage.replace`: replaces what the groups of a regular expression match, with a template of Go's
//! over the extracted values and `.Value` (what the group matched).

use std::borrow::Cow;
use std::sync::Arc;

use alloy::decode::Arguments;
use logql::regex::Regex;

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::process::{Context, Flow, Process};
use crate::template::{self, Fields};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The regular expression, in Go's syntax.
    pub expression: String,
    /// The extracted value to change; empty: the line.
    pub source: String,
    /// The template of what takes the place of a group.
    pub replace: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            expression: args.required("expression"),
            source: args.optional("source", String::new()),
            replace: args.optional("replace", String::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Replace {
    regex: Regex,
    groups: Vec<(usize, Arc<str>)>,
    source: Option<Arc<str>>,
    template: gotemplate::Template,
}

/// What was made of a text.
struct Made {
    text: String,
    /// The first match's named groups and what took their places.
    groups: Vec<(Arc<str>, String)>,
}

impl Replace {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.expression.is_empty() {
            return Err(Error::new("expression", "a regular expression is needed"));
        }
        let regex = Regex::new(&config.expression);
        let regex = regex.map_err(|error| Error::new("expression", error))?;
        let groups = regex.names().iter().map(|(group, name)| (*group, name.as_str().into()));
        Ok(Self {
            groups: groups.collect(),
            regex,
            source: (!config.source.is_empty()).then(|| config.source.as_str().into()),
            template: template::parse("replace", &config.replace)?,
        })
    }
}

impl Process for Replace {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let Some(text) = entry.input(self.source.as_deref()) else { return Flow::Next };
        if !self.regex.is_match(&text) {
            return Flow::Next;
        }
        let Some(made) = self.replace(&text, Fields::of(entry, context.now)) else {
            return Flow::Next;
        };
        match &self.source {
            Some(source) => entry.extracted.set(source, Value::Text(made.text)),
            None => entry.line = made.text,
        }
        for (name, value) in made.groups {
            entry.extracted.set(&name, Value::Text(value));
        }
        Flow::Next
    }
}

impl Replace {
    /// `None` when the template refuses a value.
    fn replace<'a>(&self, text: &'a str, mut fields: Fields<'a>) -> Option<Made> {
        let mut made = Made { text: String::with_capacity(text.len()), groups: Vec::new() };
        let mut copied = 0;
        for (at, captures) in self.regex.inner().captures_iter(text).enumerate() {
            for group in 1..captures.len() {
                let Some(found) = captures.get(group) else { continue };
                fields.values.insert("Value", Cow::Borrowed(found.as_str()));
                let value = self.template.render(&fields).ok()?;
                // A group inside one that was replaced is gone already.
                if copied <= found.start() {
                    made.text.push_str(&text[copied..found.start()]);
                    made.text.push_str(&value);
                    copied = found.end();
                }
                let name = self.groups.iter().find(|(named, _)| at == 0 && *named == group);
                made.groups.extend(name.map(|(_, name)| (Arc::clone(name), value)));
            }
        }
        made.text.push_str(&text[copied..]);
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    #[track_caller]
    fn check(expression: &str, replace: &str, source: &str, line: &str, expect: &str) {
        let [expression, replace, source] = [expression, replace, source].map(str::to_owned);
        let stage = StageConfig::Replace(Config { expression, replace, source });
        crate::testing::check(
            &[stage],
            r#"{msg="a-b"}"#,
            line,
            &format!("{{msg=\"a-b\"}} {expect}"),
        );
    }

    #[test]
    fn groups_are_replaced() {
        check(r"password (\S+)", "*****", "", "the password xyz!", "the password *****");
        check(r"password (\S+)", "", "", "the password xyz! is", "the password  is");
        check("(a)", "b", "", "xaya", "xbyb");
        check("a", "b", "", "xaya", "xaya");
        check("(a(b))", "[{{ .Value }}]", "", "xab", "x[ab]");
        check("(a)|(b)", "{{ .msg }}{{ .none }}", "", "b.a", "a-b.a-b");
        check("none(.)", "x", "", "line", "line");
    }

    #[test]
    fn named_groups_are_extracted() {
        check(
            r"^(?P<ip>\S+) (?P<user>\S+) \[(?P<t>[^\]]+)\]",
            "{{ .Value | ToUpper }}",
            "",
            "11.11.11.11 frank [01/jan]",
            "11.11.11.11 FRANK [01/JAN] <ip=11.11.11.11, t=01/JAN, user=FRANK>",
        );
    }

    #[test]
    fn values_are_changed() {
        check("(-)", "+", "msg", "line", "line <msg=a+b>");
        check("(-)", "+", "none", "line", "line");
    }

    #[test]
    fn settings_that_make_no_sense() {
        let config = Config { replace: "{{".into(), expression: "(x)".into(), ..Config::default() };
        check_error(
            StageConfig::Replace(config),
            "stage.replace: replace: template: pipeline_template:1: unclosed action",
        );
        check_error(
            StageConfig::Replace(Config::default()),
            "stage.replace: expression: a regular expression is needed",
        );
    }
}
