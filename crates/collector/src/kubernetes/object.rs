//! What the API tells of a pod → the plain pod that the rest of the collector knows.

use airflow::Pod;
use airflow::pod::{Container, Controller};
use k8s_openapi::api::core::v1::Pod as Object;

/// The plain pod.
pub fn pod(object: &Object) -> Pod {
    let metadata = &object.metadata;
    let spec = object.spec.as_ref();
    let mut owners = metadata.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true));
    let containers = spec.into_iter().flat_map(|spec| &spec.containers).map(|container| {
        let parts = [&container.command, &container.args];
        let words = parts.into_iter().flatten().flatten().cloned().collect();
        Container { name: container.name.clone(), words }
    });
    Pod {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        node: spec.and_then(|spec| spec.node_name.clone()),
        controller: controller
            .map(|owner| Controller { kind: owner.kind.clone(), name: owner.name.clone() }),
        labels: metadata.labels.clone().unwrap_or_default(),
        annotations: metadata.annotations.clone().unwrap_or_default(),
        containers: containers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_of_a_pod() {
        let object = serde_json::json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "1", "labels": {"l": "x"},
                "annotations": {"dag_id": "d"}, "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "2"},
                    {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "3",
                        "controller": true}]},
            "spec": {"nodeName": "n", "containers": [
                {"name": "base", "command": ["airflow"], "args": ["tasks", "run"]}]},
        });
        let found = pod(&serde_json::from_value(object).unwrap());
        assert_eq!([&*found.namespace, &found.name, &found.uid], ["a", "p", "1"]);
        assert_eq!(found.node.as_deref(), Some("n"));
        assert_eq!(found.labels["l"], "x");
        assert_eq!(found.annotations["dag_id"], "d");
        let controller = found.controller.unwrap();
        assert_eq!([&*controller.kind, &controller.name], ["Job", "j"]);
        assert_eq!(found.containers[0].words, ["airflow", "tasks", "run"]);
    }
}
