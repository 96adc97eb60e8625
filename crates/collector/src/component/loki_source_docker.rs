//! `loki.source.docker`: the lines of containers, as Docker's engine tells them.

use alloy::decode::Arguments;
use alloy::{Handle, Target};
use model::Labels;

use crate::component::discovery_docker::{engine, no_credentials};
use crate::component::receiver::forward_to;
use crate::component::{RuleSet, To};
use crate::docker::Address;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Where the engine listens.
    pub engine: Option<Address>,
    /// Targets, each a container, as `discovery.docker` tells them.
    pub targets: Vec<Target>,
    /// Labels that all entries get.
    pub labels: Labels,
    /// Rules for the labels of entries.
    pub rules: RuleSet,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let engine = engine(args);
    // A log is followed; it is asked for again when it breaks off.
    args.ignored("refresh_interval");
    if let Some(block) = args.block("http_client_config") {
        let mut nested = args.nested(block);
        no_credentials(&mut nested);
        nested.finish();
    }
    let rules: Option<Handle<RuleSet>> = args.optional("relabel_rules", None);
    let labels: Vec<(String, String)> = args.optional("labels", Vec::new());
    Settings {
        forward_to: forward_to(args),
        engine,
        targets: args.required("targets"),
        labels: Labels::new(labels),
        rules: rules.map(|rules| (*rules.0).clone()).unwrap_or_default(),
    }
}
