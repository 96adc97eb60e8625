//! The pods that are known are those of the server, whatever happens on the way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use airflow::pod::PodEnd;
use barogram_collector::PodSource;
use barogram_collector::kubernetes::{Access, Pods, PodsParts, PodsSettings};
use model::{Entry, Labels};
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::api::{Api, Fault};

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

struct Following {
    pods: Arc<dyn PodSource>,
    ends: mpsc::Receiver<(Labels, Entry)>,
    registry: Registry,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Following {
    async fn start(url: &str) -> Self {
        let access = Access::Server { url: url.to_owned(), token_file: None, ca_file: None };
        let settings = PodsSettings {
            backoff_min: Duration::from_millis(4),
            backoff_max: Duration::from_millis(20),
            answer_timeout: Duration::from_millis(200),
            ..PodsSettings::new(access, Some("node-1".to_owned()))
        };
        let mut registry = Registry::default();
        let parts = PodsParts { seed: 1, registry: &mut registry };
        let (pods, ends, following) = Pods::watch(settings, parts).await.unwrap();
        Self { pods, ends, registry, task: tokio::spawn(following) }
    }

    fn knows(&self, uid: &str) -> bool {
        self.label(uid, "").is_some()
    }

    /// The label of a pod that is known; empty when it has none.
    fn label(&self, uid: &str, name: &str) -> Option<String> {
        let pod = self.pods.pod("airflow", &format!("pod-{uid}"), uid)?;
        Some(pod.labels.get(name).cloned().unwrap_or_default())
    }

    fn metric(&self, name: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
    }

    /// Whether it knows what the server knows.
    fn is_true(&self, api: &Api) -> bool {
        let world = api.world();
        let is_known = |(uid, object): (&String, &serde_json::Value)| {
            let v = object["metadata"]["labels"]["v"].as_str().unwrap_or_default();
            self.label(uid, "v").as_deref() == Some(v)
        };
        world.pods.iter().all(is_known)
            && self.metric("barogram_kubernetes_pods") == world.pods.len() as f64
    }
}

async fn until(what: &str, is_there: impl Fn() -> bool) {
    let wait = async {
        while !is_there() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what}: it does not come to that"));
}

#[tokio::test]
async fn a_list_in_pages_and_what_comes_after_it() {
    let api = Api::start().await;
    (0..8).for_each(|no| api.apply(&no.to_string(), &[]));
    let following = Following::start(&api.url).await;
    until("the list", || following.is_true(&api)).await;
    api.apply("0", &[("airflow-worker", "7"), ("v", "1")]);
    until("a label that was added later", || {
        following.label("0", "airflow-worker").as_deref() == Some("7")
    })
    .await;
    api.delete("0");
    until("a pod that is gone", || following.is_true(&api)).await;
    assert!(following.knows("0"), "its lines may be on their way");
    let world = api.world();
    let is_of_node = |request: &std::collections::HashMap<String, String>| {
        request.get("fieldSelector").is_some_and(|field| field == "spec.nodeName=node-1")
    };
    assert!(world.requests.iter().all(is_of_node), "only the pods of the node are asked for");
    let watches = world.requests.iter().filter(|request| request.contains_key("watch"));
    assert!(watches.clone().all(|request| request["allowWatchBookmarks"] == "true"));
    assert!(watches.count() > 0);
}

#[tokio::test]
async fn a_pod_that_lived_while_the_watch_was_broken_is_seen() {
    let api = Api::start().await;
    let following = Following::start(&api.url).await;
    until("the watch", || following.metric("barogram_kubernetes_pods_synced") == 1.0).await;
    api.world().faults.extend([Fault::Status(503); 12]);
    api.cut();
    until("the watch is broken", || following.metric("barogram_kubernetes_pods_synced") == 0.0)
        .await;
    api.apply("short", &[]);
    api.delete("short");
    until("the pod", || following.knows("short")).await;
    let world = api.world();
    let lists = world.requests.iter().filter(|request| !request.contains_key("watch")).count();
    assert_eq!(lists, 1, "it was seen because the watch went on where it had ended");
}

#[tokio::test]
async fn a_version_that_is_too_old_means_a_new_list() {
    for gone_is_status in [false, true] {
        let api = Api::start().await;
        api.apply("a", &[]);
        let following = Following::start(&api.url).await;
        until("the list", || following.is_true(&api)).await;
        api.world().gone_is_status = gone_is_status;
        api.world().faults.extend([Fault::Status(503); 5]);
        api.cut();
        until("the watch is broken", || following.metric("barogram_kubernetes_pods_synced") == 0.0)
            .await;
        api.delete("a");
        api.apply("b", &[]);
        api.forget();
        until("the new list", || following.is_true(&api)).await;
        assert!(following.knows("b"));
        assert_eq!(api.world().told_gone, 1, "to be told once is enough");
    }
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again() {
    for fault in [
        Fault::Status(403),
        Fault::Status(500),
        Fault::Status(410),
        Fault::ErrorEvent(410),
        Fault::ErrorEvent(500),
        Fault::Hang,
        Fault::Slow,
        Fault::Cut,
        Fault::End,
    ] {
        let api = Api::start().await;
        api.world().faults.extend([fault; 3]);
        let following = Following::start(&api.url).await;
        api.apply("a", &[]);
        until(&format!("{fault:?}"), || following.is_true(&api)).await;
        api.world().faults.extend([fault; 3]);
        api.cut();
        api.apply("a", &[("v", "2")]);
        api.apply("b", &[]);
        until(&format!("{fault:?} later"), || following.is_true(&api)).await;
    }
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_is_away() {
    let api = Api::start().await;
    let url = api.url.clone();
    drop(api);
    let following = Following::start(&url).await;
    assert!(!following.knows("a"));
    until("a failure", || following.metric("barogram_kubernetes_pods_failures_total") >= 2.0).await;
    assert_eq!(following.metric("barogram_kubernetes_pods_synced"), 0.0);
}

#[tokio::test]
async fn a_server_that_ends_every_watch_is_not_asked_without_pause() {
    let api = Api::start().await;
    api.world().faults.push_back(Fault::Slow);
    api.world().faults.extend([Fault::End; 1000]);
    let _following = Following::start(&api.url).await;
    sleep(Duration::from_millis(500)).await;
    let asked = api.world().requests.len();
    assert!(asked < 100, "{asked} requests in half a second");
}

/// Numbers that are random enough (an xorshift), the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Plays a random schedule of changes and faults. Without `forgets`, no pod may be missed, however
/// short it lived.
async fn play(seed: u64, forgets: bool) {
    let api = Api::start().await;
    let following = Following::start(&api.url).await;
    until("the first list", || following.metric("barogram_kubernetes_pods_synced") == 1.0).await;
    let mut random = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut made = BTreeSet::new();
    for step in 0..120 {
        let uid = format!("{step}");
        let live: Vec<String> = api.world().pods.keys().cloned().collect();
        let any = live.get(random.below(live.len().max(1) as u64) as usize);
        match (random.below(10), any) {
            (0..3, _) | (_, None) => {
                api.apply(&uid, &[("v", "0")]);
                made.insert(uid);
            }
            (3, _) => {
                api.apply(&uid, &[]);
                api.delete(&uid);
                made.insert(uid);
            }
            (4..6, Some(uid)) => api.apply(uid, &[("v", &step.to_string())]),
            (6, Some(uid)) => api.delete(uid),
            (7, _) => {
                let event = if forgets { Fault::ErrorEvent(410) } else { Fault::End };
                let faults =
                    [Fault::Status(500), Fault::Cut, Fault::Slow, Fault::Status(403), event];
                let fault = faults[random.below(5) as usize];
                api.world().faults.push_back(fault);
                api.cut();
            }
            (8, _) if forgets => {
                api.world().gone_is_status = random.below(2) == 0;
                api.forget();
            }
            _ => sleep(Duration::from_millis(random.below(8))).await,
        }
    }
    api.world().faults.clear();
    until(&format!("seed {seed}"), || following.is_true(&api)).await;
    if !forgets {
        until(&format!("seed {seed}, every pod"), || made.iter().all(|uid| following.knows(uid)))
            .await;
    }
}

#[tokio::test]
async fn no_pod_is_missed_while_there_is_history() {
    futures::future::join_all((1..=16).map(|seed| play(seed, false))).await;
}

#[tokio::test]
async fn what_is_known_becomes_what_is_true() {
    futures::future::join_all((1..=16).map(|seed| play(seed, true))).await;
}

/// Each failed pod of a task once, whatever is told of it again, with whose it was and why.
#[tokio::test]
async fn how_pods_of_tasks_ended_is_told_once() {
    let api = Api::start().await;
    let mut following = Following::start(&api.url).await;
    let pod = |name: &str, executor: &str, status: serde_json::Value| {
        serde_json::json!({
            "metadata": {"name": name, "namespace": "airflow", "uid": name,
                "labels": {"kubernetes_executor": executor},
                "annotations": {"dag_id": "d", "task_id": "t", "run_id": "r", "try_number": "1"}},
            "spec": {"nodeName": "node-1", "containers": [{"name": "base"}]},
            "status": status,
        })
    };
    let ended = |code: i32, reason: &str| {
        serde_json::json!({"phase": "Failed", "containerStatuses": [{"name": "base",
            "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": code, "reason": reason,
                "finishedAt": "2026-11-22T08:10:00Z"}}}]})
    };
    let evicted = serde_json::json!({"phase": "Failed", "reason": "Evicted", "conditions": [
        {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-22T08:10:05Z"}]});
    api.apply_object("fine", &pod("fine", "True", ended(0, "Completed")));
    api.apply_object("web", &pod("web", "False", ended(1, "Error")));
    api.apply_object("runs", &pod("runs", "True", serde_json::json!({"phase": "Running"})));
    for _ in 0..2 {
        api.apply_object("oom", &pod("oom", "True", ended(137, "OOMKilled")));
    }
    api.apply_object("gone", &pod("gone", "True", evicted));
    api.apply("last", &[]);
    until("the last", || following.knows("last")).await;
    api.delete("oom");
    until("a pod that is gone", || following.metric("barogram_kubernetes_pods") == 5.0).await;
    let mut told = Vec::new();
    while let Ok((labels, entry)) = following.ends.try_recv() {
        let names = ["source", "dag_id", "task_id", "level"].map(|name| labels.get(name).unwrap());
        let of = ["pod", "run_id", "try_number"].map(|name| entry.metadata.get(name).unwrap());
        let end = PodEnd::parse(&entry.line).unwrap();
        assert_eq!(end.at(), Some(entry.timestamp));
        told.push(format!("{names:?} {of:?} {:?}", end.reason()));
    }
    let expect = |pod: &str, reason: &str| {
        format!(r#"["airflow.pods", "d", "t", "error"] ["{pod}", "r", "1"] Some("{reason}")"#)
    };
    told.sort();
    assert_eq!(told, [expect("gone", "Evicted"), expect("oom", "OOMKilled")]);
}
