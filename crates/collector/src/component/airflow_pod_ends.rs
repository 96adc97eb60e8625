//! `airflow.pod_ends`: an entry for each pod of a task that failed, which tells why. Alloy has no
//! such component.

use std::path::PathBuf;

use alloy::decode::Arguments;

use crate::component::receiver::forward_to;
use crate::component::{To, client};
use crate::config::Namespaces;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Whose pods' ends are told.
    pub namespaces: Namespaces,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let (api_server, kubeconfig_file) = client::kubernetes(args);
    client::clustering(args);
    Settings {
        forward_to: forward_to(args),
        namespaces: Namespaces {
            include: args.optional("namespaces", Vec::new()),
            exclude: args.optional("exclude_namespaces", Vec::new()),
        },
        api_server,
        kubeconfig_file,
    }
}
