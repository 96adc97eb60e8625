//! From containers to targets: the labels that Prometheus' and Alloy's Docker discovery gives.

use std::collections::BTreeMap;

use alloy::Target;
use serde::Deserialize;

/// What all labels begin with.
const PREFIX: &str = "__meta_docker_";

/// How containers become targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// The port of containers that have none.
    pub port: u16,
    /// The host of containers that are on their host's network.
    pub host_networking_host: String,
    /// Whether a container of several networks is a target in the first of them only.
    pub match_first_network: bool,
}

/// A container, as far as it is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Container {
    id: String,
    names: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    ports: Option<Vec<Port>>,
    host_config: HostConfig,
    network_settings: NetworkSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Membership>>,
}

/// What a container is in a network.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Membership {
    #[serde(rename = "IPAddress")]
    ip: String,
    #[serde(rename = "NetworkID")]
    network: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    id: String,
    name: String,
    scope: String,
    internal: bool,
    ingress: bool,
    labels: Option<BTreeMap<String, String>>,
}

/// The targets of containers and networks, as an engine lists them in JSON.
///
/// # Errors
/// What is wrong with a list.
pub fn targets(
    containers: &[u8],
    networks: &[u8],
    manner: &Manner,
) -> Result<Vec<Target>, serde_json::Error> {
    let containers: Vec<Container> = serde_json::from_slice(containers)?;
    let networks: Vec<Network> = serde_json::from_slice(networks)?;
    let networks = networks.iter().map(|it| (it.id.as_str(), it.labels())).collect();
    let mut targets = Vec::new();
    for container in &containers {
        let memberships = memberships(container, &containers, manner);
        for membership in memberships {
            container.targets(&membership, &networks, manner, &mut targets);
        }
    }
    Ok(targets)
}

/// The networks that a container is in, by name. One that uses the network of another container has
/// none of its own.
fn memberships(container: &Container, all: &[Container], manner: &Manner) -> Vec<Membership> {
    let own = |it: &Container| it.network_settings.networks.clone().unwrap_or_default();
    let mut networks = own(container);
    let other = container.host_config.network_mode.strip_prefix("container:");
    if let Some(other) = other.filter(|_| networks.is_empty()) {
        networks = all.iter().find(|it| it.id == other).map(own).unwrap_or_default();
    }
    let count = if manner.match_first_network { 1 } else { networks.len() };
    networks.into_values().take(count).collect()
}

impl Container {
    /// A target for each of its ports in a network, or one if it has none.
    fn targets(
        &self,
        membership: &Membership,
        networks: &BTreeMap<&str, Target>,
        manner: &Manner,
        out: &mut Vec<Target>,
    ) {
        let Some(name) = self.names.iter().flatten().next() else { return };
        let mut common = networks.get(membership.network.as_str()).cloned().unwrap_or_default();
        put(&mut common, "container_id", &self.id);
        put(&mut common, "container_name", name);
        put(&mut common, "container_network_mode", &self.host_config.network_mode);
        put_all(&mut common, "container_label", self.labels.as_ref());
        put(&mut common, "network_ip", &membership.ip);
        let before = out.len();
        for port in self.ports.iter().flatten().filter(|port| port.kind == "tcp") {
            let mut target = common.clone();
            put(&mut target, "port_private", &port.private_port.to_string());
            if port.public_port > 0 {
                put(&mut target, "port_public", &port.public_port.to_string());
                put(&mut target, "port_public_ip", &port.ip);
            }
            address(&mut target, host_port(&membership.ip, port.private_port));
            out.push(target);
        }
        if out.len() == before {
            let is_of_host = self.host_config.network_mode == "host";
            let own = match is_of_host {
                true => manner.host_networking_host.clone(),
                false => host_port(&membership.ip, manner.port),
            };
            address(&mut common, own);
            out.push(common);
        }
    }
}

impl Network {
    fn labels(&self) -> Target {
        let mut labels = Target::new();
        put(&mut labels, "network_id", &self.id);
        put(&mut labels, "network_name", &self.name);
        put(&mut labels, "network_scope", &self.scope);
        put(&mut labels, "network_internal", &self.internal.to_string());
        put(&mut labels, "network_ingress", &self.ingress.to_string());
        put_all(&mut labels, "network_label", self.labels.as_ref());
        labels
    }
}

