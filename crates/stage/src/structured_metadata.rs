//! `stage.structured_metadata`: makes structured metadata of extracted values and of labels. Labels
//! that became metadata are labels no more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use logql::regex::Regex;

use crate::entry::Entry;
use crate::error::Error;
use crate::labels::mapping;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Names of metadata and of the values that they get; an empty source is the name.
    pub values: BTreeMap<String, String>,
    /// The values that keep their names, as a regular expression; empty: none.
    pub regex: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            values: args.optional("values", BTreeMap::new()),
            regex: args.optional("regex", String::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct StructuredMetadata {
    names: Vec<Arc<str>>,
    sources: Vec<String>,
    regex: Option<Regex>,
    /// Labels without those that became metadata.
    memo: Memo,
}

impl StructuredMetadata {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let (names, sources) = mapping(&config.values)?;
        let regex = Regex::new(&config.regex).map_err(|error| Error::new("regex", error))?;
        let regex = (!config.regex.is_empty()).then_some(regex);
        Ok(Self { names, sources, regex, memo: Memo::default() })
    }
}

impl Process for StructuredMetadata {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Self { names, sources, regex, memo } = self;
        let Entry { labels, metadata, extracted, .. } = entry;
        let matches = |name: &str| regex.as_ref().is_some_and(|regex| regex.is_match(name));
        let mut found: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
        if regex.is_some() {
            let by_name = labels.iter().filter(|(name, _)| matches(name));
            found.extend(by_name.map(|(name, value)| (name.into(), value.into())));
            for name in extracted.names().into_iter().filter(|name| matches(name)) {
                found.extend(extracted.text(name).map(|text| (name.into(), text)));
            }
        }
        for (name, source) in names.iter().zip(sources.iter()) {
            // What was extracted is younger than a label of the same name.
            let label = || labels.get(source).map(Into::into);
            let text = extracted.text(source).or_else(label);
            found.extend(text.map(|text| (Cow::Borrowed(&**name), text)));
        }
        if found.is_empty() {
            return Flow::Next;
        }
        *metadata = metadata.with_all(found);
        let goes = |name: &str| matches(name) || sources.iter().any(|source| source == name);
        *labels = memo.map(labels, |labels| labels.filter(|name| !goes(name)));
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check_error;

    fn of(values: &[(&str, &str)], regex: &str) -> StageConfig {
        let values = values.iter().map(|(name, source)| ((*name).into(), (*source).into()));
        let config = Config { values: values.collect(), regex: regex.into() };
        StageConfig::StructuredMetadata(config)
    }

    #[track_caller]
    fn check(stage: StageConfig, line: &str, expect: &str) {
        let mapping = ["user".to_owned(), "pod".to_owned()].map(|name| (name, String::new()));
        let logfmt = crate::logfmt::Config { mapping: mapping.into(), ..Default::default() };
        let stages = [StageConfig::Logfmt(logfmt), stage];
        crate::testing::check(&stages, r#"{app="a", pod="p"}"#, line, expect);
    }

    #[test]
    fn values_become_metadata() {
        let values = [("pod", ""), ("name", "user")];
        check(
            of(&values, ""),
            "user=u",
            r#"{app="a"} user=u +{name="u", pod="p"} <pod=p, user=u>"#,
        );
        check(of(&values, ""), "pod=q", r#"{app="a"} pod=q +{pod="q"} <pod=q>"#);
        check(of(&[("x", "none")], ""), "x", r#"{app="a", pod="p"} x"#);
        check(
            of(&[], "^(pod|us.*)$"),
            "user=u",
            r#"{app="a"} user=u +{pod="p", user="u"} <pod=p, user=u>"#,
        );
        check(of(&[], ""), "x", r#"{app="a", pod="p"} x"#);
    }

    #[test]
    fn settings_that_make_no_sense() {
        check_error(
            of(&[("a-b", "")], ""),
            "stage.structured_metadata: values: \"a-b\" is no name of a label: letters, digits and \
             _ only",
        );
    }
}
