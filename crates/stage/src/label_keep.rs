//! `stage.label_keep`: removes all labels but some.

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The labels that stay.
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
pub(crate) struct LabelKeep {
    values: Vec<String>,
    memo: Memo,
}

impl LabelKeep {
    pub(crate) fn build(config: &Config) -> Self {
        Self { values: config.values.clone(), memo: Memo::default() }
    }
}

impl Process for LabelKeep {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let stays = |name: &str| self.values.iter().any(|value| value == name);
        let labels = |labels: &model::Labels| labels.filter(|name| stays(name));
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
    fn labels_stay() {
        let values = vec!["a".to_owned(), "z".to_owned()];
        let config = [StageConfig::LabelKeep(Config { values })];
        check(&config, r#"{a="1", b="2"}"#, "x", r#"{a="1"} x <b=2>"#);
        check(&[StageConfig::LabelKeep(Config::default())], r#"{a="1"}"#, "x", "{} x <a=1>");
    }
}
