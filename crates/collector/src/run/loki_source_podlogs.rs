//! `loki.source.podlogs` at work: resources, pods and namespaces are followed, and the targets that
//! come of them are read as `loki.source.kubernetes` reads them.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_kubernetes::Settings as Reading;
use crate::component::loki_source_podlogs::Settings;
use crate::kubernetes::podlogs::{Containers, PodLogs, Space, Wish, containers, space, wish};
use crate::kubernetes::{Patience, Selection, connect_patiently, follow, podlogs};
use crate::limits::{
    API_ANSWER_MAX, API_PAUSE_MAX, API_PAUSE_MIN, DISCOVERY_PAUSE, GONE_TARGETS_KEPT,
};
use crate::run::objects::{Keeper, Objects};
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// What it works with.
pub struct Parts {
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// Tells what is to be read.
    pub reading: watch::Sender<Reading>,
    /// How Kubernetes is reached.
    pub around: Kubernetes,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// What is known.
struct Known {
    wishes: Arc<Objects<Wish>>,
    pods: Arc<Objects<Containers>>,
    spaces: Arc<Objects<Space>>,
}

/// What is read as long as nothing is known.
pub fn reading(settings: &Settings) -> Reading {
    Reading {
        forward_to: settings.forward_to.clone(),
        keeps_meta: settings.keeps_meta,
        targets: Vec::new(),
        api_server: settings.api_server.clone(),
        kubeconfig_file: settings.kubeconfig_file.clone(),
        is_clustered: settings.is_clustered,
    }
}

/// Follows them until it is told to end.
pub async fn run(mut parts: Parts) {
    loop {
        let current = parts.settings.borrow_and_update().clone();
        // What was found before is read on until all is known anew.
        parts.reading.send_modify(|before| {
            let targets = std::mem::take(&mut before.targets);
            *before = Reading { targets, ..reading(&current) };
        });
        let known = Known {
            wishes: Arc::new(Objects::new(Duration::ZERO)),
            pods: Arc::new(Objects::new(GONE_TARGETS_KEPT)),
            spaces: Arc::new(Objects::new(GONE_TARGETS_KEPT)),
        };
        let mut told = parts.settings.clone();
        tokio::select! {
            () = parts.cancel.cancelled() => return,
            changed = told.changed() => if changed.is_err() { return },
            () = following(&current, &known, &parts) => {}
            () = telling(&current, &known, &parts) => {}
        }
    }
}

/// Follows objects of all three kinds, for ever.
async fn following(settings: &Settings, known: &Known, parts: &Parts) {
    let problem = |problem: String| {
        tracing::warn!(problem, "no pods are found by loki.source.podlogs");
        parts.stats.note(Some(problem));
    };
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let access = match parts.around.reached(file, url) {
        Ok(access) => access,
        Err(why) => {
            problem(why);
            return std::future::pending().await;
        }
    };
    let field = match &settings.node_filter {
        None => None,
        Some(name) => match name.as_ref().or(parts.around.node.as_ref()) {
            Some(name) => Some(format!("spec.nodeName={name}")),
            None => {
                let why = "nobody tells which node is ours: give node_name, or NODE_NAME";
                problem(why.to_owned());
                return std::future::pending().await;
            }
        },
    };
    let client = connect_patiently(&access, problem).await;
    let of_pods = Selection { field, label: None };
    tokio::join!(
        all::<PodLogs, _>(&client, (&known.wishes, wish), Selection::default(), parts),
        all::<Pod, _>(&client, (&known.pods, containers), of_pods, parts),
        all::<Namespace, _>(&client, (&known.spaces, space), Selection::default(), parts),
    );
}

/// Where is kept what is known of objects, and what is made of each.
type Making<'a, K, T> = (&'a Arc<Objects<T>>, fn(&K) -> T);

/// Follows all objects of one kind, for ever.
async fn all<K, T>(
    client: &Client,
    (known, make): Making<'_, K, T>,
    selection: Selection,
    parts: &Parts,
) where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned,
    K: std::fmt::Debug + Send + 'static,
    T: Clone + Send,
{
    let backoff = Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, parts.seed);
    let patience = Patience { answer_timeout: API_ANSWER_MAX, backoff };
    let stats = Arc::clone(&parts.stats);
    let mut keeper = Keeper::new(Arc::clone(known), make, Vec::new(), stats);
    follow(Api::<K>::all(client.clone()), selection, patience, &mut keeper).await;
}

/// Tells what is to be read, whenever that has changed.
async fn telling(settings: &Settings, known: &Known, parts: &Parts) {
    let mut told = Vec::new();
    loop {
        tokio::select! {
            () = known.wishes.changed() => {}
            () = known.pods.changed() => {}
            () = known.spaces.changed() => {}
            // Pods that are gone are forgotten some time.
            () = sleep(GONE_TARGETS_KEPT / 2) => {}
        }
        sleep(DISCOVERY_PAUSE).await;
        if !known.wishes.is_whole() || !known.pods.is_whole() || !known.spaces.is_whole() {
            continue;
        }
        let now = Instant::now();
        let selectors = (&settings.selector, &settings.namespace_selector);
        let (wishes, pods, spaces) =
            (known.wishes.now(now), known.pods.now(now), known.spaces.now(now));
        let (targets, problems) = podlogs::targets(&wishes, selectors, &pods, &spaces);
        if problems != told {
            for problem in &problems {
                tracing::error!(problem, "a resource is wrong, and its pods are not read");
            }
            parts.stats.note_all(&problems);
            told = problems;
        }
        let count = |name: &str, count: usize| (name.to_owned(), count.to_string());
        let detail = vec![count("resources", wishes.len()), count("containers", targets.len())];
        parts.stats.tell_as("podlogs", detail);
        parts.reading.send_if_modified(|before| {
            let is_changed = before.targets != targets;
            before.targets = targets;
            is_changed
        });
    }
}
