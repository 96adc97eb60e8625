//! How pods of tasks ended, told by a component.

use serde_json::{Value, json};

use super::agent::{Place, shown, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

const TEXT: &str = r#"
airflow.pod_ends "all" {
  exclude_namespaces = ["other"]
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;

fn failed(name: &str, namespace: &str, reason: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "uid": name,
            "labels": {"kubernetes_executor": "True"},
            "annotations": {"dag_id": "d", "task_id": "t", "run_id": "r", "try_number": "1"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "base"}]},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "base",
            "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 137, "reason": reason,
                "finishedAt": "2026-11-22T08:10:00Z"}}}]},
    })
}

#[tokio::test]
async fn the_ends_of_failed_pods_are_entries() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    api.apply_object("before", &failed("before", "airflow", "OOMKilled"));
    let agent = place.start(TEXT, &store);
    until_stored(&store, 1).await;
    api.apply_object("elsewhere", &failed("elsewhere", "other", "OOMKilled"));
    for _ in 0..2 {
        api.apply_object("later", &failed("later", "airflow", "Error"));
    }
    until_stored(&store, 2).await;
    agent.stop().await;
    let told = shown(&store);
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, reason) in told.iter().zip(["Error", "OOMKilled"]) {
        let words = ["source=\"airflow.pods\"", "dag_id=\"d\"", "task_id=\"t\"", reason];
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
}
