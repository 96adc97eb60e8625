//! The settings of a pipeline, as plain data: which stages, in which order, with what.

use crate::error::Error;
use crate::process::Process;
use crate::reads::Reads;
use crate::{
    airflow, cri, decolorize, docker, drop, json, label_drop, label_keep, labels, limit, logfmt,
    luhn, r#match, metrics, multiline, output, pack, pattern, regex, replace, sampling, split_json,
    static_labels, structured_metadata, structured_metadata_drop, template, tenant, timestamp,
    traceback, truncate,
};

/// One stage and its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum StageConfig {
    /// `stage.airflow`
    Airflow,
    /// `stage.cri`
    Cri(cri::Config),
    /// `stage.decolorize`
    Decolorize,
    /// `stage.docker`
    Docker,
    /// `stage.drop`
    Drop(drop::Config),
    /// `stage.json`
    Json(json::Config),
    /// `stage.label_drop`
    LabelDrop(label_drop::Config),
    /// `stage.label_keep`
    LabelKeep(label_keep::Config),
    /// `stage.labels`
    Labels(labels::Config),
    /// `stage.limit`
    Limit(limit::Config),
    /// `stage.logfmt`
    Logfmt(logfmt::Config),
    /// `stage.luhn`
    Luhn(luhn::Config),
    /// `stage.match`
    Match(r#match::Config),
    /// `stage.metrics`
    Metrics(metrics::Config),
    /// `stage.multiline`
    Multiline(multiline::Config),
    /// `stage.output`
    Output(output::Config),
    /// `stage.pack`
    Pack(pack::Config),
    /// `stage.pattern`
    Pattern(pattern::Config),
    /// `stage.regex`
    Regex(regex::Config),
    /// `stage.replace`
    Replace(replace::Config),
    /// `stage.sampling`
    Sampling(sampling::Config),
    /// `stage.split_json`
    SplitJson(split_json::Config),
    /// `stage.static_labels`
    StaticLabels(static_labels::Config),
    /// `stage.structured_metadata`
    StructuredMetadata(structured_metadata::Config),
    /// `stage.structured_metadata_drop`
    StructuredMetadataDrop(structured_metadata_drop::Config),
    /// `stage.template`
    Template(template::Config),
    /// `stage.tenant`
    Tenant(tenant::Config),
    /// `stage.timestamp`
    Timestamp(timestamp::Config),
    /// `stage.traceback`
    Traceback,
    /// `stage.truncate`
    Truncate(truncate::Config),
}

/// The names of all stages, without `stage.`.
pub const NAMES: [&str; 30] = [
    "airflow",
    "cri",
    "decolorize",
    "docker",
    "drop",
    "json",
    "label_drop",
    "label_keep",
    "labels",
    "limit",
    "logfmt",
    "luhn",
    "match",
    "metrics",
    "multiline",
    "output",
    "pack",
    "pattern",
    "regex",
    "replace",
    "sampling",
    "split_json",
    "static_labels",
    "structured_metadata",
    "structured_metadata_drop",
    "template",
    "tenant",
    "timestamp",
    "traceback",
    "truncate",
];

/// What a stage is built with beside its settings.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What the stages of the whole pipeline read.
    pub(crate) reads: Reads,
    /// For what is left to chance.
    pub(crate) seed: u64,
}

impl Parts {
    /// The parts of the stage at this place: chance differs from stage to stage.
    pub(crate) fn nth(&self, at: usize) -> Self {
        let seed = self.seed.wrapping_mul(31).wrapping_add(at as u64);
        Self { reads: self.reads.clone(), seed }
    }
}

impl StageConfig {
    /// The name of the stage, without `stage.`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Airflow => "airflow",
            Self::Cri(_) => "cri",
            Self::Decolorize => "decolorize",
            Self::Docker => "docker",
            Self::Drop(_) => "drop",
            Self::Json(_) => "json",
            Self::LabelDrop(_) => "label_drop",
            Self::LabelKeep(_) => "label_keep",
            Self::Labels(_) => "labels",
            Self::Limit(_) => "limit",
            Self::Logfmt(_) => "logfmt",
            Self::Luhn(_) => "luhn",
            Self::Match(_) => "match",
            Self::Metrics(_) => "metrics",
            Self::Multiline(_) => "multiline",
            Self::Output(_) => "output",
            Self::Pack(_) => "pack",
            Self::Pattern(_) => "pattern",
            Self::Regex(_) => "regex",
            Self::Replace(_) => "replace",
            Self::Sampling(_) => "sampling",
            Self::SplitJson(_) => "split_json",
            Self::StaticLabels(_) => "static_labels",
            Self::StructuredMetadata(_) => "structured_metadata",
            Self::StructuredMetadataDrop(_) => "structured_metadata_drop",
            Self::Template(_) => "template",
            Self::Tenant(_) => "tenant",
            Self::Timestamp(_) => "timestamp",
            Self::Traceback => "traceback",
            Self::Truncate(_) => "truncate",
        }
    }

    /// Builds the stage.
    pub(crate) fn build(&self, parts: &Parts) -> Result<Box<dyn Process>, Error> {
        Ok(match self {
            Self::Airflow => Box::<airflow::Airflow>::default(),
            Self::Cri(config) => Box::new(cri::Cri::build(config, &parts.reads)?),
            Self::Decolorize => Box::new(decolorize::Decolorize),
            Self::Docker => Box::new(docker::Docker::build(&parts.reads)),
            Self::Drop(config) => Box::new(drop::Drop::build(config)?),
            Self::Json(config) => Box::new(json::JsonStage::build(config)?),
            Self::LabelDrop(config) => Box::new(label_drop::LabelDrop::build(config)),
            Self::LabelKeep(config) => Box::new(label_keep::LabelKeep::build(config)),
            Self::Labels(config) => Box::new(labels::SetLabels::build(config)?),
            Self::Limit(config) => Box::new(limit::Limit::build(config)?),
            Self::Logfmt(config) => Box::new(logfmt::Logfmt::build(config)?),
            Self::Luhn(config) => Box::new(luhn::Luhn::build(config)?),
            Self::Match(config) => Box::new(r#match::Match::build(config, parts)?),
            Self::Metrics(config) => Box::new(metrics::Metrics::build(config)?),
            Self::Multiline(config) => Box::new(multiline::Multiline::build(config)?),
            Self::Output(config) => Box::new(output::Output::build(config)?),
            Self::Pack(config) => Box::new(pack::Pack::build(config)),
            Self::Pattern(config) => Box::new(pattern::Pattern::build(config)?),
            Self::Regex(config) => Box::new(regex::Regex::build(config)?),
            Self::Replace(config) => Box::new(replace::Replace::build(config)?),
            Self::Sampling(config) => Box::new(sampling::Sampling::build(config, parts.seed)?),
            Self::SplitJson(config) => Box::new(split_json::SplitJson::build(config)?),
            Self::StaticLabels(config) => Box::new(static_labels::StaticLabels::build(config)?),
            Self::StructuredMetadata(config) => {
                Box::new(structured_metadata::StructuredMetadata::build(config)?)
            }
            Self::StructuredMetadataDrop(config) => {
                Box::new(structured_metadata_drop::StructuredMetadataDrop::build(config))
            }
            Self::Template(config) => Box::new(template::Template::build(config)?),
            Self::Tenant(config) => Box::new(tenant::Tenant::build(config)?),
            Self::Timestamp(config) => Box::new(timestamp::SetTimestamp::build(config)?),
            Self::Traceback => Box::<traceback::Traceback>::default(),
            Self::Truncate(config) => Box::new(truncate::Truncate::build(config)?),
        })
    }
}
