//! The logs that are read from the Kubernetes API, because their files are not on this node or not
//! mounted: which these are, and a task for each.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::Target;
use kube::Client;
use model::Labels;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_kubernetes::Settings;
use crate::error::Chain;
use crate::kubernetes::{Access, connect};
use crate::limits::{
    API_GRACE, API_LOOK, API_PAUSE_MAX, API_PAUSE_MIN, API_STREAMS_MAX, PLACES_KEPT,
};
use crate::metrics::Metrics;
use crate::run::births::Births;
use crate::run::kept::Kept;
use crate::run::ledger::Ledger;
use crate::run::pod_log::{PodLog, Told};
use crate::run::running::Kubernetes;
use crate::run::seen::Seen;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// A container, as the API names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// The namespace of its pod.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    /// Its own name.
    pub container: String,
}

/// A target that is a container.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The container.
    pub container: Container,
    /// The name of its pod's folder, where it has one. The uid is `*` where nobody knows it.
    pub folder: String,
    /// The labels that its lines get.
    pub labels: Labels,
    /// The node that its pod is on, if that is told.
    pub node: Option<String>,
    /// The phase of its pod, and the identity of the container that runs.
    pub state: String,
    /// Whether its pod has ended.
    pub is_finished: bool,
}

/// What it works with.
pub struct Parts {
    /// What the component is told.
    pub settings: watch::Receiver<Settings>,
    /// The targets among it.
    pub wanted: fn(&Target, &Settings) -> Option<Wanted>,
    /// Knows which pods have a folder here.
    pub births: Arc<Births>,
    /// How Kubernetes is reached.
    pub around: Kubernetes,
    /// Keeps how far logs are dealt with.
    pub kept: Arc<Kept<Seen>>,
    /// Lets so many be read at the same time.
    pub turns: Turns,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted.
    pub metrics: Metrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Turns at the API: so many logs are read at the same time, those that wait longest come next.
#[derive(Debug, Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    open: Gauge,
    waits: Gauge,
}

/// One turn.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    open: Gauge,
}

impl Turns {
    /// As many as may be, told by these metrics.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self::of(API_STREAMS_MAX, metrics)
    }

    fn of(count: usize, metrics: &Metrics) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            waiting: Arc::default(),
            open: metrics.api_streams.clone(),
            waits: metrics.api_streams_waiting.clone(),
        }
    }

    /// Waits for one.
    pub async fn take(&self) -> Turn {
        let waits = Waits::begin(self);
        let permit = Arc::clone(&self.free).acquire_owned().await;
        drop(waits);
        self.open.inc();
        let permit = permit.expect("turns are never closed, so that one comes at last");
        Turn { _permit: permit, open: self.open.clone() }
    }

    /// Whether somebody waits for one.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// Counts one who waits.
struct Waits<'a>(&'a Turns);

impl<'a> Waits<'a> {
    fn begin(turns: &'a Turns) -> Self {
        turns.waiting.fetch_add(1, Ordering::Relaxed);
        turns.waits.inc();
        Self(turns)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.waits.dec();
    }
}

/// What is known of this node.
#[derive(Debug, Default)]
struct Here {
    /// Whether the folder of the pods' logs can be read.
    is_mounted: bool,
    /// The names of the pods' folders in it, now or until a moment ago.
    folders: HashSet<String>,
    /// Its name.
    node: Option<String>,
    /// Whether other agents read what is not here.
    is_shared: bool,
}

impl Here {
    fn look(births: &Births, node: Option<String>, is_shared: bool) -> Self {
        let entries = std::fs::read_dir(births.root());
        let is_mounted = entries.is_ok();
        let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let held = births.paths();
        let of_held = held.iter().filter_map(|path| path.strip_prefix(births.root()).ok());
        let of_held = of_held.filter_map(|path| path.components().next());
        let of_held = of_held.map(|name| name.as_os_str().to_owned());
        let folders = names.chain(of_held).filter_map(|name| name.into_string().ok()).collect();
        Self { is_mounted, folders, node, is_shared }
    }

