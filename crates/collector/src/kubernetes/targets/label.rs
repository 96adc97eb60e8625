//! The labels of targets.

use std::collections::BTreeMap;

use alloy::Target;

/// What all of them begin with.
const PREFIX: &str = "__meta_kubernetes_";

/// Sets a label that tells something of an object: its sort and what it tells, as in `pod_name`.
pub fn put(target: &mut Target, name: &str, value: &str) {
    if !value.is_empty() {
        target.insert(format!("{PREFIX}{name}"), value.to_owned());
    }
}

/// Sets those for an object's own labels or annotations, `what` being `pod_label` or the like: what
/// each says, and that it is there.
pub fn all(target: &mut Target, what: &str, values: Option<&BTreeMap<String, String>>) {
    for (name, value) in values.into_iter().flatten() {
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        put(target, &format!("{what}_{name}"), value);
        put(target, &format!("{what}present_{name}"), "true");
    }
}

/// An address with its port, if it has one.
pub fn address(host: &str, port: Option<i32>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

/// A target's labels for a test, in their order.
#[cfg(test)]
pub fn shown(target: &Target) -> String {
    let short = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let pairs: Vec<_> = target.iter().map(|(k, v)| format!("{}={v}", short(k))).collect();
    pairs.join(" ")
}
