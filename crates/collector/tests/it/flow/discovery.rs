//! Targets that files and Kubernetes tell of.

use std::fs;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::agent::{Agent, Place, shown, until, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

const FILES: &str = r#"
discovery.file "f" {
  files            = ["FOLDER/targets/*.yml", "FOLDER/more.json"]
  refresh_interval = "20ms"
}
loki.source.file "f" {
  targets    = discovery.file.f.targets
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;

fn target(place: &Place, file: &str) -> String {
    let path = place.path(file);
    format!("- targets: [localhost]\n  labels: {{__path__: {}, app: {file}}}\n", path.display())
}

/// What a component exports now.
fn exports(agent: &Agent, id: &str) -> String {
    let found = agent.control.components().into_iter().find(|it| it.id == id);
    found.expect("a component that is there").exports
}

/// Targets come and change with their files; a file that is broken changes nothing.
#[tokio::test]
async fn targets_of_files() {
    let (place, store) = (Place::new(), Store::start([]).await);
    place.write("targets/a.yml", &target(&place, "a.log"));
    place.write("a.log", "one\n");
    let agent = place.start(FILES, &store);
    until_stored(&store, 1).await;
    place.write("b.log", "two\n");
    fs::write(place.path("targets/a.yml"), "- targets: [").unwrap();
    let path = place.path("b.log");
    let more = json!([{"targets": ["b"], "labels": {"app": "b.log", "__path__": path}}]);
    place.write("more.json", &more.to_string());
    until_stored(&store, 2).await;
    place.write("a.log", "three\n");
    until_stored(&store, 3).await;
    let problem = || {
        let all = agent.control.components();
        all.iter().find(|it| it.id == "discovery.file.f").and_then(|it| it.stats.problem())
    };
    assert!(problem().is_some_and(|it| it.contains("a.yml")), "{:?}", problem());
    fs::remove_file(place.path("targets/a.yml")).unwrap();
    let of = || exports(&agent, "discovery.file.f");
    until(|| !of().contains("a.log"), of).await;
    assert!(of().contains("__meta_filepath") && of().contains("more.json"), "{}", of());
    until(|| problem().is_none(), || format!("{:?}", problem())).await;
    agent.stop().await;
    let label =
        |name: &str| format!("{{app=\"{name}\", filename=\"{}\"}}", place.path(name).display());
    let expect = [
        format!("{} one", label("a.log")),
        format!("{} three", label("a.log")),
        format!("{} two", label("b.log")),
    ];
    assert_eq!(shown(&store), expect);
}

/// Follows what there is of one role: one object is there, then it is gone.
async fn check(role: &str, kind: &str, object: &serde_json::Value, expect: &str) {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    api.of(kind).apply("1", object);
    let agent = place.start(&format!("discovery.kubernetes \"k\" {{ role = \"{role}\" }}"), &store);
    let of = || exports(&agent, "discovery.kubernetes.k");
    until(|| of().contains(expect), of).await;
    api.of(kind).delete("1");
    until(|| !of().contains(expect), of).await;
    sleep(Duration::from_millis(20)).await;
    agent.stop().await;
}

#[tokio::test]
async fn nodes_and_services() {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "1"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}});
    check("node", "nodes", &node, "10.0.0.1:10250").await;
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "s", "namespace": "a", "uid": "1"},
        "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.9", "ports": [{"port": 80}]}});
    check("service", "services", &service, "s.a.svc:80").await;
}