    fn has_folder(&self, wanted: &Wanted) -> bool {
        match wanted.folder.strip_suffix('*') {
            Some(start) => self.folders.iter().any(|name| name.starts_with(start)),
            None => self.folders.contains(&wanted.folder),
        }
    }

    /// Where nobody has told the name of this node, it is that of the pods that have a folder here.
    fn learn_node(&mut self, wanted: &[Wanted]) {
        if self.node.is_none() {
            let of_here = wanted.iter().find(|it| it.node.is_some() && self.has_folder(it));
            self.node = of_here.and_then(|it| it.node.clone());
        }
    }

    /// Whether a log is read from the API. `is_old`: it has been wanted for a while.
    fn is_read_by_api(&self, wanted: &Wanted, is_old: bool) -> bool {
        if !self.is_mounted {
            return true;
        }
        if self.is_shared || self.has_folder(wanted) {
            return false;
        }
        match (&wanted.node, &self.node) {
            (Some(its), Some(ours)) => its != ours,
            _ => is_old,
        }
    }
}

/// The tasks of one component.
struct Tasks {
    parts: Parts,
    logs: BTreeMap<Container, watch::Sender<Told>>,
    running: JoinSet<Container>,
    /// How the API is reached, and the client that does it.
    client: Option<(Access, Client)>,
    /// Ends those that are at work.
    end: CancellationToken,
    /// Since when each container is wanted whose place nobody knows.
    since: BTreeMap<Container, Instant>,
}

/// Reads logs until it is told to end.
pub async fn run(parts: Parts) {
    let (cancel, mut settings) = (parts.cancel.clone(), parts.settings.clone());
    let begun = Instant::now();
    let mut is_swept = false;
    let (end, since, logs) = (cancel.child_token(), BTreeMap::new(), BTreeMap::new());
    let mut tasks = Tasks { parts, logs, running: JoinSet::new(), client: None, end, since };
    loop {
        let current = settings.borrow_and_update().clone();
        tasks.look(&current).await;
        if !is_swept && begun.elapsed() >= PLACES_KEPT {
            is_swept = true;
            let wanted: HashSet<String> = tasks.logs.keys().map(Container::name).collect();
            tasks.parts.kept.retain(|name| wanted.contains(name));
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            changed = settings.changed() => if changed.is_err() { break },
            Some(ended) = tasks.running.join_next() => if let Ok(container) = ended {
                tasks.logs.remove(&container);
            },
            () = sleep(API_LOOK) => {}
        }
    }
    tasks.stop().await;
}

impl Tasks {
    /// Looks which logs are to be read, begins those that are not, and tells those that are.
    async fn look(&mut self, settings: &Settings) {
        let targets = settings.targets.iter();
        let wanted: Vec<Wanted> =
            targets.filter_map(|target| (self.parts.wanted)(target, settings)).collect();
        let by_container = self.chosen(wanted, settings).await;
        self.stats(by_container.len());
        if !by_container.is_empty() && !self.reach(settings).await {
            return;
        }
        for (container, log) in &self.logs {
            if !by_container.contains_key(container) {
                log.send_if_modified(|told| {
                    let is_new = told.over_since.is_none();
                    told.over_since.get_or_insert_with(Instant::now);
                    is_new
                });
            }
        }
        for (container, wanted) in by_container {
            let told = told(&wanted, settings);
            match self.logs.get(&container) {
                Some(log) => {
                    log.send_if_modified(|before| {
                        let is_changed = *before != told;
                        *before = told;
                        is_changed
                    });
                }
                None => self.begin(container, told),
            }
        }
    }

    fn stats(&self, count: usize) {
        let detail = if count == 0 {
            Vec::new()
        } else {
            vec![("read by the Kubernetes API".to_owned(), format!("logs of {count} containers"))]
        };
        self.parts.stats.tell_as("api", detail);
    }

