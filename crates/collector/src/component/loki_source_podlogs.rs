//! `loki.source.podlogs`: the lines of the pods that resources in the cluster name.

use std::path::PathBuf;

use alloy::Diagnostic;
use alloy::decode::Arguments;

use crate::component::receiver::forward_to;
use crate::component::selector::{self, Selector};
use crate::component::{To, client};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Whether lines keep what is known of their pods, for components that they come to. No store
    /// gets it.
    pub keeps_meta: bool,
    /// Which of the resources count, by their labels,
    pub selector: Selector,
    /// and by those of their namespaces.
    pub namespace_selector: Selector,
    /// Whether only the pods of one node are read, and which, if that is said.
    pub node_filter: Option<Option<String>>,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
    /// Whether agents are to share the pods. They do so by each reading those of its node.
    pub is_clustered: bool,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let (api_server, kubeconfig_file) = client::kubernetes(args);
    let is_clustered = client::clustering(args);
    if args.optional("tail_from_end", false) {
        let span = args.span("tail_from_end");
        let message = "\"tail_from_end\" has no effect: logs are read from their beginning";
        args.push(Diagnostic::warning(span, message));
    }
    Settings {
        forward_to: forward_to(args),
        keeps_meta: args.optional("preserve_discovered_labels", false),
        selector: selector::decode(args, "selector"),
        namespace_selector: selector::decode(args, "namespace_selector"),
        node_filter: node_filter(args),
        api_server,
        kubeconfig_file,
        is_clustered,
    }
}

fn node_filter(args: &mut Arguments<'_, '_>) -> Option<Option<String>> {
    let block = args.block("node_filter")?;
    let mut nested = args.nested(block);
    let is_on = nested.optional("enabled", false);
    let name = nested.given("node_name").filter(|name: &String| !name.is_empty());
    nested.finish();
    is_on.then_some(name)
}
