//! `loki.source.api`: entries that others push to us.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use alloy::decode::Arguments;
use alloy::{ByteSize, Diagnostic, Handle};
use model::Labels;

use crate::component::receiver::forward_to;
use crate::component::{RuleSet, To};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Labels that entries get besides.
    pub labels: Labels,
    /// Rules for their labels.
    pub rules: RuleSet,
    /// Whether entries keep their time; else they get the one at which they came.
    pub use_incoming_timestamp: bool,
    /// The largest push that is taken, in bytes as it comes.
    pub max_send_message_size: u64,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let mut listen = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 8080);
    if let Some(block) = args.required_block("http") {
        let mut nested = args.nested(block);
        let address = |text: String| {
            let text = if text == "localhost" { "127.0.0.1".to_owned() } else { text };
            let is_all = text.is_empty();
            let address = if is_all { Ok(Ipv4Addr::UNSPECIFIED.into()) } else { text.parse() };
            address.map_err(|_| format!("{text:?} is no address, write one like \"127.0.0.1\""))
        };
        let ip: Option<IpAddr> = nested.given_as("listen_address", address);
        listen.set_ip(ip.unwrap_or(listen.ip()));
        listen.set_port(nested.optional("listen_port", listen.port()));
        for name in
            ["conn_limit", "server_idle_timeout", "server_read_timeout", "server_write_timeout"]
        {
            nested.ignored(name);
        }
        if let Some(tls) = nested.block("tls") {
            nested.push(Diagnostic::error(tls.head(), "it cannot be served over TLS"));
        }
        nested.finish();
    }
    let rules: Option<Handle<RuleSet>> = args.optional("relabel_rules", None);
    args.ignored("graceful_shutdown_timeout");
    let labels: Vec<(String, String)> = args.optional("labels", Vec::new());
    Settings {
        forward_to: forward_to(args),
        listen,
        labels: Labels::new(labels),
        rules: rules.map(|rules| (*rules.0).clone()).unwrap_or_default(),
        use_incoming_timestamp: args.optional("use_incoming_timestamp", false),
        max_send_message_size: args
            .optional("max_send_message_size", ByteSize(100 * 1024 * 1024))
            .0,
    }
}
