//! Pods that resources in the cluster name.

use serde_json::json;

use super::agent::{Place, shown, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

fn text(more: &str) -> String {
    format!(
        r#"
loki.source.podlogs "p" {{
  {more}
  selector {{
    match_expression {{
      key      = "team"
      operator = "In"
      values   = ["data"]
    }}
  }}
  forward_to = [loki.write.w.receiver]
}}
loki.write "w" {{ ENDPOINT }}
"#
    )
}

/// Lines are those of pods that a resource names, from the files of this node, through a new
/// configuration; once the resource is gone there are no more.
#[tokio::test]
async fn resources_say_which_pods() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let space = json!({"metadata": {"name": "airflow", "uid": "n", "labels": {"tier": "x"}}});
    api.of("namespaces").apply("n", &space);
    let resource = |uid: &str, team: &str, app: &str| {
        json!({"metadata": {"name": uid, "namespace": "airflow", "uid": uid, "labels": {"team": team}},
            "spec": {"selector": {"matchLabels": {"app": app}},
                "namespaceSelector": {"matchLabels": {"tier": "x"}},
                "relabelings": [{"sourceLabels": ["__meta_kubernetes_pod_name"],
                    "targetLabel": "pod"}]}})
    };
    api.of("podlogs").apply("r1", &resource("r1", "data", "x"));
    api.of("podlogs").apply("r2", &resource("r2", "other", "y"));
    for (uid, app) in [("1", "x"), ("2", "y")] {
        api.apply(uid, &[("app", app)]);
        let line = format!("2026-11-22T08:00:00Z stdout F from {uid}\n");
        place.write(&format!("pods/airflow_pod-{uid}_{uid}/base/0.log"), &line);
    }
    let agent = place.start(&text(""), &store);
    until_stored(&store, 1).await;
    let more = "preserve_discovered_labels = true";
    agent.reload(&place.text(&text(more), &store)).await.unwrap();
    place.write("pods/airflow_pod-1_1/base/0.log", "2026-11-22T08:00:01Z stdout F more\n");
    until_stored(&store, 2).await;
    api.of("podlogs").apply("r2", &resource("r2", "data", "y"));
    until_stored(&store, 3).await;
    agent.stop().await;
    let labels = |uid: &str, by: &str| {
        format!("{{instance=\"airflow/pod-{uid}:base\", job=\"airflow/{by}\", pod=\"pod-{uid}\"}}")
    };
    let expect = [
        format!("{} from 1", labels("1", "r1")),
        format!("{} more", labels("1", "r1")),
        format!("{} from 2", labels("2", "r2")),
    ];
    assert_eq!(shown(&store), expect);
    assert!(store.stored().entries.values().all(|(_, count)| *count == 1), "each came once");
}
