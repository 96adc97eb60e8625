//! What the API tells of a pod → the targets that `discovery.kubernetes` makes of it: one for each
//! port of each container, and one for a container without ports.

use std::collections::BTreeMap;

use alloy::Target;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

const PREFIX: &str = "__meta_kubernetes_pod_";

/// The targets of a pod.
pub fn targets_of(pod: &Pod) -> Vec<Target> {
    let of_pod = of_pod(pod);
    let Some(spec) = &pod.spec else { return Vec::new() };
    let status = pod.status.clone().unwrap_or_default();
    let ip = status.pod_ip.clone().unwrap_or_default();
    let mut out = Vec::new();
    let inits = spec.init_containers.iter().flatten().map(|it| (it, true));
    for (container, is_init) in inits.chain(spec.containers.iter().map(|it| (it, false))) {
        let statuses =
            if is_init { &status.init_container_statuses } else { &status.container_statuses };
        let state = statuses.iter().flatten().find(|it| it.name == container.name);
        let mut target = of_pod.clone();
        of_container(&mut target, container, is_init, state);
        let ports = container.ports.iter().flatten();
        let mut with_ports: Vec<Target> = ports
            .map(|port| {
                let mut target = target.clone();
                target.insert("__address__".to_owned(), address(&ip, Some(port.container_port)));
                let number = port.container_port.to_string();
                put(&mut target, "container_port_number", &number);
                put(&mut target, "container_port_name", port.name.as_deref().unwrap_or_default());
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                put(&mut target, "container_port_protocol", protocol);
                target
            })
            .collect();
        if with_ports.is_empty() {
            target.insert("__address__".to_owned(), address(&ip, None));
            with_ports.push(target);
        }
        out.append(&mut with_ports);
    }
    out
}

fn of_pod(pod: &Pod) -> Target {
    let metadata = &pod.metadata;
    let status = pod.status.clone().unwrap_or_default();
    let spec = pod.spec.clone().unwrap_or_default();
    let mut target = Target::new();
    let namespace = metadata.namespace.clone().unwrap_or_default();
    target.insert("__meta_kubernetes_namespace".to_owned(), namespace);
    let ready = status.conditions.iter().flatten().find(|it| it.type_ == "Ready");
    let controller = metadata.owner_references.iter().flatten();
    let controller = controller.into_iter().find(|it| it.controller == Some(true));
    let ready = ready.map(|it| it.status.to_lowercase());
    for (name, value) in [
        ("name", metadata.name.as_deref()),
        ("uid", metadata.uid.as_deref()),
        ("ip", status.pod_ip.as_deref()),
        ("phase", status.phase.as_deref()),
        ("host_ip", status.host_ip.as_deref()),
        ("node_name", spec.node_name.as_deref()),
        ("ready", ready.as_deref()),
        ("controller_kind", controller.map(|it| it.kind.as_str())),
        ("controller_name", controller.map(|it| it.name.as_str())),
    ] {
        put(&mut target, name, value.unwrap_or_default());
    }
    all(&mut target, "label", metadata.labels.as_ref());
    all(&mut target, "annotation", metadata.annotations.as_ref());
    target
}

fn of_container(
    target: &mut Target,
    container: &Container,
    is_init: bool,
    state: Option<&ContainerStatus>,
) {
    put(target, "container_name", &container.name);
    put(target, "container_image", container.image.as_deref().unwrap_or_default());
    put(target, "container_init", if is_init { "true" } else { "false" });
    let id = state.and_then(|it| it.container_id.as_deref());
    put(target, "container_id", id.unwrap_or_default());
}

/// Labels or annotations, and which of them are there.
fn all(target: &mut Target, what: &str, values: Option<&BTreeMap<String, String>>) {
    for (name, value) in values.into_iter().flatten() {
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        put(target, &format!("{what}_{name}"), value);
        put(target, &format!("{what}present_{name}"), "true");
    }
}

fn put(target: &mut Target, name: &str, value: &str) {
    if !value.is_empty() {
        target.insert(format!("{PREFIX}{name}"), value.to_owned());
    }
}

fn address(ip: &str, port: Option<i32>) -> String {
    let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    port.map_or_else(|| ip.clone(), |port| format!("{ip}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_for_each_port() {
        let pod: Pod = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "u", "labels": {"app.io/x": "y"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j",
                    "uid": "3", "controller": true}]},
            "spec": {"nodeName": "n", "initContainers": [{"name": "i", "image": "img"}],
                "containers": [{"name": "c", "ports": [{"containerPort": 80, "name": "http"},
                    {"containerPort": 81, "protocol": "UDP"}]}]},
            "status": {"podIP": "10.0.0.1", "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "c", "containerID": "containerd://1", "image": "",
                    "imageID": "", "ready": true, "restartCount": 0}]},
        }))
        .unwrap();
        let found: Vec<String> = targets_of(&pod)
            .iter()
            .map(|target| {
                let names = [
                    "__address__",
                    "__meta_kubernetes_namespace",
                    "__meta_kubernetes_pod_container_name",
                    "__meta_kubernetes_pod_container_init",
                    "__meta_kubernetes_pod_container_port_name",
                    "__meta_kubernetes_pod_container_port_protocol",
                    "__meta_kubernetes_pod_label_app_io_x",
                    "__meta_kubernetes_pod_labelpresent_app_io_x",
                    "__meta_kubernetes_pod_ready",
                    "__meta_kubernetes_pod_controller_kind",
                    "__meta_kubernetes_pod_container_id",
                ];
                names.map(|name| target.get(name).map_or("-", String::as_str)).join(" ")
            })
            .collect();
        assert_eq!(
            found,
            [
                "10.0.0.1 a i true - - y true true Job -",
                "10.0.0.1:80 a c false http TCP y true true Job containerd://1",
                "10.0.0.1:81 a c false - UDP y true true Job containerd://1",
            ]
        );
    }
}
