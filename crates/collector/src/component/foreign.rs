//! Components of Alloy that are not here, and what becomes of a configuration that has one.

use alloy::Diagnostic;
use alloy::ast::Block;

use crate::component::KINDS;

/// What is done about a component that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// It has to do with other things than logs: left out, with a warning.
    OtherThings,
    /// It finds or brings logs that nothing else brings: left out, with a warning.
    Source,
    /// Logs pass through it: without it the configuration does not do what it says.
    Between,
}

/// Families of components that have to do with other things than logs.
const OTHER_FAMILIES: [&str; 8] = [
    "beyla.",
    "database_observability.",
    "faro.",
    "mimir.",
    "otelcol.",
    "prometheus.",
    "pyroscope.",
    "argocd.",
];
/// Finds or brings logs, or other components' targets.
const SOURCES: [&str; 15] = [
    "discovery.dockerswarm",
    "discovery.http",
    "discovery.kubelet",
    "discovery.process",
    "loki.rules.kubernetes",
    "loki.source.awsfirehose",
    "loki.source.azure_event_hubs",
    "loki.source.cloudflare",
    "loki.source.gcplog",
    "loki.source.gelf",
    "loki.source.heroku",
    "loki.source.kafka",
    "loki.source.windowsevent",
    "remote.s3",
    "remote.vault",
];
/// Logs pass through these, or other components cannot do without what they export.
const BETWEEN: [&str; 2] = ["loki.enrich", "loki.secretfilter"];

impl Foreign {
    /// What is done about a component of this name, if Alloy has it.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if BETWEEN.contains(&name) {
            Some(Self::Between)
        } else if SOURCES.contains(&name) || name.starts_with("discovery.") {
            Some(Self::Source)
        } else if OTHER_FAMILIES.iter().any(|family| name.starts_with(family)) {
            Some(Self::OtherThings)
        } else {
            None
        }
    }

    /// What is told about the block.
    #[must_use]
    pub fn told(self, block: &Block) -> Diagnostic {
        let (span, name) = (block.head(), &block.name.text);
        match self {
            Self::OtherThings => Diagnostic::warning(
                span,
                format!("{name} is not run: barogram collects logs, and what Prometheus scrapes"),
            ),
            Self::Source => Diagnostic::warning(
                span,
                format!("{name} is not run, what it finds is not collected: barogram has no such"),
            ),
            Self::Between => Diagnostic::error(
                span,
                format!("barogram has no {name}, and what depends on it cannot do without"),
            ),
        }
    }
}

/// What is told about a block whose name nobody knows. `custom` are the modules that are there.
#[must_use]
pub fn unknown(block: &Block, custom: &[String]) -> Diagnostic {
    let name = &block.name.text;
    let problem = Diagnostic::error(block.head(), format!("there is no component \"{name}\""));
    let blocks = ["logging", "livedebugging", "http", "declare", "argument", "export"];
    let known = KINDS.iter().map(|kind| kind.name).chain(SOURCES).chain(BETWEEN);
    problem.nearest(name, known.chain(blocks).chain(custom.iter().map(String::as_str)))
}
