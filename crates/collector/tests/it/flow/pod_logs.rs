//! Logs that are read from the Kubernetes API, because their files are not here.

use std::fs;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::agent::{Agent, Place, shown, until, until_stored};
use crate::kubernetes::api::{Api, Fault};
use crate::store::Store;

const TEXT: &str = r#"
discovery.kubernetes "pods" { role = "pod" }
discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
  rule {
    source_labels = ["__meta_kubernetes_pod_name"]
    target_label  = "pod"
  }
}
loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.write.w.receiver]
}
loki.write "w" { ENDPOINT }
"#;
const MINUTE: &str = "2026-11-22T08:00";

/// A cluster, and an agent on a machine that has none of its files.
struct Scene {
    place: Place,
    store: Store,
    api: Api,
}

impl Scene {
    async fn new() -> Self {
        let (mut place, store, api) = (Place::new(), Store::start([]).await, Api::start().await);
        place.api = Some(api.url.clone());
        fs::remove_dir(place.pods()).unwrap();
        Self { place, store, api }
    }

    fn start(&self) -> Agent {
        self.place.start(TEXT, &self.store)
    }

    /// A pod's container writes lines, each a time within the minute and a text.
    fn write(&self, pod: &str, lines: &[&str]) {
        for line in lines {
            self.api.logs.write(pod, &format!("{MINUTE}:{line}\n"));
        }
    }

    async fn until_stored(&self, count: usize) {
        until_stored(&self.store, count).await;
    }

    /// How many lines were pushed, those among them that came again.
    fn pushed(&self) -> usize {
        self.store.stored().entries.values().map(|(_, count)| count).sum()
    }

