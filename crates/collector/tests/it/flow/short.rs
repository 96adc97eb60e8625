//! Our own short configuration at work.

use std::fs;

use barogram_collector::configuration::load;

use super::agent::{Place, shown, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

#[tokio::test]
async fn the_pods_that_are_chosen_arrive_with_what_is_known_of_them() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let path = place.path("x.yaml");
    let text = format!(
        "sinks:\n  - url: {}\n    tenant: t\npods:\n  folder: {}\n  namespaces: {{include: \
         [airflow]}}\n  labels: {{exclude: {{app.io/kind: noise}}}}\nlabels: {{cluster: c}}\n",
        store.url,
        place.pods().display()
    );
    fs::write(&path, text).unwrap();
    let airflow = [
        ("dag_id", "etl"),
        ("task_id", "load"),
        ("run_id", "r"),
        ("try_number", "1"),
        ("airflow_version", "3.0.0"),
        ("kubernetes_executor", "True"),
    ];
    api.apply("1", &airflow);
    api.apply("2", &[("app.io/kind", "noise")]);
    for pod in ["1", "2"] {
        let file = format!("pods/airflow_pod-{pod}_{pod}/base/0.log");
        place.write(&file, &format!("2026-11-22T08:00:00Z stdout F from {pod}\n"));
    }
    let agent = place.start_configuration(&load(&path).unwrap()[0]);
    until_stored(&store, 1).await;
    api.apply("3", &[]);
    place.write("pods/airflow_pod-3_3/base/0.log", "2026-11-22T08:00:00Z stdout F from 3\n");
    until_stored(&store, 2).await;
    agent.stop().await;
    let one = r#"{app="airflow", cluster="c", component="worker", container="base", dag_id="etl", namespace="airflow", task_id="load"}"#;
    let three = r#"{cluster="c", container="base", namespace="airflow"}"#;
    assert_eq!(shown(&store), [format!("{one} from 1"), format!("{three} from 3")]);
    assert!(store.stored().tenants.contains("t"));
}
