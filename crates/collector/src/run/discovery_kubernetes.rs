//! `discovery.kubernetes` at work: the pods of a cluster, followed as they come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::Target;
use alloy::Value;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::discovery_kubernetes::{Role, Settings};
use crate::error::Chain;
use crate::kubernetes::{Failure, Observer, Patience, Selection, connect, follow, targets_of};
use crate::limits::{DISCOVERY_PAUSE, GONE_TARGETS_KEPT};
use crate::run::discovery_relabel::targets;
use crate::run::exports::Exports;
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// Follows pods until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    around: Kubernetes,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    loop {
        let current = settings.borrow_and_update().clone();
        let known = Arc::new(Known::default());
        let following = following(&current, &around, seed, (Arc::clone(&known), &stats));
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = following => {}
            () = telling(&known, &exports, &stats) => {}
        }
    }
}

/// Follows pods for ever.
async fn following(
    settings: &Settings,
    around: &Kubernetes,
    seed: u64,
    (known, stats): (Arc<Known>, &Arc<Stats>),
) {
    let problem = |problem: String| {
        tracing::warn!(problem, "pods are not discovered");
        stats.note(Some(problem));
    };
    if settings.role != Role::Pod {
        return std::future::pending().await;
    }
    let access =
        around.reached(settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let Some(access) = access else {
        problem("no Kubernetes is here to ask: give api_server or kubeconfig_file".to_owned());
        return std::future::pending().await;
    };
    let client = loop {
        match connect(&access).await {
            Ok(client) => break client,
            Err(error) => problem(Chain(&error).to_string()),
        }
        sleep(Duration::from_secs(5)).await;
    };
    let mut namespaces = settings.namespaces.clone();
    namespaces.extend(around.own_namespace.clone().filter(|_| settings.own_namespace));
    let api: Api<Pod> = match namespaces.as_slice() {
        [one] => Api::namespaced(client, one),
        _ => Api::all(client),
    };
    let selection = Selection { field: settings.field.clone(), label: settings.label.clone() };
    let patience = Patience {
        answer_timeout: Duration::from_secs(30),
        backoff: Backoff::new(Duration::from_millis(250), Duration::from_secs(30), seed),
    };
    let mut keeper = Keeper { known, namespaces, stats: Arc::clone(stats) };
    follow(api, selection, patience, &mut keeper).await;
}

/// Tells what is known, whenever that has changed.
async fn telling(known: &Known, exports: &Exports, stats: &Stats) {
    loop {
        tokio::select! {
            () = known.changed.notified() => {}
            // Those that are gone are forgotten some time.
            () = sleep(GONE_TARGETS_KEPT / 2) => {}
        }
        let found = known.targets(Instant::now());
        stats.tell(vec![("targets".to_owned(), found.len().to_string())]);
        exports.tell(Value::object([("targets", targets(found))])).await;
        sleep(DISCOVERY_PAUSE).await;
    }
}

/// The targets of pods by uid, and since when a pod is gone.
type Pods = BTreeMap<String, (Vec<Target>, Option<Instant>)>;

/// The targets of pods, by uid. Those of a pod that is gone stay for a while: its lines may not be
/// read yet.
#[derive(Debug, Default)]
struct Known {
    pods: Mutex<Pods>,
    changed: Notify,
}

impl Known {
    fn targets(&self, now: Instant) -> Vec<Target> {
        let mut pods = self.lock();
        let is_old = |at: Instant| now.saturating_duration_since(at) >= GONE_TARGETS_KEPT;
        pods.retain(|_, (_, gone_at)| !gone_at.is_some_and(is_old));
        pods.values().flat_map(|(targets, _)| targets.iter().cloned()).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Pods)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what is known as the server tells it.
struct Keeper {
    known: Arc<Known>,
    namespaces: Vec<String>,
    stats: Arc<Stats>,
}

impl Observer<Pod> for Keeper {
    fn listing(&mut self) {
        // What is not in the list is gone; those that are in it say so themselves.
        let now = Instant::now();
        self.known.change(|pods| {
            pods.values_mut().for_each(|(_, gone_at)| {
                gone_at.get_or_insert(now);
            });
        });
    }

    fn listed(&mut self) {}

    fn watching(&mut self) {
        self.stats.note(None);
    }

    fn applied(&mut self, pod: Pod) {
        let is_wanted = self.namespaces.is_empty()
            || pod.metadata.namespace.as_ref().is_some_and(|it| self.namespaces.contains(it));
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        if is_wanted {
            let targets = targets_of(&pod);
            self.known.change(|pods| {
                pods.insert(uid, (targets, None));
            });
        }
    }

    fn deleted(&mut self, pod: Pod) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        self.applied(pod);
        let now = Instant::now();
        self.known.change(|pods| {
            if let Some((_, gone_at)) = pods.get_mut(&uid) {
                *gone_at = Some(now);
            }
        });
    }

    fn failed(&mut self, failure: &Failure) {
        self.stats.note(Some(Chain(failure).to_string()));
        let error = Chain(failure);
        tracing::warn!(%error, "pods cannot be followed for now, it is tried again");
    }
}
