//! `stage.logfmt`: extracts values from `key=value key="quoted value"`.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use logql::pipeline::Pairs;
use logql::regex::Regex;

use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::Value;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Names of values and the keys that they are taken from; an empty key is the name.
    pub mapping: BTreeMap<String, String>,
    /// The keys that are extracted under their own names, as a regular expression; empty: none.
    pub regex: String,
    /// The extracted value to read; empty: the line.
    pub source: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            mapping: args.optional("mapping", BTreeMap::new()),
            regex: args.optional("regex", String::new()),
            source: args.optional("source", String::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Logfmt {
    names: BTreeMap<String, Arc<str>>,
    keys: Option<Regex>,
    source: Option<String>,
}

impl Logfmt {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.mapping.is_empty() && config.regex.is_empty() {
            return Err(Error::new("mapping", "either this or regex is needed"));
        }
        let keys = Regex::new(&config.regex).map_err(|error| Error::new("regex", error))?;
        let names = config.mapping.iter().map(|(name, key)| {
            let key = if key.is_empty() { name } else { key };
            (key.clone(), name.as_str().into())
        });
        Ok(Self {
            names: names.collect(),
            keys: (!config.regex.is_empty()).then_some(keys),
            source: Some(&config.source).filter(|source| !source.is_empty()).cloned(),
        })
    }
}

impl Process for Logfmt {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let mut found: Vec<(Arc<str>, String)> = Vec::new();
        if let Some(text) = entry.input(self.source.as_deref()) {
            // What cannot be read ends the reading.
            for (key, value) in Pairs::new(&text).map_while(Result::ok) {
                if let Some(name) = self.names.get(key) {
                    found.push((Arc::clone(name), value.as_ref().to_owned()));
                }
                if self.keys.as_ref().is_some_and(|keys| keys.is_match(key)) {
                    found.push((key.into(), value.into_owned()));
                }
            }
        }
        for (name, value) in found {
            entry.extracted.set(&name, Value::Text(value));
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    fn of(mapping: &[(&str, &str)], source: &str) -> Config {
        let mapping = mapping.iter().map(|(name, key)| ((*name).into(), (*key).into()));
        Config { mapping: mapping.collect(), source: source.into(), ..Config::default() }
    }

    #[track_caller]
    fn check(configs: &[Config], line: &str, expect: &str) {
        let stages: Vec<_> = configs.iter().cloned().map(StageConfig::Logfmt).collect();
        crate::testing::check(&stages, "{}", line, &format!("{{}} {line}{expect}"));
    }

    #[test]
    fn one_stage_reads_what_another_extracted() {
        check(
            &[of(&[("extra", "")], ""), of(&[("username", "user")], "extra")],
            "time=2012-11-01T22:08:41+00:00 app=loki message=\"a log line\" extra=\"user=example_name\"",
            " <extra=user=example_name, username=example_name>",
        );
        check(&[of(&[("a", "")], "none")], "a=1", "");
    }

    #[test]
    fn odd_lines() {
        check(&[of(&[("a", ""), ("b", "")], "")], "a=1 b", " <a=1, b=>");
        check(&[of(&[("a", ""), ("b", "")], "")], "a=1 x=\" b=2", " <a=1>");
        check(&[of(&[("a", "")], "")], "", "");
        let config = Config { regex: "^a".into(), ..Config::default() };
        check(&[config], "ab=1 ac=\"2 3\" b=4", " <ab=1, ac=2 3>");
    }

    #[test]
    fn settings_that_make_no_sense() {
        check_error(
            StageConfig::Logfmt(Config::default()),
            "stage.logfmt: mapping: either this or regex is needed",
        );
    }
}
