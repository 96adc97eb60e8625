//! `stage.structured_metadata_drop`: removes structured metadata.

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The metadata that go.
    pub values: Vec<String>,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self { values: args.required("values") }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct StructuredMetadataDrop {
    values: Vec<String>,
}

impl StructuredMetadataDrop {
    pub(crate) fn build(config: &Config) -> Self {
        Self { values: config.values.clone() }
    }
}

impl Process for StructuredMetadataDrop {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        if self.values.iter().any(|value| entry.metadata.get(value).is_some()) {
            let goes = |name: &str| self.values.iter().any(|value| value == name);
            entry.metadata = entry.metadata.filter(|name| !goes(name));
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::check;

    #[test]
    fn metadata_go() {
        let regex = ".".to_owned();
        let metadata = crate::structured_metadata::Config { regex, ..Default::default() };
        let values = vec!["a".to_owned(), "none".to_owned()];
        let stages = [
            StageConfig::StructuredMetadata(metadata),
            StageConfig::StructuredMetadataDrop(Config { values }),
        ];
        check(&stages, r#"{a="1", b="2"}"#, "x", r#"{} x +{b="2"} <a=1, b=2>"#);
    }
}
