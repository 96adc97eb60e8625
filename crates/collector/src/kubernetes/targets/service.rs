//! The targets of a service: one for each of its ports.

use alloy::Target;
use k8s_openapi::api::core::v1::Service;

use crate::kubernetes::targets::{address, all, put};

/// The targets of a service.
pub fn targets_of(service: &Service) -> Vec<Target> {
    let metadata = &service.metadata;
    let spec = service.spec.clone().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let sort = spec.type_.as_deref().unwrap_or_default();
    let mut common = Target::new();
    put(&mut common, "namespace", namespace);
    put(&mut common, "service_name", name);
    all(&mut common, "service_label", metadata.labels.as_ref());
    all(&mut common, "service_annotation", metadata.annotations.as_ref());
    put(&mut common, "service_type", sort);
    if sort == "ExternalName" {
        let external = spec.external_name.as_deref();
        put(&mut common, "service_external_name", external.unwrap_or_default());
    } else {
        put(&mut common, "service_cluster_ip", spec.cluster_ip.as_deref().unwrap_or_default());
    }
    if sort == "LoadBalancer" {
        let ip = spec.load_balancer_ip.as_deref();
        put(&mut common, "service_loadbalancer_ip", ip.unwrap_or_default());
    }
    let ports = spec.ports.iter().flatten();
    let of_port = |port: &k8s_openapi::api::core::v1::ServicePort| {
        let mut target = common.clone();
        let address = address(&format!("{name}.{namespace}.svc"), Some(port.port));
        target.insert("__address__".to_owned(), address);
        put(&mut target, "service_port_name", port.name.as_deref().unwrap_or_default());
        put(&mut target, "service_port_number", &port.port.to_string());
        put(&mut target, "service_port_protocol", port.protocol.as_deref().unwrap_or("TCP"));
        target
    };
    ports.map(of_port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::targets::label::shown;

    #[track_caller]
    fn check(spec: &serde_json::Value, expect: &[&str]) {
        let service = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "s", "namespace": "a", "labels": {"app": "x"}}, "spec": spec,
        }));
        let found: Vec<String> = targets_of(&service.unwrap()).iter().map(shown).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn one_target_for_each_port() {
        let labels = "service_label_app=x service_labelpresent_app=true service_name=s";
        check(
            &serde_json::json!({"type": "ClusterIP", "clusterIP": "10.0.0.9", "ports": [
                {"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP"}]}),
            &[
                &format!(
                    "__address__=s.a.svc:80 namespace=a service_cluster_ip=10.0.0.9 {labels} \
                     service_port_name=http service_port_number=80 service_port_protocol=TCP \
                     service_type=ClusterIP"
                ),
                &format!(
                    "__address__=s.a.svc:53 namespace=a service_cluster_ip=10.0.0.9 {labels} \
                     service_port_number=53 service_port_protocol=UDP service_type=ClusterIP"
                ),
            ],
        );
        check(
            &serde_json::json!({"type": "ExternalName", "externalName": "e.x", "ports": [{"port": 1}]}),
            &[&format!(
                "__address__=s.a.svc:1 namespace=a service_external_name=e.x {labels} \
                 service_port_number=1 service_port_protocol=TCP service_type=ExternalName"
            )],
        );
        check(&serde_json::json!({"clusterIP": "None"}), &[]);
    }
}
