//! `prometheus.remote_write`: samples to one or several stores of metrics.

use std::time::Duration;

use ::stage::relabel;
use alloy::ast::Block;
use alloy::decode::Arguments;
use alloy::{Diagnostic, Secret as Hidden};
use model::Labels;

use crate::component::client;
use crate::limits::SAMPLES_PER_SEND_MAX;
use crate::write::{Client, Endpoint, Secret};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The stores.
    pub endpoints: Vec<Remote>,
    /// Labels that all samples get besides.
    pub external_labels: Labels,
}

/// One store.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// Where it is and how it is reached.
    pub endpoint: Endpoint,
    /// Rules for the labels of what is sent to it.
    pub rules: Vec<relabel::Config>,
    /// Samples of one request,
    pub samples_max: usize,
    /// and how long the first waits for the others.
    pub deadline: Duration,
    /// What is older is not sent; zero: it is, however old.
    pub age_max: Duration,
    /// Whether what was answered with 429 is sent again.
    pub retries_429: bool,
}

/// Blocks that prove who one is in ways that are not here.
const PROOFS: [&str; 3] = ["azuread", "google_iam", "sigv4"];

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let blocks = args.blocks(&["endpoint"]);
    let mut endpoints: Vec<Remote> = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let remote = remote(args, block, at);
        if endpoints.iter().any(|other| other.endpoint.name == remote.endpoint.name) {
            let name = &remote.endpoint.name;
            let message = format!("another endpoint is called \"{name}\" already");
            args.push(Diagnostic::error(block.head(), message));
            continue;
        }
        endpoints.push(remote);
    }
    if endpoints.is_empty() {
        let message = "nothing is written anywhere: there is no endpoint";
        args.push(Diagnostic::warning(args.head(), message));
    }
    // What waits, waits in memory.
    ignored(args, "wal", &["truncate_frequency", "min_keepalive_time", "max_keepalive_time"]);
    let labels: Vec<(String, String)> = args.optional("external_labels", Vec::new());
    Settings { endpoints, external_labels: Labels::new(labels) }
}

fn remote<'a>(args: &mut Arguments<'a, '_>, block: &'a Block, at: usize) -> Remote {
    let mut nested = args.nested(block);
    let client = client::decode(&mut nested);
    let name = nested.given("name").filter(|name: &String| !name.is_empty());
    let mut remote = Remote {
        endpoint: Endpoint {
            name: name.unwrap_or_else(|| format!("endpoint-{at}")),
            url: nested.required("url"),
            auth: client.auth,
            headers: headers(&mut nested),
            tls: client.tls,
            push_timeout: nested.optional("remote_timeout", Duration::from_secs(30)),
            ..Endpoint::default()
        },
        rules: ::stage::decode::rules_of(&mut nested, "write_relabel_config"),
        samples_max: 2000,
        deadline: Duration::from_secs(5),
        age_max: Duration::ZERO,
        retries_429: true,
    };
    queue(&mut nested, &mut remote);
    what_is_not_sent(&mut nested);
    let span = nested.span("url");
    nested.finish();
    if !remote.endpoint.url.is_empty()
        && let Err(error) = Client::check(&remote.endpoint)
    {
        args.push(Diagnostic::error(span, error.to_string()));
    }
    remote
}

/// Headers that are configured, and those of the protocol.
fn headers(args: &mut Arguments<'_, '_>) -> Vec<(String, Secret)> {
    let mut headers: Vec<(String, Hidden)> = args.optional("headers", Vec::new());
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let headers =
        headers.into_iter().map(|(name, value)| (name, Secret(value.expose().to_owned())));
    let of_protocol =
        [("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", "0.1.0")];
    let of_protocol = of_protocol.map(|(name, value)| (name.to_owned(), Secret(value.to_owned())));
    headers.chain(of_protocol).collect()
}

fn queue(args: &mut Arguments<'_, '_>, remote: &mut Remote) {
    remote.endpoint.backoff_min = Duration::from_millis(30);
    remote.endpoint.backoff_max = Duration::from_secs(5);
    let Some(block) = args.block("queue_config") else { return };
    let mut queue = args.nested(block);
    // There is one shard, so that samples of a series stay in order.
    for name in ["capacity", "max_shards", "min_shards"] {
        queue.ignored(name);
    }
    let count = queue.optional("max_samples_per_send", remote.samples_max);
    if !(1..=SAMPLES_PER_SEND_MAX).contains(&count) {
        let message = format!("it must be between 1 and {SAMPLES_PER_SEND_MAX}");
        queue.wrong("max_samples_per_send", message);
    }
    remote.samples_max = count;
    remote.deadline = queue.optional("batch_send_deadline", remote.deadline);
    remote.endpoint.backoff_min = queue.optional("min_backoff", remote.endpoint.backoff_min);
    remote.endpoint.backoff_max = queue.optional("max_backoff", remote.endpoint.backoff_max);
    remote.age_max = queue.optional("sample_age_limit", Duration::ZERO);
    remote.retries_429 = queue.optional("retry_on_http_429", true);
    queue.finish();
}

/// What Alloy sends besides samples, and how it may say who it is.
fn what_is_not_sent(args: &mut Arguments<'_, '_>) {
    const VERSIONS: [(&str, bool); 2] =
        [("prometheus.WriteRequest", true), ("io.prometheus.write.v2.Request", false)];
    if !args.one_of("protobuf_message", &VERSIONS, true) {
        let span = args.span("protobuf_message");
        let message = "samples are sent as prometheus.WriteRequest";
        args.push(Diagnostic::warning(span, message));
    }
    for name in ["round_robin_dns", "send_exemplars", "send_native_histograms"] {
        args.ignored(name);
    }
    ignored(args, "metadata_config", &["max_samples_per_send", "send_interval", "send"]);
    for name in PROOFS {
        if let Some(block) = args.block(name) {
            let message = format!("barogram has no {name}: use a token in a file");
            args.push(Diagnostic::error(block.head(), message));
        }
    }
}

/// A block whose arguments have no effect here.
fn ignored(args: &mut Arguments<'_, '_>, name: &str, arguments: &[&str]) {
    let Some(block) = args.block(name) else { return };
    let mut nested = args.nested(block);
    for name in arguments {
        nested.ignored(name);
    }
    nested.finish();
}
