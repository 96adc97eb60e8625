//! Which extracted values a pipeline looks at, so that nothing is extracted in vain.

use std::collections::BTreeSet;

use crate::config::StageConfig;

/// The names of values that some stage reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    any: bool,
    names: BTreeSet<String>,
}

impl Reads {
    /// What these stages read.
    pub(crate) fn of(configs: &[StageConfig]) -> Self {
        let mut reads = Self::default();
        configs.iter().for_each(|config| reads.stage(config));
        reads
    }

    /// Whether a stage reads this value, or may.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.any || self.names.contains(name)
    }

    fn stage(&mut self, config: &StageConfig) {
        match config {
            StageConfig::Drop(config) => self.names(config.source.split(',')),
            StageConfig::Json(config) => self.names(&config.source),
            StageConfig::Labels(config) => self.mapping(&config.values),
            StageConfig::Logfmt(config) => self.names([&config.source]),
            StageConfig::Luhn(config) => self.names(&config.source),
            StageConfig::Match(config) => config.stages.iter().for_each(|inner| self.stage(inner)),
            StageConfig::Metrics(config) => {
                self.names(config.metrics.iter().map(|metric| metric.read_from()));
            }
            StageConfig::Output(config) => self.names([&config.source]),
            StageConfig::Pack(config) => self.names(&config.labels),
            StageConfig::Pattern(config) => self.names(&config.source),
            StageConfig::Regex(config) => self.names(&config.source),
            StageConfig::SplitJson(config) => self.names(&config.source),
            StageConfig::StructuredMetadata(config) => {
                self.any |= !config.regex.is_empty();
                self.mapping(&config.values);
            }
            StageConfig::Tenant(config) => self.names([&config.source]),
            StageConfig::Timestamp(config) => self.names([&config.source]),
            // What a template reads may depend on the entry; what is cut is told by a value.
            StageConfig::Template(_) | StageConfig::Replace(_) | StageConfig::Truncate(_) => {
                self.any = true;
            }
            StageConfig::Airflow
            | StageConfig::Cri(_)
            | StageConfig::Decolorize
            | StageConfig::Docker
            | StageConfig::LabelDrop(_)
            | StageConfig::LabelKeep(_)
            | StageConfig::Limit(_)
            | StageConfig::Multiline(_)
            | StageConfig::Sampling(_)
            | StageConfig::StaticLabels(_)
            | StageConfig::StructuredMetadataDrop(_)
            | StageConfig::Traceback => {}
        }
    }

    fn names(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        self.names.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
    }

    fn mapping<'m>(&mut self, values: impl IntoIterator<Item = (&'m String, &'m String)>) {
        for (name, source) in values {
            self.names([if source.is_empty() { name } else { source }]);
        }
    }
}