fn address(target: &mut Target, address: String) {
    target.insert("__address__".to_owned(), address);
}

fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn put(target: &mut Target, name: &str, value: &str) {
    if !value.is_empty() {
        target.insert(format!("{PREFIX}{name}"), value.to_owned());
    }
}

fn put_all(target: &mut Target, what: &str, labels: Option<&BTreeMap<String, String>>) {
    for (name, value) in labels.into_iter().flatten() {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        put(target, &format!("{what}_{name}"), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NETWORKS: &str = r#"[
        {"Name": "bridge", "Id": "n1", "Scope": "local", "Internal": false, "Ingress": false,
         "Labels": {}},
        {"Name": "web", "Id": "n2", "Scope": "local", "Labels": {"a.b": "c"}}
    ]"#;

    #[track_caller]
    fn check(containers: &Value, match_first_network: bool, expect: &[&str]) {
        let host_networking_host = "localhost".to_owned();
        let manner = Manner { port: 80, host_networking_host, match_first_network };
        let found =
            targets(containers.to_string().as_bytes(), NETWORKS.as_bytes(), &manner).unwrap();
        let shown = found.iter().map(|target| {
            let short = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
            let pairs: Vec<_> = target.iter().map(|(k, v)| format!("{}={v}", short(k))).collect();
            pairs.join(" ")
        });
        assert_eq!(shown.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn containers_and_their_ports() {
        let one = json!([{
            "Id": "c1", "Names": ["/web-1"], "Image": "nginx", "State": "running",
            "Labels": {"com.docker.compose.project": "p"},
            "Ports": [
                {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                {"PrivatePort": 443, "Type": "tcp"},
                {"PrivatePort": 53, "Type": "udp"},
            ],
            "HostConfig": {"NetworkMode": "web"},
            "NetworkSettings": {"Networks": {"web": {"IPAddress": "10.0.0.2", "NetworkID": "n2"}}},
        }]);
        let common = "container_id=c1 container_label_com_docker_compose_project=p \
                      container_name=/web-1 container_network_mode=web network_id=n2 \
                      network_ingress=false network_internal=false network_ip=10.0.0.2 \
                      network_label_a_b=c network_name=web network_scope=local";
        let first = format!(
            "__address__=10.0.0.2:80 {common} port_private=80 port_public=8080 \
             port_public_ip=0.0.0.0"
        );
        let second = format!("__address__=10.0.0.2:443 {common} port_private=443");
        check(&one, true, &[&first, &second]);
    }

    #[test]
    fn networks_of_other_sorts() {
        let container = |id: &str, mode: &str, networks: &Value| {
            json!({"Id": id, "Names": [format!("/{id}")], "HostConfig": {"NetworkMode": mode},
                "NetworkSettings": {"Networks": networks}})
        };
        let two = json!({"z": {"IPAddress": "10.0.0.9"}, "b": {"IPAddress": "fd00::1"}});
        let all = json!([
            container("a", "default", &two),
            container("b", "host", &json!({"host": {"IPAddress": ""}})),
            container("c", "container:a", &json!({})),
            container("d", "container:gone", &Value::Null),
            {"Id": "e", "Names": null},
        ]);
        check(
            &all,
            true,
            &[
                "__address__=[fd00::1]:80 container_id=a container_name=/a \
             container_network_mode=default network_ip=fd00::1",
                "__address__=localhost container_id=b container_name=/b container_network_mode=host",
                "__address__=[fd00::1]:80 container_id=c container_name=/c \
             container_network_mode=container:a network_ip=fd00::1",
            ],
        );
        let first = json!([container("a", "default", &two)]);
        check(
            &first,
            false,
            &[
                "__address__=[fd00::1]:80 container_id=a container_name=/a \
             container_network_mode=default network_ip=fd00::1",
                "__address__=10.0.0.9:80 container_id=a container_name=/a \
             container_network_mode=default network_ip=10.0.0.9",
            ],
        );
    }
}
