//! `airflow.pod_ends` at work: the pods of this node are watched, and each end is told once.

use std::sync::Arc;

use ::stage::Entry;
use k8s_openapi::api::core::v1::Pod as Object;
use kube::{Api, Client};
use model::Labels;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::component::airflow_pod_ends::Settings;
use crate::error::Chain;
use crate::kubernetes::{Failure, Observer, Patience, PodEnds, Selection, follow, pod_of};
use crate::limits::{API_ANSWER_MAX, API_PAUSE_MAX, API_PAUSE_MIN};
use crate::run::flow;
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// What it works with.
pub struct Parts {
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// How Kubernetes is reached.
    pub around: Kubernetes,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Watches until it is told to end; then what was told goes out.
pub async fn run(parts: Parts) {
    let (ends, heard) = PodEnds::new();
    let (settings, stats) = (parts.settings.clone(), Arc::clone(&parts.stats));
    tokio::join!(watch_all(parts, ends), forward(heard, settings, stats));
}

/// Hands ends on, until nobody tells of any more.
async fn forward(
    mut heard: mpsc::Receiver<(Labels, model::Entry)>,
    settings: watch::Receiver<Settings>,
    stats: Arc<Stats>,
) {
    while let Some((labels, entry)) = heard.recv().await {
        let settings = settings.borrow().clone();
        let namespace = labels.get("namespace").unwrap_or_default();
        if !settings.namespaces.has(namespace) {
            continue;
        }
        let metadata = entry.metadata;
        let entry = Entry { metadata, ..Entry::new(labels, entry.timestamp, entry.line) };
        let entries = vec![entry];
        stats.send(&entries);
        flow::send(&settings.forward_to, entries).await;
    }
}

async fn watch_all(mut parts: Parts, ends: PodEnds) {
    let mut keeper = Keeper { ends, stats: Arc::clone(&parts.stats), is_failing: false };
    loop {
        let current = parts.settings.borrow_and_update().clone();
        let mut told = parts.settings.clone();
        tokio::select! {
            () = parts.cancel.cancelled() => return,
            changed = told.changed() => if changed.is_err() { return },
            () = watching(&current, &parts, &mut keeper) => {}
        }
    }
}

/// Watches the pods of this node, or of all where its name is not known, for ever.
async fn watching(settings: &Settings, parts: &Parts, keeper: &mut Keeper) {
    let client = client(settings, parts).await;
    let field = parts.around.node.as_ref().map(|node| format!("spec.nodeName={node}"));
    let patience = Patience {
        answer_timeout: API_ANSWER_MAX,
        backoff: Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, parts.seed),
    };
    let selection = Selection { field, label: None };
    follow(Api::<Object>::all(client), selection, patience, keeper).await;
}

/// Reaches the API, however long that takes.
async fn client(settings: &Settings, parts: &Parts) -> Client {
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let problem = |problem: String| {
        tracing::warn!(problem, "ends of pods are not told");
        parts.stats.note(Some(problem));
    };
    parts.around.client(file, url, problem).await
}

/// Looks at each pod that the server tells of.
struct Keeper {
    ends: PodEnds,
    stats: Arc<Stats>,
    is_failing: bool,
}

impl Observer<Object> for Keeper {
    fn listing(&mut self) {}

    fn listed(&mut self) {}

    fn watching(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the Kubernetes API answers again");
        }
        self.stats.note(None);
    }

    fn applied(&mut self, object: Object) {
        self.ends.look(&pod_of(&object), &object);
    }

    fn deleted(&mut self, object: Object) {
        let pod = pod_of(&object);
        self.ends.look(&pod, &object);
        self.ends.forget(&pod);
    }

    fn failed(&mut self, failure: &Failure) {
        let error = Chain(failure).to_string();
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(%error, "pods cannot be followed for now, their ends are not told");
        }
        self.stats.note(Some(error));
    }
}
