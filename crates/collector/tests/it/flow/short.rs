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

#[tokio::test]
async fn a_traceback_is_one_entry() {
    let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
    place.api = Some(api.url.clone());
    let path = place.path("x.yaml");
    let (url, folder) = (&store.url, place.pods());
    let text = format!("sinks:\n  - url: {url}\npods:\n  folder: {}\n", folder.display());
    fs::write(&path, text).unwrap();
    api.apply("1", &[]);
    let error = "[2026-11-22T08:00:00.000+0000] {x.py:1} ERROR - failed";
    let traceback =
        ["Traceback (most recent call last):", "  File \"x.py\", line 1, in f", "KeyError: 'x'"];
    let lines = [error].into_iter().chain(traceback).chain(["next"]);
    let records: String =
        lines.map(|line| format!("2026-11-22T08:00:00Z stderr F {line}\n")).collect();
    place.write("pods/airflow_pod-1_1/base/0.log", &records);
    let agent = place.start_configuration(&load(&path).unwrap()[0]);
    until_stored(&store, 3).await;
    agent.stop().await;
    let level = r#"{container="base", level="error", namespace="airflow"}"#;
    let traceback = traceback.join("\n");
    let next = r#"{container="base", namespace="airflow"} next"#;
    let expect = [format!("{level} {traceback}"), format!("{level} {error}"), next.to_owned()];
    assert_eq!(shown(&store), expect);
}

/// The task logs of a worker, through restarts and a new configuration.
#[tokio::test]
async fn task_logs_on_volumes_arrive_and_go_on_where_they_were() {
    let (place, store) = (Place::new(), Store::start([]).await);
    let path = place.path("x.yaml");
    let text = |namespaces: &str| {
        format!(
            "sinks:\n  - url: {}\npods:\n  folder: {}\n  namespaces: {namespaces}\n\
             labels: {{cluster: c}}\n",
            store.url,
            place.pods().display()
        )
    };
    fs::write(&path, text("{exclude: [dev]}")).unwrap();
    let log = "dag_id=d/run_id=r/task_id=t/attempt=1.log";
    for namespace in ["airflow", "dev"] {
        fs::create_dir_all(place.pods().join(format!("{namespace}_w_{namespace}/worker"))).unwrap();
    }
    let write = |namespace: &str, second: usize| {
        let file = format!("kubelet/{namespace}/volumes/kubernetes.io~empty-dir/logs/{log}");
        let time = format!("2026-11-22T08:00:0{second}Z");
        place.write(
            &file,
            &format!("{{\"timestamp\":\"{time}\",\"level\":\"info\",\"event\":\"{namespace}\"}}\n"),
        );
    };
    write("airflow", 0);
    write("dev", 0);
    let agent = place.start_configuration(&load(&path).unwrap()[0]);
    until_stored(&store, 1).await;
    write("airflow", 1);
    until_stored(&store, 2).await;
    agent.stop().await;
    write("airflow", 2);
    let agent = place.start_configuration(&load(&path).unwrap()[0]);
    until_stored(&store, 3).await;
    // Another namespace is chosen while it runs.
    fs::write(&path, text("{include: [dev]}")).unwrap();
    agent.control.reload(load(&path).unwrap().remove(0)).await.unwrap();
    until_stored(&store, 4).await;
    agent.stop().await;
    let labels = |namespace: &str| {
        format!(
            "{{app=\"airflow\", cluster=\"c\", component=\"worker\", dag_id=\"d\", \
             level=\"info\", namespace=\"{namespace}\", task_id=\"t\"}}"
        )
    };
    let stored = store.stored();
    let streams: Vec<&str> = stored.entries.keys().map(|(labels, ..)| labels.as_str()).collect();
    let (one, dev) = (labels("airflow"), labels("dev"));
    assert_eq!(streams, [&one, &one, &one, &dev]);
    assert!(stored.entries.values().all(|(_, count)| *count == 1), "{:?}", stored.entries);
    assert_eq!(stored.changed, [""; 0]);
}
