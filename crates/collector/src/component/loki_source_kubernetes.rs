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
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let (mut api_server, mut kubeconfig_file) = (None, None);
    if let Some(block) = args.block("client") {
        let mut nested = args.nested(block);
        api_server = nested.given("api_server");
        kubeconfig_file = nested.given("kubeconfig_file").map(|path: String| path.into());
        client::ignore(&mut nested);
        nested.finish();
    }
    client::clustering(args);
    let targets = args.required("targets");
    let keeps_meta = false;
    Settings { forward_to: forward_to(args), keeps_meta, targets, api_server, kubeconfig_file }
}
