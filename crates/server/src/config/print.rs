//! Settings as YAML, in Loki's names: what `/config` shows, and what can be read again.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Config, Limits};

impl Config {
    /// The settings as a Loki configuration. The token is not in it.
    pub(crate) fn to_yaml(&self) -> String {
        let mut text = String::new();
        let listen = json!({
            "http_listen_address": self.listen.ip(),
            "http_listen_port": self.listen.port(),
        });
        let overrides =
            self.overrides.iter().map(|(tenant, own)| (tenant.to_string(), fields(own)));
        let overrides: Map<String, Value> = overrides.map(|(t, own)| (t, own.into())).collect();
        section(&mut text, "server", &fields(&listen));
        _ = writeln!(text, "auth_enabled: {}", self.multi_tenant);
        let slow = loki::time::human_duration(self.log_queries_longer_than);
        section(&mut text, "frontend", &fields(&json!({ "log_queries_longer_than": slow })));
        let period = loki::time::human_duration(self.delete_request_cancel_period);
        let compactor = json!({
            "delete_request_cancel_period": period,
            "retention_enabled": self.retention_enabled,
        });
        section(&mut text, "compactor", &fields(&compactor));
        if let Some(window) = self.out_of_order_window {
            let age = loki::time::human_duration(window * 2);
            section(&mut text, "ingester", &fields(&json!({ "max_chunk_age": age })));
        }
        section(&mut text, "limits_config", &fields(&self.limits));
        section(&mut text, "overrides", &overrides);
        text
    }
}

impl Limits {
    /// A line for each limit.
    pub(crate) fn to_yaml(&self) -> String {
        let mut text = String::new();
        lines(&mut text, "", &fields(self));
        text
    }
}

fn section(text: &mut String, name: &str, fields: &Map<String, Value>) {
    if !fields.is_empty() {
        _ = writeln!(text, "{name}:");
        lines(text, "  ", fields);
    }
}

/// Every JSON value is a YAML value.
fn lines(text: &mut String, indent: &str, fields: &Map<String, Value>) {
    for (name, value) in fields {
        _ = writeln!(text, "{indent}{name}: {value}");
    }
}

/// The fields of plain data, as JSON has them.
pub(crate) fn fields(data: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(data) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
