//! Events of Kubernetes.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::agent::{Agent, Place, shown, until, until_stored};
use crate::kubernetes::api::Api;
use crate::store::Store;

const TEXT: &str = r#"
loki.source.kubernetes_events "all" {
  forward_to = [loki.write.w.receiver]
  MORE
}
loki.write "w" { ENDPOINT }
"#;

/// A cluster in which things happen.
struct Scene {
    place: Place,
    store: Store,
    api: Api,
}

impl Scene {
    async fn new() -> Self {
        let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
        place.api = Some(api.url.clone());
        Self { place, store, api }
    }

    fn start(&self, more: &str) -> Agent {
        self.place.start(&TEXT.replace("MORE", more), &self.store)
    }

    fn happen(&self, uid: &str) {
        let object = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": uid, "namespace": "airflow", "uid": uid,
                "creationTimestamp": "2026-11-22T08:28:43Z"},
            "involvedObject": {"name": "p", "kind": "Pod", "namespace": "airflow"},
            "message": uid,
        });
        self.api.events.apply(uid, &object);
    }

    /// The messages that are stored, and how many entries were pushed.
    fn stored(&self) -> (Vec<String>, usize) {
        let entries = self.store.stored().entries;
        let message = |line: &String| line.split("msg=").last().unwrap().trim().to_owned();
        let mut messages: Vec<String> = entries.keys().map(|(_, _, line)| message(line)).collect();
        messages.sort();
        (messages, entries.values().map(|(_, count)| count).sum())
    }
}

#[tokio::test]
async fn events_become_lines() {
    let scene = Scene::new().await;
    scene.happen("a");
    let agent = scene.start("job_name = \"j\"\n log_format = \"json\"");
    until_stored(&scene.store, 1).await;
    scene.happen("b");
    until_stored(&scene.store, 2).await;
    agent.stop().await;
    let labels = r#"{instance="loki.source.kubernetes_events.all", job="j", namespace="airflow"}"#;
    let line = |no: u32, message: &str| {
        format!(r#"{labels} {{"eventRV":"{no}","kind":"Pod","msg":"{message}","name":"p"}}"#)
    };
    assert_eq!(shown(&scene.store), [line(2, "a"), line(3, "b")]);
}

/// What happens while no agent runs is there afterwards, and nothing twice, whether the server
/// remembers it or not.
async fn check(is_forgotten: bool) {
    let scene = Scene::new().await;
    for uid in ["a", "b", "c", "d"] {
        scene.happen(uid);
    }
    let agent = scene.start("namespaces = [\"airflow\"]");
    until_stored(&scene.store, 4).await;
    scene.happen("e");
    until_stored(&scene.store, 5).await;
    sleep(Duration::from_millis(100)).await;
    agent.kill().await;
    scene.happen("f");
    if is_forgotten {
        scene.api.events.forget();
        scene.happen("g");
    }
    let lists = scene.lists();
    let agent = scene.start("namespaces = [\"airflow\"]");
    let count = if is_forgotten { 7 } else { 6 };
    until_stored(&scene.store, count).await;
    until(|| scene.stored().1 >= count, || "all of them".to_owned()).await;
    agent.stop().await;
    let expect: Vec<String> =
        ["a", "b", "c", "d", "e", "f", "g"].map(|uid| format!("\"{uid}\"")).to_vec();
    assert_eq!(scene.stored(), (expect[..count].to_vec(), count));
    assert_eq!(scene.lists() > lists, is_forgotten);
}

impl Scene {
    /// How often all events were listed.
    fn lists(&self) -> usize {
        let world = self.api.events.world();
        world.requests.iter().filter(|query| !query.contains_key("watch")).count()
    }
}

#[tokio::test]
async fn it_goes_on_at_the_version_that_was_acknowledged() {
    check(false).await;
}

#[tokio::test]
async fn where_that_is_forgotten_only_what_is_new_is_sent() {
    check(true).await;
}
