//! `loki.source.kubernetes_events` at work: events are followed from the version on up to which all
//! stores have acknowledged them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::stage::Entry;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Event;
use kube::{Api, Client};
use model::{Labels, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_kubernetes_events::{Format, Settings};
use crate::component::{Batch, To};
use crate::error::Chain;
use crate::kubernetes::{Failure, Observer, Patience, Selection, event, follow_from};
use crate::limits::{API_ANSWER_MAX, API_PAUSE_MAX, API_PAUSE_MIN, MAILBOX_BATCHES_MAX};
use crate::run::flow;
use crate::run::kept::{Kept, Place};
use crate::run::ledger::Ledger;
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// What it works with.
pub struct Parts {
    /// The identity of the component.
    pub id: String,
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// How Kubernetes is reached.
    pub around: Kubernetes,
    /// Keeps the versions up to which events are dealt with.
    pub kept: Arc<Kept<String>>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Events on their way, and who wants them.
type Outgoing = (Vec<To>, Batch);

/// Follows events until it is told to end.
pub async fn run(parts: Parts) {
    let (sender, receiver) = mpsc::channel(MAILBOX_BATCHES_MAX);
    tokio::join!(follow_all(parts, sender), forward(receiver));
}

/// Hands events on. What follows them may be ended at any time, this is not before all is taken.
async fn forward(mut batches: mpsc::Receiver<Outgoing>) {
    while let Some((forward_to, batch)) = batches.recv().await {
        flow::send(&forward_to, batch).await;
    }
}

async fn follow_all(mut parts: Parts, sender: mpsc::Sender<Outgoing>) {
    let mut keepers: BTreeMap<String, Keeper> = BTreeMap::new();
    loop {
        let current = parts.settings.borrow_and_update().clone();
        let mut names = current.namespaces.clone();
        if names.is_empty() {
            // All namespaces.
            names.push(String::new());
        }
        keepers.retain(|name, _| names.contains(name));
        for name in names {
            let keeper = keepers.entry(name);
            let keeper = keeper.or_insert_with_key(|name| Keeper::new(name, &parts, &sender));
            keeper.settings = current.clone();
        }
        let following = following(&current, &parts, &mut keepers);
        let mut told = parts.settings.clone();
        tokio::select! {
            () = parts.cancel.cancelled() => return,
            changed = told.changed() => if changed.is_err() { return },
            () = following => {}
        }
    }
}

/// Follows the events of all namespaces that are wanted, for ever.
async fn following(settings: &Settings, parts: &Parts, keepers: &mut BTreeMap<String, Keeper>) {
    let client = client(settings, parts).await;
    let follow = keepers.iter_mut().map(|(namespace, keeper)| {
        let api: Api<Event> = match namespace.as_str() {
            "" => Api::all(client.clone()),
            one => Api::namespaced(client.clone(), one),
        };
        let patience = Patience {
            answer_timeout: API_ANSWER_MAX,
            backoff: Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, parts.seed),
        };
        let version = Some(keeper.version.clone()).filter(|version| !version.is_empty());
        async move { follow_from(api, Selection::default(), patience, version, keeper).await }
    });
    join_all(follow).await;
}

/// Reaches the API, however long that takes.
async fn client(settings: &Settings, parts: &Parts) -> Client {
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let problem = |problem: String| {
        tracing::warn!(problem, "events are not collected");
        parts.stats.note(Some(problem));
    };
    parts.around.client(file, url, problem).await
}

/// Makes entries of the events of one namespace, or of all.
struct Keeper {
    id: String,
    settings: Settings,
    ledger: Arc<Ledger<Place<String>>>,
    /// Up to which version events were read; empty if nobody knows.
    version: String,
    /// While a list is read: events up to this version were read before.
    listed_from: Option<u64>,
    is_listing: bool,
    /// What was read and waits for room.
    batch: Batch,
    sender: mpsc::Sender<Outgoing>,
    stats: Arc<Stats>,
    is_failing: bool,
}

impl Keeper {
    fn new(namespace: &str, parts: &Parts, sender: &mpsc::Sender<Outgoing>) -> Self {
        let name = if namespace.is_empty() { "*" } else { namespace };
        Self {
            id: parts.id.clone(),
            settings: parts.settings.borrow().clone(),
            ledger: Ledger::new(parts.kept.place(name)),
            version: parts.kept.get(name).unwrap_or_default(),
            listed_from: None,
            is_listing: false,
            batch: Batch::new(),
            sender: sender.clone(),
            stats: Arc::clone(&parts.stats),
            is_failing: false,
        }
    }

    fn entry(&self, event: &Event) -> Option<Entry> {
        event.involved_object.name.as_ref().filter(|name| !name.is_empty())?;
        let namespace = event.involved_object.namespace.clone().unwrap_or_default();
        let labels = Labels::new([
            ("namespace", namespace.as_str()),
            ("job", &self.settings.job_name),
            ("instance", &self.id),
        ]);
        let line = match self.settings.format {
            Format::Logfmt => event::logfmt(event),
            Format::Json => event::json(event),
        };
        Some(Entry::new(labels, event::time(event).unwrap_or(Timestamp(0)), line))
    }
}

impl Observer<Event> for Keeper {
    fn listing(&mut self) {
        // A version is a number wherever Kubernetes is served by etcd; where it is none, all events
        // of the list are sent, and those that a store has are dropped there.
        self.listed_from = self.version.parse().ok();
        self.is_listing = true;
    }

    fn listed(&mut self) {
        self.is_listing = false;
    }

    fn watching(&mut self) {
        self.stats.note(None);
        self.is_failing = false;
    }

    fn applied(&mut self, event: Event) {
        let version = event.metadata.resource_version.clone().unwrap_or_default();
        if !self.is_listing {
            self.version = version;
        } else if let (Some(from), Ok(version)) = (self.listed_from, version.parse::<u64>())
            && version <= from
        {
            return;
        }
        self.batch.extend(self.entry(&event));
    }

    fn deleted(&mut self, event: Event) {
        // It was told when it happened.
        self.version = event.metadata.resource_version.unwrap_or_default();
    }

    fn reached(&mut self, version: &str) {
        version.clone_into(&mut self.version);
        // Kept once all events before it are dealt with.
        drop(self.ledger.begin(Some(self.version.clone())));
    }

    async fn ready(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        // Only what has room is begun: what is dropped while it waits must not count as dealt with.
        let Ok(room) = self.sender.reserve().await else { return };
        let mut batch = std::mem::take(&mut self.batch);
        let origins = self.ledger.begin(Some(self.version.clone()));
        batch.iter_mut().for_each(|entry| entry.origins = origins.clone());
        self.stats.send(&batch);
        room.send((self.settings.forward_to.clone(), batch));
    }

    fn failed(&mut self, failure: &Failure) {
        self.stats.note(Some(Chain(failure).to_string()));
        let error = Chain(failure);
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(%error, "events cannot be followed yet");
        } else {
            tracing::warn!(%error, "events cannot be followed for now, it is tried again");
        }
    }
}
