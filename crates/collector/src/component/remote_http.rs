//! `remote.http`: what a server says, for other components.

use std::time::Duration;

use alloy::decode::Arguments;
use alloy::{Diagnostic, Secret as Hidden};

use crate::component::client;
use crate::write::{Client, Endpoint, Secret};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The address, and how it is reached.
    pub endpoint: Endpoint,
    /// What is asked, as in `GET`.
    pub method: String,
    /// What is sent, if anything.
    pub body: String,
    /// How often it is asked.
    pub poll_frequency: Duration,
    /// Whether what it says must not be shown.
    pub is_secret: bool,
}

/// What may be asked.
const METHODS: [(&str, &str); 7] = [
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("HEAD", "HEAD"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("OPTIONS", "OPTIONS"),
];

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let poll_frequency = client::poll_frequency(args);
    let mut headers: Vec<(String, Hidden)> = args.optional("headers", Vec::new());
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let headers = headers.into_iter();
    let client = args.block("client").map(|block| {
        let mut nested = args.nested(block);
        let client = client::decode(&mut nested);
        nested.finish();
        client
    });
    let client = client.unwrap_or_default();
    let endpoint = Endpoint {
        url: args.required("url"),
        auth: client.auth,
        headers: headers.map(|(name, value)| (name, Secret(value.expose().to_owned()))).collect(),
        tls: client.tls,
        push_timeout: args.optional("poll_timeout", Duration::from_secs(10)),
        ..Endpoint::default()
    };
    if !endpoint.url.is_empty()
        && let Err(error) = Client::check(&endpoint)
    {
        args.push(Diagnostic::error(args.span("url"), error.to_string()));
    }
    Settings {
        endpoint,
        method: args.one_of("method", &METHODS, "GET").to_owned(),
        body: args.optional("body", String::new()),
        poll_frequency,
        is_secret: args.optional("is_secret", false),
    }
}
