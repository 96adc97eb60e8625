//! The target of a node: its kubelet.

use std::collections::BTreeSet;

use alloy::Target;
use k8s_openapi::api::core::v1::Node;

use crate::kubernetes::targets::{address, all, put};

/// The sorts of addresses, the best first.
const SORTS: [&str; 5] = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "Hostname"];

/// The target of a node, if it has an address.
pub fn targets_of(node: &Node) -> Vec<Target> {
    let metadata = &node.metadata;
    let status = node.status.clone().unwrap_or_default();
    let addresses = status.addresses.unwrap_or_default();
    let find = |sort: &&str| addresses.iter().find(|it| it.type_ == **sort);
    let Some(best) = SORTS.iter().find_map(find) else { return Vec::new() };
    let endpoint = status.daemon_endpoints.and_then(|it| it.kubelet_endpoint);
    let port = endpoint.map_or(0, |it| it.port);
    let name = metadata.name.clone().unwrap_or_default();
    let mut target = Target::new();
    target.insert("__address__".to_owned(), address(&best.address, Some(port)));
    target.insert("instance".to_owned(), name.clone());
    put(&mut target, "node_name", &name);
    let provider = node.spec.as_ref().and_then(|it| it.provider_id.as_deref());
    put(&mut target, "node_provider_id", provider.unwrap_or_default());
    all(&mut target, "node_label", metadata.labels.as_ref());
    all(&mut target, "node_annotation", metadata.annotations.as_ref());
    let mut seen = BTreeSet::new();
    // The first of each sort.
    for it in addresses.iter().filter(|it| seen.insert(&it.type_)) {
        put(&mut target, &format!("node_address_{}", it.type_), &it.address);
    }
    vec![target]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::targets::label::shown;

    #[track_caller]
    fn check(addresses: &serde_json::Value, expect: &[&str]) {
        let node = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "n1", "labels": {"a/b": "c"}, "annotations": {"x": "y"}},
            "spec": {"providerID": "p://1"},
            "status": {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}},
        }));
        let found: Vec<String> = targets_of(&node.unwrap()).iter().map(shown).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_node_is_its_kubelet() {
        let labels = "node_label_a_b=c node_labelpresent_a_b=true node_name=n1 \
                      node_provider_id=p://1";
        let annotations = "node_annotation_x=y node_annotationpresent_x=true";
        check(
            &serde_json::json!([{"type": "Hostname", "address": "h"},
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "InternalIP", "address": "fd00::1"}]),
            &[&format!(
                "__address__=10.0.0.1:10250 node_address_Hostname=h \
                 node_address_InternalIP=10.0.0.1 {annotations} {labels} instance=n1"
            )],
        );
        check(&serde_json::json!([]), &[]);
    }
}
