//! `stage.labels`: makes labels of extracted values, or of structured metadata.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::error::Error;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Labels and the values that they get; an empty source is the name of the label.
    pub values: BTreeMap<String, String>,
    /// Where the values are.
    pub source_type: SourceType,
}

/// Where values are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SourceType {
    /// Among the extracted values.
    #[default]
    Extracted,
    /// In the structured metadata.
    StructuredMetadata,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let types = [
            ("extracted", SourceType::Extracted),
            ("structured_metadata", SourceType::StructuredMetadata),
        ];
        let values = args.required("values");
        Self { values, source_type: args.one_of("source_type", &types, SourceType::Extracted) }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct SetLabels {
    names: Vec<Arc<str>>,
    sources: Vec<String>,
    source_type: SourceType,
    memo: Memo,
}

impl SetLabels {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let (names, sources) = mapping(&config.values)?;
        let source_type = config.source_type;
        Ok(Self { names, sources, source_type, memo: Memo::default() })
    }
}

/// The names of a mapping and their sources, checked.
pub(crate) fn mapping(
    values: &BTreeMap<String, String>,
) -> Result<(Vec<Arc<str>>, Vec<String>), Error> {
    let invalid = values.keys().find(|name| !model::labels::is_label_name(name));
    if let Some(name) = invalid {
        let message = format!("{name:?} is no name of a label: letters, digits and _ only");
        return Err(Error::new("values", message));
    }
    let source = |(name, source): (&String, &String)| {
        if source.is_empty() { name.clone() } else { source.clone() }
    };
    let names = values.keys().map(|name| name.as_str().into());
    Ok((names.collect(), values.iter().map(source).collect()))
}

impl Process for SetLabels {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let Self { names, sources, source_type, memo } = self;
        let Entry { labels, extracted, metadata, .. } = entry;
        let value = |at: usize| match source_type {
            SourceType::Extracted => extracted.text(&sources[at]),
            SourceType::StructuredMetadata => metadata.get(&sources[at]).map(Cow::Borrowed),
        };
        if (0..names.len()).any(|at| value(at).is_some()) {
            *labels = memo.set(labels, names, value);
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn config(values: &[(&str, &str)], source_type: SourceType) -> StageConfig {
        let values = values.iter().map(|(name, source)| ((*name).into(), (*source).into()));
        StageConfig::Labels(Config { values: values.collect(), source_type })
    }

    fn json(text: &str) -> StageConfig {
        let expressions = [(text.to_owned(), String::new())].into();
        StageConfig::Json(crate::json::Config { expressions, ..crate::json::Config::default() })
    }

    #[test]
    fn values_become_labels() {
        let labels = config(&[("env", ""), ("user", "username")], SourceType::Extracted);
        let check = |line: &str, expect: &str| {
            let stages = [json("username"), json("env"), labels.clone()];
            check(&stages, r#"{env="dev"}"#, line, expect);
        };
        check(
            r#"{"username":"u"}"#,
            r#"{env="dev", user="u"} {"username":"u"} <env=null, username=u>"#,
        );
        check("no JSON", r#"{env="dev"} no JSON"#);
        check(
            r#"{"username":1.50,"env":true}"#,
            r#"{env="true", user="1.5"} {"username":1.50,"env":true} <username=1.5>"#,
        );
        check(r#"{"username":""}"#, r#"{env="dev"} {"username":""} <env=null, username=>"#);
    }

    #[test]
    fn metadata_becomes_labels() {
        let values = [("pod".to_owned(), String::new())].into();
        let metadata = crate::structured_metadata::Config { values, regex: String::new() };
        let stages = [
            StageConfig::StructuredMetadata(metadata),
            config(&[("name", "pod"), ("x", "none")], SourceType::StructuredMetadata),
        ];
        check(&stages, r#"{pod="p"}"#, "x", r#"{name="p"} x +{pod="p"} <pod=p>"#);
    }

    #[test]
    fn names_are_checked() {
        check_error(
            config(&[("a-b", "")], SourceType::Extracted),
            "stage.labels: values: \"a-b\" is no name of a label: letters, digits and _ only",
        );
    }
}