    /// What is stored.
    #[track_caller]
    fn check(&self, expect: &[&str]) {
        let lines: Vec<String> = shown(&self.store)
            .iter()
            .map(|line| {
                let (labels, text) = line.split_once("} ").unwrap();
                assert!(labels.contains(r#"instance="airflow/pod-1:base", pod="pod-1""#), "{line}");
                text.to_owned()
            })
            .collect();
        assert_eq!(lines, expect);
    }
}

#[tokio::test]
async fn lines_are_followed() {
    let scene = Scene::new().await;
    let agent = scene.start();
    scene.api.apply("1", &[]);
    sleep(Duration::from_millis(100)).await;
    scene.write("pod-1", &["00.1Z one", "00.1Z one more"]);
    scene.until_stored(2).await;
    scene.write("pod-1", &["00.2Z three"]);
    scene.until_stored(3).await;
    timeout(Duration::from_secs(2), agent.stop()).await.expect("a log that is open ends at once");
    scene.check(&["one", "one more", "three"]);
}

/// The connection breaks, the API is overloaded, the agent is killed and started again.
#[tokio::test]
async fn after_breaks_it_goes_on_where_it_was() {
    let scene = Scene::new().await;
    scene.api.logs.world().faults.extend([Fault::Status(503), Fault::Cut]);
    scene.api.apply("1", &[]);
    scene.write("pod-1", &["00.1Z a", "00.1Z b", "00.1Z a"]);
    let agent = scene.start();
    scene.until_stored(2).await;
    sleep(Duration::from_millis(100)).await;
    agent.kill().await;
    let pushed = scene.pushed();
    scene.write("pod-1", &["00.1Z c", "00.1Z d"]);
    let agent = scene.start();
    scene.until_stored(4).await;
    agent.stop().await;
    scene.check(&["a", "b", "c", "d"]);
    assert_eq!(scene.pushed() - pushed, 2, "what was acknowledged is not sent again");
}

/// A container ends while nobody reads and begins anew.
#[tokio::test]
async fn the_end_of_a_previous_container_is_read() {
    let scene = Scene::new().await;
    scene.api.apply("1", &[]);
    scene.write("pod-1", &["00.1Z a"]);
    let agent = scene.start();
    scene.until_stored(1).await;
    sleep(Duration::from_millis(100)).await;
    agent.stop().await;
    scene.write("pod-1", &["00.2Z b"]);
    scene.api.logs.write("pod-1", &format!("{MINUTE}:00.3Z last words"));
    scene.api.logs.restart("pod-1");
    scene.write("pod-1", &["00.4Z d"]);
    let agent = scene.start();
    scene.until_stored(4).await;
    agent.stop().await;
    scene.check(&["a", "b", "d", "last words"]);
}

/// The last line of a container that has ended comes without its newline.
#[tokio::test]
async fn a_deleted_pod_is_read_to_its_end() {
    let scene = Scene::new().await;
    scene.api.apply("1", &[]);
    scene.write("pod-1", &["00.1Z a"]);
    let agent = scene.start();
    scene.until_stored(1).await;
    scene.api.delete("1");
    scene.write("pod-1", &["00.2Z b"]);
    scene.api.logs.write("pod-1", &format!("{MINUTE}:00.3Z c"));
    scene.api.logs.end("pod-1");
    scene.until_stored(3).await;
    scene.api.logs.delete("pod-1");
    agent.stop().await;
    scene.check(&["a", "b", "c"]);
}

/// A log that is not wanted any more is read to its end, and then nothing is kept of it.
#[tokio::test]
async fn what_is_not_wanted_any_more_is_read_to_its_end() {
    let scene = Scene::new().await;
    scene.api.apply("1", &[]);
    scene.write("pod-1", &["00.1Z a"]);
    let agent = scene.start();
    scene.until_stored(1).await;
    let path = scene.place.path("state/loki.source.kubernetes.pods/api-positions.json");
    let is_kept =
        || fs::read_to_string(&path).is_ok_and(|text| text.contains("airflow/pod-1:base"));
    until(is_kept, || "a position".to_owned()).await;
    let rule = "source_labels = [\"__meta_kubernetes_pod_name\"]";
    let text = TEXT.replacen(rule, &format!("action = \"drop\"\n {rule}"), 1);
    let text = text.replacen("target_label  = \"pod\"", "", 1);
    agent.reload(&scene.place.text(&text, &scene.store)).await.unwrap();
    scene.write("pod-1", &["00.2Z b"]);
    scene.api.logs.end("pod-1");
    scene.until_stored(2).await;
    until(|| !is_kept(), || "the position to be forgotten".to_owned()).await;
    agent.stop().await;
    scene.check(&["a", "b"]);
}

/// A pod that has ended is read once and left in peace.
#[tokio::test]
async fn what_has_ended_is_not_asked_for_again() {
    let scene = Scene::new().await;
    scene.write("pod-1", &["00.1Z a"]);
    scene.api.logs.end("pod-1");
    scene.api.apply_in_phase("1", &[], "Succeeded");
    let agent = scene.start();
    scene.until_stored(1).await;
    sleep(Duration::from_secs(1)).await;
    agent.stop().await;
    assert_eq!(scene.api.logs.world().requests, ["pod-1  "]);
}

/// Pods of this node are read from their files, those of others from the API.
#[tokio::test]
async fn files_are_read_where_they_are() {
    let scene = Scene::new().await;
    scene.api.apply("1", &[]);
    scene.write("pod-1", &["00.1Z from the API"]);
    let file = "pods/airflow_pod-1_1/base/0.log";
    scene.place.write(file, "2026-11-22T08:00:00Z stdout F from the file\n");
    let agent = scene.start();
    scene.until_stored(1).await;
    sleep(Duration::from_millis(300)).await;
    agent.stop().await;
    scene.check(&["from the file"]);
    assert!(scene.api.logs.world().requests.is_empty());
}

#[tokio::test]
async fn which_way_is_told() {
    let scene = Scene::new().await;
    scene.api.apply("1", &[]);
    let agent = scene.start();
    let told = || {
        let all = agent.control.components();
        let mut details = all.iter().flat_map(|it| it.stats.detail());
        details.any(|(name, value)| name == "read by the Kubernetes API" && value.contains('1'))
    };
    until(told, || "what is read by the API".to_owned()).await;
    agent.stop().await;
}
