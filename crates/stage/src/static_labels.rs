//! `stage.static_labels`: sets labels to fixed values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use model::labels::is_label_name;

use crate::entry::Entry;
use crate::error::Error;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Labels and their values; an empty value changes nothing.
    pub values: BTreeMap<String, String>,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { values: args.required("values") }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct StaticLabels {
    names: Vec<Arc<str>>,
    values: Vec<String>,
    memo: Memo,
}

impl StaticLabels {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if let Some(name) = config.values.keys().find(|name| !is_label_name(name)) {
            let message = format!("{name:?} is no name of a label: letters, digits and _ only");
            return Err(Error::new("values", message));
        }
        let values = || config.values.iter().filter(|(_, value)| !value.is_empty());
        Ok(Self {
            names: values().map(|(name, _)| name.as_str().into()).collect(),
            values: values().map(|(_, value)| value.clone()).collect(),
            memo: Memo::default(),
        })
    }
}

impl Process for StaticLabels {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let value = |at: usize| Some(Cow::Borrowed(self.values[at].as_str()));
        entry.labels = self.memo.set(&entry.labels, &self.names, value);
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn of(values: &[(&str, &str)]) -> StageConfig {
        let values = values.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        StageConfig::StaticLabels(Config { values: values.collect() })
    }

    #[test]
    fn labels_are_set() {
        let stage = of(&[("foo", "fooval"), ("bar", "barval"), ("none", "")]);
        let labels = r#"{bar="x", none="n"}"#;
        check(&[stage], labels, "x", r#"{bar="barval", foo="fooval", none="n"} x <bar=x>"#);
        check_error(
            of(&[("a b", "x")]),
            "stage.static_labels: values: \"a b\" is no name of a label: letters, digits and _ only",
        );
    }
}