    /// The targets that are read from the API, by their containers.
    async fn chosen(
        &mut self,
        wanted: Vec<Wanted>,
        settings: &Settings,
    ) -> BTreeMap<Container, Vec<Wanted>> {
        let (births, node) = (Arc::clone(&self.parts.births), self.parts.around.node.clone());
        let is_shared = settings.is_clustered;
        let looked = spawn_blocking(move || Here::look(&births, node, is_shared)).await;
        let Ok(mut here) = looked else { return BTreeMap::new() };
        here.learn_node(&wanted);
        let now = Instant::now();
        let mut chosen: BTreeMap<Container, Vec<Wanted>> = BTreeMap::new();
        let mut since = BTreeMap::new();
        for wanted in wanted {
            let container = wanted.container.clone();
            let first = self.since.get(&container).copied().unwrap_or(now);
            let is_old = now.duration_since(first) >= API_GRACE;
            since.insert(container.clone(), first);
            if here.is_read_by_api(&wanted, is_old) {
                chosen.entry(container).or_default().push(wanted);
            }
        }
        self.since = since;
        chosen
    }

    /// Reaches the API as it is told to. Where that has changed, all is begun anew.
    async fn reach(&mut self, settings: &Settings) -> bool {
        let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
        let Ok(access) = self.parts.around.reached(file, url) else {
            let problem = "pods of other nodes are read from the Kubernetes API, and none is here \
                           to ask: give api_server or kubeconfig_file";
            self.parts.stats.note(Some(problem.to_owned()));
            return false;
        };
        if self.client.as_ref().is_some_and(|(of, _)| *of == access) {
            return true;
        }
        if self.client.take().is_some() {
            self.stop().await;
        }
        match connect(&access).await {
            Ok(client) => {
                self.client = Some((access, client));
                true
            }
            Err(error) => {
                let problem = Chain(&error).to_string();
                tracing::warn!(problem, "logs cannot be read from the Kubernetes API");
                self.parts.stats.note(Some(problem));
                false
            }
        }
    }

    fn begin(&mut self, container: Container, told: Told) {
        let Some((_, client)) = &self.client else { return };
        let (sender, receiver) = watch::channel(told);
        let Parts { kept, turns, seed, metrics, stats, .. } = &self.parts;
        let name = container.name();
        let log = PodLog {
            container: container.clone(),
            told: receiver,
            client: client.clone(),
            ledger: Ledger::new(kept.place(&name)),
            seen: kept.get(&name).unwrap_or_default(),
            turns: turns.clone(),
            backoff: Backoff::new(
                API_PAUSE_MIN,
                API_PAUSE_MAX,
                seed.wrapping_add(xxhash_rust::xxh3::xxh3_64(name.as_bytes())),
            ),
            metrics: metrics.clone(),
            stats: Arc::clone(stats),
            cancel: self.end.clone(),
            rest: None,
            is_failing: false,
        };
        let (whose, run) = (container.clone(), log.run());
        self.running.spawn(async move {
            run.await;
            whose
        });
        self.logs.insert(container, sender);
    }

    /// Ends all that are at work. Each hands on what it has read.
    async fn stop(&mut self) {
        self.end.cancel();
        while self.running.join_next().await.is_some() {}
        self.logs.clear();
        self.end = self.parts.cancel.child_token();
    }
}

impl Container {
    /// The name under which is kept how far its log is dealt with.
    fn name(&self) -> String {
        format!("{}/{}:{}", self.namespace, self.pod, self.container)
    }
}

/// What a log is told by its targets. There are several for one of several ports, and for a pod
/// that came in the place of one of its name: then that which runs counts.
fn told(wanted: &[Wanted], settings: &Settings) -> Told {
    let best = wanted.iter().rfind(|it| !it.is_finished).or(wanted.last());
    let mut labels: Vec<Labels> = Vec::new();
    for it in wanted.iter().filter(|it| best.is_some_and(|best| best.folder == it.folder)) {
        if !labels.contains(&it.labels) {
            labels.push(it.labels.clone());
        }
    }
    Told {
        labels,
        forward_to: settings.forward_to.clone(),
        state: best.map(|it| it.state.clone()).unwrap_or_default(),
        is_finished: best.is_some_and(|it| it.is_finished),
        over_since: None,
    }
}

#[cfg(test)]
mod tests;
