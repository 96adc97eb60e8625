//! `loki.write`: entries to one or several stores.

use std::time::Duration;

use alloy::ast::Block;
use alloy::decode::Arguments;
use alloy::{ByteSize, Diagnostic, Secret as Hidden};
use model::Labels;

use crate::component::client;
use crate::write::{Client, Endpoint, Secret};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The stores.
    pub endpoints: Vec<Endpoint>,
    /// Labels that all entries get besides.
    pub external_labels: Labels,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let blocks = args.blocks(&["endpoint"]);
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let endpoint = endpoint(args, block, at);
        if endpoints.iter().any(|other| other.name == endpoint.name) {
            let message = format!("another endpoint is called \"{}\" already", endpoint.name);
            args.push(Diagnostic::error(block.head(), message));
            continue;
        }
        endpoints.push(endpoint);
    }
    if endpoints.is_empty() {
        let message = "nothing is written anywhere: there is no endpoint";
        args.push(Diagnostic::warning(args.head(), message));
    }
    if let Some(block) = args.block("wal") {
        // What it is for is done in any case: batches wait on disk until they are acknowledged.
        let mut nested = args.nested(block);
        nested.ignored("enabled");
        for name in ["drain_timeout", "max_read_frequency", "max_segment_age", "min_read_frequency"]
        {
            nested.ignored(name);
        }
        nested.finish();
    }
    args.ignored("max_streams");
    let labels: Vec<(String, String)> = args.optional("external_labels", Vec::new());
    Settings { endpoints, external_labels: Labels::new(labels) }
}

fn endpoint<'a>(args: &mut Arguments<'a, '_>, block: &'a Block, at: usize) -> Endpoint {
    let default = Endpoint::default();
    let mut nested = args.nested(block);
    let client = client::decode(&mut nested);
    let batch = nested.optional("batch_size", ByteSize(default.batch_bytes as u64));
    let mut headers: Vec<(String, Hidden)> = nested.optional("headers", Vec::new());
    let tenant = nested.given("tenant_id").filter(|tenant: &String| !tenant.is_empty());
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let headers = headers.into_iter();
    let name = nested.given_as("name", plain_name);
    let endpoint = Endpoint {
        // Its queue lies in a folder of this name: it must be the same at the next start.
        name: name.unwrap_or_else(|| format!("endpoint-{at}")),
        url: nested.required("url"),
        tenant,
        auth: client.auth,
        headers: headers.map(|(name, value)| (name, Secret(value.expose().to_owned()))).collect(),
        tls: client.tls,
        batch_bytes: usize::try_from(batch.0).unwrap_or(usize::MAX),
        batch_wait: nested.optional("batch_wait", default.batch_wait),
        push_timeout: nested.optional("remote_timeout", default.push_timeout),
        backoff_min: nested.optional("min_backoff_period", default.backoff_min),
        backoff_max: nested.optional("max_backoff_period", Duration::from_secs(300)),
        queue_bytes_max: default.queue_bytes_max,
    };
    // It is tried for ever.
    nested.ignored("max_backoff_retries");
    nested.ignored("retry_on_http_429");
    if let Some(block) = nested.block("queue_config") {
        let mut queue = nested.nested(block);
        for name in ["capacity", "drain_timeout", "min_shards", "block_on_overflow"] {
            queue.ignored(name);
        }
        queue.finish();
    }
    let url = nested.span("url");
    let is_known = !endpoint.url.is_empty();
    nested.finish();
    if is_known && let Err(error) = Client::check(&endpoint) {
        args.push(Diagnostic::error(url, error.to_string()));
    }
    endpoint
}

fn plain_name(name: String) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let count = name.len();
    if name.chars().all(is_plain) && (1..=128).contains(&count) {
        return Ok(name);
    }
    Err(format!("\"{name}\" must consist of letters, digits, '-' and '_'"))
}
