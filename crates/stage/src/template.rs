//! `stage.template`: makes an extracted value with a template of Go's, over the extracted values,
//! `.Value` (the source as it was) and `.Entry` (the line).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use gotemplate::{Dialect, Scope};
use model::Timestamp;

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The extracted value to make.
    pub source: String,
    /// The template.
    pub template: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { source: args.required("source"), template: args.required("template") }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Template {
    source: Arc<str>,
    template: gotemplate::Template,
}

/// What a template sees.
pub(crate) struct Fields<'a> {
    pub(crate) values: BTreeMap<&'a str, Cow<'a, str>>,
    pub(crate) line: &'a str,
    pub(crate) timestamp: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) missing_is_nil: bool,
}

impl Template {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.source.is_empty() {
            return Err(Error::new("source", "must name the value to make"));
        }
        let template = parse("template", &config.template)?;
        Ok(Self { source: config.source.as_str().into(), template })
    }
}

/// Reads the template of an argument.
pub(crate) fn parse(argument: &'static str, text: &str) -> Result<gotemplate::Template, Error> {
    let template = gotemplate::Template::parse_for("pipeline_template", text, Dialect::Alloy);
    template.map_err(|error| Error::new(argument, error.to_string()))
}

impl Process for Template {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let mut fields = Fields::of(entry, context.now);
        fields.missing_is_nil = true;
        if let Some(value) = fields.values.get(&*self.source).cloned() {
            fields.values.insert("Value", value);
        }
        fields.values.insert("Entry", Cow::Borrowed(&entry.line));
        // What the template refuses leaves everything as it was.
        let Ok(made) = self.template.render(&fields) else { return Flow::Next };
        if made.is_empty() {
            entry.extracted.remove(&self.source);
        } else {
            entry.extracted.set(&self.source, Value::Text(made));
        }
        Flow::Next
    }
}

impl<'a> Fields<'a> {
    /// The extracted values that have a text.
    pub(crate) fn of(entry: &'a Entry, now: Timestamp) -> Self {
        let names = entry.extracted.names().into_iter();
        Self {
            values: names.filter_map(|name| Some((name, entry.extracted.text(name)?))).collect(),
            line: &entry.line,
            timestamp: entry.timestamp,
            now,
            missing_is_nil: false,
        }
    }
}

impl Scope for Fields<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(AsRef::as_ref)
    }

    fn missing_is_nil(&self) -> bool {
        self.missing_is_nil
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        self.values.iter().map(|(name, value)| (*name, value.as_ref())).collect()
    }

    fn line(&self) -> &str {
        self.line
    }

    fn timestamp_nanos(&self) -> i64 {
        self.timestamp.0
    }

    fn now_nanos(&self) -> i64 {
        self.now.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    #[track_caller]
    fn check(source: &str, template: &str, expect: &str) {
        let config = Config { source: source.into(), template: template.into() };
        let labels = r#"{app="Loki", level="warn"}"#;
        let expect = format!("{labels} a line{expect}");
        crate::testing::check(&[StageConfig::Template(config)], labels, "a line", &expect);
    }

    #[test]
    fn values_are_made() {
        check("new_key", "hello_world", " <new_key=hello_world>");
        check("app", "{{ ToLower .Value }}_some_suffix", " <app=loki_some_suffix>");
        check(
            "out",
            "{{ .level }} for app {{ ToUpper .app }}: {{ .Entry }}",
            " <out=warn for app LOKI: a line>",
        );
        check("app", "{{ Replace .Value \"L\" \"l\" 2 | trunc 3 }}", " <app=lok>");
        check("x", r#"{{ regexReplaceAll "(o*)k" .app "${1}c" }}"#, " <x=Loci>");
    }

    #[test]
    fn what_is_not_there() {
        check("app", "{{ if eq .Value \"Loki\" }}{{ else }}x{{ end }}", "");
        check("x", "{{ .none }}", " <x=<no value>>");
        check("x", "{{ ToLower .none }}", "");
        check("x", "{{ .Value }}", " <x=<no value>>");
        check("x", "{{ if .Value }}y{{ end }}", "");
    }

    #[test]
    fn hashes() {
        check(
            "x",
            "{{ Hash \"\" \"\" }}",
            " <x=a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a>",
        );
        check(
            "x",
            "{{ Sha2Hash \"a\" \"bc\" }}",
            " <x=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad>",
        );
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |source: &str, template: &str, expect| {
            let config = Config { source: source.into(), template: template.into() };
            check_error(StageConfig::Template(config), expect);
        };
        check("", "x", "stage.template: source: must name the value to make");
        check(
            "x",
            "{{ nope }}",
            "stage.template: template: template: pipeline_template:1: function \"nope\" not defined",
        );
    }
}
