//! `loki.source.syslog`: messages that others send over TCP or UDP.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use alloy::ast::Block;
use alloy::decode::Arguments;
use alloy::{Diagnostic, Handle};
use model::Labels;

use crate::component::receiver::forward_to;
use crate::component::{RuleSet, To};
use crate::limits::SYSLOG_MESSAGE_BYTES_MAX;
use crate::syslog::Format;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Rules for the labels of entries.
    pub rules: RuleSet,
}

/// One place that it listens at.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Where.
    pub at: At,
    /// How messages are written.
    pub(crate) format: Format,
    /// Labels that entries get besides.
    pub labels: Labels,
    /// A connection that says nothing for so long is closed.
    pub idle_timeout: Duration,
    /// Bytes of one message; what is longer is cut.
    pub message_bytes_max: usize,
    /// Whether structured data becomes labels.
    pub label_structured_data: bool,
    /// Whether entries have the time that their message tells.
    pub use_incoming_timestamp: bool,
    /// Whether the line is the whole message, not its text alone.
    pub use_rfc5424_message: bool,
    /// Whether messages without a text are taken.
    pub allows_empty: bool,
    /// What messages end with that do not tell their length.
    pub delimiter: u8,
}

/// Where to listen, and by which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// By which protocol.
    pub protocol: Protocol,
    /// The address.
    pub address: SocketAddr,
}

/// How messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// One after another.
    Tcp,
    /// Each by itself.
    Udp,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        write!(f, "{protocol} {}", self.address)
    }
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let rules: Option<Handle<RuleSet>> = args.optional("relabel_rules", None);
    let blocks = args.blocks(&["listener"]);
    if blocks.is_empty() {
        let message = "it listens nowhere: give it a block \"listener\"";
        args.push(Diagnostic::warning(args.head(), message));
    }
    let mut listeners: Vec<Listener> = Vec::new();
    for block in blocks {
        let Some(listener) = listener(args, block) else { continue };
        if listeners.iter().any(|other| other.at == listener.at) {
            let message = format!("another listener is at {} already", listener.at);
            args.push(Diagnostic::error(block.head(), message));
            continue;
        }
        if listener.labels.is_empty() && rules.is_none() {
            let message = "entries will have no labels, which stores refuse: give labels or \
                           relabel_rules";
            args.push(Diagnostic::warning(block.head(), message));
        }
        listeners.push(listener);
    }
    Settings {
        forward_to: forward_to(args),
        listeners,
        rules: rules.map(|rules| (*rules.0).clone()).unwrap_or_default(),
    }
}

fn listener<'a>(args: &mut Arguments<'a, '_>, block: &'a Block) -> Option<Listener> {
    let mut nested = args.nested(block);
    let address = nested.required_as("address", |text: String| address(&text));
    let protocols = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
    let protocol = nested.one_of("protocol", &protocols, Protocol::Tcp);
    let formats =
        [("rfc5424", Format::Rfc5424), ("rfc3164", Format::Rfc3164), ("raw", Format::Raw)];
    let format = nested.one_of("syslog_format", &formats, Format::Rfc5424);
    let message_bytes_max = nested.optional("max_message_length", 8192_i64);
    let message_bytes_max = usize::try_from(message_bytes_max).unwrap_or(0);
    if !(1..=SYSLOG_MESSAGE_BYTES_MAX).contains(&message_bytes_max) {
        let message = format!("it must be between 1 and {SYSLOG_MESSAGE_BYTES_MAX}");
        nested.wrong("max_message_length", message);
    }
    let labels: Vec<(String, String)> = nested.optional("labels", Vec::new());
    // The year is told by now, and hosts are not looked up.
    nested.optional("rfc3164_default_to_current_year", false);
    nested.ignored("udp_host_cache_size");
    nested.ignored("udp_queue_size");
    let ends_with_null = raw_options(&mut nested);
    for name in ["tls_config", "rfc3164_cisco_components"] {
        if let Some(block) = nested.block(name) {
            let message = match name {
                "tls_config" => "it cannot listen by TLS: let a proxy before it end that",
                _ => "messages of Cisco's own form are not read: use syslog_format = \"raw\"",
            };
            nested.push(Diagnostic::error(block.head(), message));
        }
    }
    let idle_timeout = nested.optional("idle_timeout", Duration::from_secs(120));
    // Where the address is wrong, that is told, and what is here is never run.
    let unspecified = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let listener = Listener {
        at: At { protocol, address: address.unwrap_or(unspecified) },
        format,
        labels: Labels::new(labels),
        idle_timeout,
        message_bytes_max,
        label_structured_data: nested.optional("label_structured_data", false),
        use_incoming_timestamp: nested.optional("use_incoming_timestamp", false),
        use_rfc5424_message: nested.optional("use_rfc5424_message", false),
        allows_empty: nested.optional("rfc5424_allow_empty_msg", false),
        delimiter: if ends_with_null && format == Format::Raw { 0 } else { b'\n' },
    };
    nested.finish();
    address.map(|_| listener)
}

fn raw_options(args: &mut Arguments<'_, '_>) -> bool {
    let Some(block) = args.block("raw_format_options") else { return false };
    let mut nested = args.nested(block);
    let ends_with_null = nested.optional("use_null_terminator_delimiter", false);
    nested.finish();
    ends_with_null
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("{text:?} is no address, write one like \"0.0.0.0:1514\"");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    match host {
        "" => Ok(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
        "localhost" => Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
        _ => text.parse().map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expect: Option<&str>| {
            let found = address(text).ok().map(|it| it.to_string());
            assert_eq!(found.as_deref(), expect, "for {text}");
        };
        check(":514", Some("0.0.0.0:514"));
        check("localhost:514", Some("127.0.0.1:514"));
        check("[::1]:514", Some("[::1]:514"));
        check("10.0.0.1:0", Some("10.0.0.1:0"));
        check("514", None);
        check("host:514", None);
        check("10.0.0.1:x", None);
    }
}
