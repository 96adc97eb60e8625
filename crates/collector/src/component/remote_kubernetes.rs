//! `remote.kubernetes.secret` and `remote.kubernetes.configmap`: what an object in the cluster
//! holds, for other components.

use std::path::PathBuf;
use std::time::Duration;

use alloy::decode::Arguments;

use crate::component::client;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What sort of object it is.
    pub sort: Sort,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How often it is asked for.
    pub poll_frequency: Duration,
    /// How long the answer may take.
    pub poll_timeout: Duration,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
}

/// What sort of object it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Its values are never shown.
    Secret,
    /// Its values are texts like others.
    ConfigMap,
}

/// Reads them.
pub fn decode(sort: Sort, args: &mut Arguments<'_, '_>) -> Settings {
    let (api_server, kubeconfig_file) = client::kubernetes(args);
    let poll_frequency = client::poll_frequency(args);
    Settings {
        sort,
        namespace: args.required("namespace"),
        name: args.required("name"),
        poll_frequency,
        poll_timeout: args.optional("poll_timeout", Duration::from_secs(15)),
        api_server,
        kubeconfig_file,
    }
}
