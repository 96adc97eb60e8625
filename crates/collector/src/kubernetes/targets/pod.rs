//! The targets of a pod: one for each port of each container; one for a container without ports.

use alloy::Target;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use crate::kubernetes::targets::{address, all, put};

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
                put(&mut target, "pod_container_port_number", &number);
                put(
                    &mut target,
                    "pod_container_port_name",
                    port.name.as_deref().unwrap_or_default(),
                );
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                put(&mut target, "pod_container_port_protocol", protocol);
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
    put(&mut target, "namespace", &namespace);
    let ready = status.conditions.iter().flatten().find(|it| it.type_ == "Ready");
    let controller = metadata.owner_references.iter().flatten();
    let controller = controller.into_iter().find(|it| it.controller == Some(true));
    let ready = ready.map(|it| it.status.to_lowercase());
    for (name, value) in [
        ("pod_name", metadata.name.as_deref()),
        ("pod_uid", metadata.uid.as_deref()),
        ("pod_ip", status.pod_ip.as_deref()),
        ("pod_phase", status.phase.as_deref()),
        ("pod_host_ip", status.host_ip.as_deref()),
        ("pod_node_name", spec.node_name.as_deref()),
        ("pod_ready", ready.as_deref()),
        ("pod_controller_kind", controller.map(|it| it.kind.as_str())),
        ("pod_controller_name", controller.map(|it| it.name.as_str())),
    ] {
        put(&mut target, name, value.unwrap_or_default());
    }
    all(&mut target, "pod_label", metadata.labels.as_ref());
    all(&mut target, "pod_annotation", metadata.annotations.as_ref());
    target
}

fn of_container(
    target: &mut Target,
    container: &Container,
    is_init: bool,
    state: Option<&ContainerStatus>,
) {
    put(target, "pod_container_name", &container.name);
    put(target, "pod_container_image", container.image.as_deref().unwrap_or_default());
    put(target, "pod_container_init", if is_init { "true" } else { "false" });
    let id = state.and_then(|it| it.container_id.as_deref());
    put(target, "pod_container_id", id.unwrap_or_default());
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
