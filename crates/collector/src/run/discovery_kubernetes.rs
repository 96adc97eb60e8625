//! `discovery.kubernetes` at work: what there is in a cluster, followed as it comes and goes.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use alloy::{Target, Value};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::discovery_kubernetes::{Role, Settings};
use crate::kubernetes::{
    Patience, Selection, follow, targets_of, targets_of_node, targets_of_service,
};
use crate::limits::{
    API_ANSWER_MAX, API_PAUSE_MAX, API_PAUSE_MIN, DISCOVERY_PAUSE, GONE_TARGETS_KEPT,
};
use crate::run::discovery_relabel::targets;
use crate::run::exports::Exports;
use crate::run::objects::{Keeper, Objects};
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// Follows what it is told to until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    around: Kubernetes,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    loop {
        let current = settings.borrow_and_update().clone();
        let known = Arc::new(Objects::new(kept(current.role)));
        let following = following(&current, &around, seed, (Arc::clone(&known), &stats));
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = following => {}
            () = telling(&known, &exports, &stats) => {}
        }
    }
}

/// How long the targets of what is gone are told. Lines of a pod may not be read yet.
fn kept(role: Role) -> Duration {
    if role == Role::Pod { GONE_TARGETS_KEPT } else { Duration::ZERO }
}

/// Follows objects for ever.
async fn following(
    settings: &Settings,
    around: &Kubernetes,
    seed: u64,
    (known, stats): (Arc<Objects<Vec<Target>>>, &Arc<Stats>),
) {
    let problem = |problem: String| {
        tracing::warn!(problem, "nothing is discovered in Kubernetes");
        stats.note(Some(problem));
    };
    if settings.role == Role::Other {
        return std::future::pending().await;
    }
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let client = around.client(file, url, problem).await;
    let mut namespaces = settings.namespaces.clone();
    namespaces.extend(around.own_namespace.clone().filter(|_| settings.own_namespace));
    let selection = Selection { field: settings.field.clone(), label: settings.label.clone() };
    let patience = Patience {
        answer_timeout: API_ANSWER_MAX,
        backoff: Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed),
    };
    let stats = Arc::clone(stats);
    match settings.role {
        Role::Node => {
            let api: Api<Node> = Api::all(client);
            let mut keeper = Keeper::new(known, targets_of_node, Vec::new(), stats);
            follow(api, selection, patience, &mut keeper).await;
        }
        Role::Service => {
            let api: Api<Service> = api(client, &namespaces);
            let mut keeper = Keeper::new(known, targets_of_service, namespaces, stats);
            follow(api, selection, patience, &mut keeper).await;
        }
        Role::Pod | Role::Other => {
            let api: Api<Pod> = api(client, &namespaces);
            let mut keeper = Keeper::new(known, targets_of, namespaces, stats);
            follow(api, selection, patience, &mut keeper).await;
        }
    }
}

/// The objects of one namespace, or of all: then those of others are left out as they come.
fn api<K>(client: Client, namespaces: &[String]) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    K: Clone + DeserializeOwned + Debug,
{
    match namespaces {
        [one] => Api::namespaced(client, one),
        _ => Api::all(client),
    }
}

/// Tells what is known, whenever that has changed.
async fn telling(known: &Objects<Vec<Target>>, exports: &Exports, stats: &Stats) {
    loop {
        tokio::select! {
            () = known.changed() => {}
            // Those that are gone are forgotten some time.
            () = sleep(GONE_TARGETS_KEPT / 2) => {}
        }
        let found: Vec<Target> = known.now(Instant::now()).into_iter().flatten().collect();
        stats.tell(vec![("targets".to_owned(), found.len().to_string())]);
        exports.tell(Value::object([("targets", targets(found))])).await;
        sleep(DISCOVERY_PAUSE).await;
    }
}
