//! `loki.source.kubernetes`: the lines of containers, as Kubernetes tells them.

use std::path::PathBuf;

use alloy::Target;
use alloy::decode::Arguments;

use crate::component::receiver::forward_to;
use crate::component::{To, client};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Whether lines keep what discovery tells of their pods, for a `stage.airflow` that they come
    /// to. No store gets it.
    pub keeps_meta: bool,
    /// Targets, each a container, as `discovery.kubernetes` tells them.
    pub targets: Vec<Target>,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
    /// Whether agents are to share the targets. They do so by each reading those of its node.
    pub is_clustered: bool,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let (api_server, kubeconfig_file) = client::kubernetes(args);
    let is_clustered = client::clustering(args);
    let targets = args.required("targets");
    let (forward_to, keeps_meta) = (forward_to(args), false);
    Settings { forward_to, keeps_meta, targets, api_server, kubeconfig_file, is_clustered }
}
