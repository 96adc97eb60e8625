//! `loki.source.kubernetes_events`: what Kubernetes tells of what it does, as lines.

use std::path::PathBuf;

use alloy::decode::Arguments;

use crate::component::receiver::forward_to;
use crate::component::{To, client};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// The label `job` of all entries.
    pub job_name: String,
    /// The namespaces whose events are wanted; none for all.
    pub namespaces: Vec<String>,
    /// What lines look like.
    pub format: Format,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
}

/// What lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Names and values in their order.
    Logfmt,
    /// An object.
    Json,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let (api_server, kubeconfig_file) = client::kubernetes(args);
    client::clustering(args);
    let not_empty = |name: String| {
        if name.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(name) }
    };
    let job_name = args.given_as("job_name", not_empty);
    let formats = [("logfmt", Format::Logfmt), ("json", Format::Json)];
    let mut namespaces: Vec<String> = args.optional("namespaces", Vec::new());
    namespaces.sort();
    namespaces.dedup();
    Settings {
        forward_to: forward_to(args),
        job_name: job_name.unwrap_or_else(|| "loki.source.kubernetes_events".to_owned()),
        namespaces,
        format: args.one_of("log_format", &formats, Format::Logfmt),
        api_server,
        kubeconfig_file,
    }
}
