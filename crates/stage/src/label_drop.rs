//! `stage.label_drop`: removes labels.

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The labels that go.
    pub values: Vec<String>,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { values: args.optional("values", Vec::new()) }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct LabelDrop {
    values: Vec<String>,
    memo: Memo,
}

impl LabelDrop {
    pub(crate) fn build(config: &Config) -> Self {
        Self { values: config.values.clone(), memo: Memo::default() }
    }
}

impl Process for LabelDrop {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let goes = |name: &str| self.values.iter().any(|value| value == name);
        let labels = |labels: &model::Labels| labels.filter(|name| !goes(name));
        entry.labels = self.memo.map(&entry.labels, labels);
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check;

    #[test]
    fn labels_go() {
        let values = vec!["a".to_owned(), "z".to_owned()];
        let config = [StageConfig::LabelDrop(Config { values })];
        check(&config, r#"{a="1", b="2"}"#, "x", r#"{b="2"} x <a=1>"#);
        check(&[StageConfig::LabelDrop(Config::default())], r#"{a="1"}"#, "x", r#"{a="1"} x"#);
    }
}
