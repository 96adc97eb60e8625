//! Pods that Kubernetes tells of.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use super::agent::{Place, shown, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

const LABELS: &str = r#"
discovery.kubernetes "pods" { role = "pod" }

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets

  rule {
    source_labels = ["__meta_kubernetes_pod_name"]
    target_label  = "pod"
  }
  rule {
    source_labels = ["__meta_kubernetes_pod_label_dag_id"]
    target_label  = "dag_id"
  }
  rule {
    source_labels = ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_name", "__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"]
    regex         = "(.+);(.+);(.+);(.+)"
    target_label  = "__path__"
    replacement   = "FOLDER/pods/${1}_${2}_${3}/$4/*.log"
  }
}
loki.write "w" { ENDPOINT }
"#;
const FILES: &str = r#"
local.file_match "pods" { path_targets = discovery.relabel.pods.output }
loki.source.file "pods" {
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}
loki.process "pods" {
  stage.cri { }
  stage.label_drop { values = ["filename", "stream"] }
  forward_to = [loki.write.w.receiver]
}
"#;
const API: &str = r#"
loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.process.pods.receiver]
}
loki.process "pods" {
  stage.label_drop { values = ["instance"] }
  forward_to = [loki.write.w.receiver]
}
"#;

/// A pod that is gone before Kubernetes tells of it.
async fn check(source: &str) {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let agent = place.start(&format!("{LABELS}{source}"), &store);
    sleep(Duration::from_millis(150)).await;
    place.write("pods/airflow_pod-1_1/base/0.log", "2026-11-22T08:00:00Z stdout P he\n");
    place.write("pods/airflow_pod-1_1/base/0.log", "2026-11-22T08:00:00Z stdout F llo\n");
    sleep(Duration::from_millis(100)).await;
    fs::remove_dir_all(place.path("pods/airflow_pod-1_1")).unwrap();
    api.apply("1", &[("dag_id", "etl")]);
    api.delete("1");
    api.apply("2", &[("dag_id", "other")]);
    place.write("pods/airflow_pod-2_2/base/0.log", "2026-11-22T08:00:00Z stdout F world\n");
    until_stored(&store, 2).await;
    agent.stop().await;
    let expect = [r#"{dag_id="etl", pod="pod-1"} hello"#, r#"{dag_id="other", pod="pod-2"} world"#];
    assert_eq!(shown(&store), expect);
}

#[tokio::test]
async fn files_of_pods() {
    check(FILES).await;
}

#[tokio::test]
async fn what_the_api_server_would_tell() {
    check(API).await;
}

/// What discovery tells of a pod reaches the stage that knows Airflow's, and no store.
#[tokio::test]
async fn airflows_pods_are_recognised() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let source = FILES.replace("stage.cri { }", "stage.cri { }\n stage.airflow { }");
    let agent = place.start(&format!("{LABELS}{source}"), &store);
    api.apply(
        "1",
        &[
            ("dag_id", "etl"),
            ("task_id", "load"),
            ("run_id", "r"),
            ("try_number", "1"),
            ("airflow_version", "3.0.0"),
            ("kubernetes_executor", "True"),
        ],
    );
    place.write("pods/airflow_pod-1_1/base/0.log", "2026-11-22T08:00:00Z stdout F hello\n");
    until_stored(&store, 1).await;
    agent.stop().await;
    let stored = store.stored();
    let ((labels, ..), (metadata, _)) = stored.entries.first_key_value().unwrap();
    assert!(metadata.contains("run_id=\"r\"") || labels.contains("task_id"), "{labels} {metadata}");
    assert!(!labels.contains("__meta") && !metadata.contains("__meta"), "{labels} {metadata}");
}
