//! `loki.write` at work: a sink for each endpoint, and for each tenant that entries name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use model::{Clock, Labels};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::component::Batch;
use crate::component::loki_write::Settings;
use crate::custody::Custody;
use crate::error::Chain;
use crate::limits::{MAILBOX_BATCHES_MAX, TENANTS_MAX};
use crate::run::stats::Stats;
use crate::status::Progress;
use crate::write::{Endpoint, Outgoing, Sink, SinkSurroundings, WriteMetrics};

/// The label by which a stage names the tenant of an entry.
const TENANT: &str = "__tenant_id__";
/// What comes between an endpoint's name and a tenant's in the name of a folder.
const OF_TENANT: &str = "_of_";

/// What it works with.
pub struct Parts {
    /// What it is told, and told anew.
    pub settings: watch::Receiver<Settings>,
    /// What comes.
    pub inbox: mpsc::Receiver<Batch>,
    /// Where it keeps what waits.
    pub folder: PathBuf,
    /// Answers for what waits.
    pub custody: Custody,
    /// Is told how far it has come.
    pub progress: Progress,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted of sinks.
    pub metrics: WriteMetrics,
    /// What it counts.
    pub stats: Arc<Stats>,
    /// How long sinks may go on when nobody sends any more.
    pub drain_timeout: Duration,
}

/// Sends entries to the sinks until nobody sends any more, and then what waits, for a while.
pub async fn run(mut parts: Parts) {
    let mut current = parts.settings.borrow_and_update().clone();
    let mut sinks: Vec<Running> = Vec::new();
    parts.open_left(&current, &mut sinks);
    let mut is_told = true;
    loop {
        tokio::select! {
            biased;
            changed = parts.settings.changed(), if is_told => {
                is_told = changed.is_ok();
                let next = parts.settings.borrow_and_update().clone();
                parts.exchange(&next, &mut sinks).await;
                current = next;
            }
            batch = parts.inbox.recv() => {
                let Some(batch) = batch else { break };
                parts.stats.receive(batch.len());
                for (tenant, outgoing) in parts.outgoing(batch, &current.external_labels) {
                    parts.deliver(tenant.as_deref(), outgoing, &mut current, &mut sinks).await;
                }
            }
        }
    }
    let ending = sinks.into_iter().map(|sink| sink.end(parts.drain_timeout));
    futures::future::join_all(ending).await;
}

/// A sink at work.
struct Running {
    /// The endpoint as it is written.
    endpoint: Endpoint,
    tenant: Option<String>,
    inbox: mpsc::Sender<Outgoing>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Running {
    /// Lets it queue what it was given, and push for so long. What is left waits on disk.
    async fn end(self, drain: Duration) {
        let Self { inbox, stop, mut task, .. } = self;
        drop(inbox);
        if timeout(drain, &mut task).await.is_err() {
            stop.cancel();
            let _ = task.await;
        }
    }
}

impl Parts {
    /// Opens the sinks of all endpoints, and those whose queues an earlier run has left.
    fn open_left(&self, settings: &Settings, sinks: &mut Vec<Running>) {
        for endpoint in &settings.endpoints {
            for tenant in tenants_left(&self.folder, &endpoint.name) {
                self.open(endpoint, Some(tenant), sinks);
            }
            self.open(endpoint, None, sinks);
        }
    }

    fn open(&self, endpoint: &Endpoint, tenant: Option<String>, sinks: &mut Vec<Running>) -> bool {
        let around = SinkSurroundings {
            custody: self.custody.clone(),
            clock: Arc::clone(&self.clock),
            seed: self.seed.wrapping_add(sinks.len() as u64),
            metrics: self.metrics.clone(),
            progress: self.progress.clone(),
        };
        let named = match &tenant {
            Some(tenant) => Endpoint {
                name: format!("{}{OF_TENANT}{}", endpoint.name, hex(tenant)),
                tenant: Some(tenant.clone()),
                ..endpoint.clone()
            },
            None => endpoint.clone(),
        };
        match Sink::open(named, &self.folder, around) {
            Ok((sink, _)) => {
                self.stats.note(None);
                let (inbox, parcels) = mpsc::channel(MAILBOX_BATCHES_MAX);
                let stop = CancellationToken::new();
                let task = tokio::spawn(sink.run_until(parcels, stop.clone()));
                let task = AbortOnDropHandle::new(task);
                sinks.push(Running { endpoint: endpoint.clone(), tenant, inbox, stop, task });
                true
            }
            Err(error) => {
                let problem = Chain(&error).to_string();
                tracing::error!(
                    endpoint = endpoint.name,
                    error = problem,
                    "a sink cannot be opened"
                );
                self.stats.note(Some(problem));
                false
            }
        }
    }

    /// Ends the sinks of endpoints that are not there any more as they were, and opens those that
    /// are new. One of the same name goes on with what the other had queued.
    async fn exchange(&self, settings: &Settings, sinks: &mut Vec<Running>) {
        let (kept, ended): (Vec<_>, Vec<_>) =
            sinks.drain(..).partition(|sink| settings.endpoints.contains(&sink.endpoint));
        *sinks = kept;
        let ending = ended.into_iter().map(|sink| sink.end(Duration::ZERO));
        futures::future::join_all(ending).await;
        let is_new = |endpoint: &&Endpoint| !sinks.iter().any(|it| it.endpoint == **endpoint);
        let endpoints = settings.endpoints.iter().filter(is_new).cloned().collect();
        self.open_left(&Settings { endpoints, ..settings.clone() }, sinks);
    }

    /// Entries as sinks take them, by the tenants that they name.
    fn outgoing(&self, batch: Batch, external: &Labels) -> Vec<(Option<String>, Outgoing)> {
        let mut by_tenant: Vec<(Option<String>, Vec<Entry>)> = Vec::new();
        for entry in batch {
            let tenant = entry.labels.get(TENANT);
            match by_tenant.iter_mut().find(|(of, _)| of.as_deref() == tenant) {
                Some((_, entries)) => entries.push(entry),
                None => by_tenant.push((tenant.map(ToOwned::to_owned), vec![entry])),
            }
        }
        let outgoing = |entries| outgoing(entries, external, &self.custody);
        by_tenant.into_iter().map(|(tenant, entries)| (tenant, outgoing(entries))).collect()
    }

    /// Gives entries to each sink, as fast as the slowest takes them. Where an endpoint is
    /// exchanged meanwhile, its successor gets them.
    async fn deliver(
        &mut self,
        tenant: Option<&str>,
        outgoing: Outgoing,
        current: &mut Settings,
        sinks: &mut Vec<Running>,
    ) {
        let mut done: Vec<String> = Vec::new();
        loop {
            let names = current.endpoints.iter().map(|it| &it.name);
            let Some(name) = names.clone().find(|name| !done.contains(name)).cloned() else {
                return;
            };
            let Some(sink) = self.sink(&name, tenant, current, sinks) else {
                // It cannot be opened: nothing is thrown away, all wait until it is told anew.
                if self.settings.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                let next = self.settings.borrow_and_update().clone();
                self.exchange(&next, sinks).await;
                *current = next;
                continue;
            };
            let sender = sinks[sink].inbox.clone();
            tokio::select! {
                biased;
                changed = self.settings.changed() => {
                    if changed.is_err() {
                        let _ = sender.send(outgoing.clone()).await;
                        done.push(name);
                        continue;
                    }
                    drop(sender);
                    let next = self.settings.borrow_and_update().clone();
                    self.exchange(&next, sinks).await;
                    *current = next;
                }
                sent = sender.send(outgoing.clone()) => {
                    if sent.is_ok() {
                        self.stats.send_count(outgoing.entries.len());
                    }
                    done.push(name);
                }
            }
        }
    }

    /// The sink of an endpoint for a tenant; it is opened when it is needed first.
    fn sink(
        &self,
        name: &str,
        tenant: Option<&str>,
        current: &Settings,
        sinks: &mut Vec<Running>,
    ) -> Option<usize> {
        let find = |sinks: &[Running], tenant: Option<&str>| {
            let is_it = |it: &Running| it.endpoint.name == name && it.tenant.as_deref() == tenant;
            sinks.iter().position(is_it)
        };
        let endpoint = current.endpoints.iter().find(|it| it.name == name)?;
        if let Some(found) = find(sinks, tenant) {
            return Some(found);
        }
        if sinks.len() >= TENANTS_MAX {
            tracing::warn!(tenant, "too many tenants, lines go to the endpoint's own");
            return find(sinks, None);
        }
        self.open(endpoint, tenant.map(ToOwned::to_owned), sinks).then(|| sinks.len() - 1)
    }
}

/// Entries as a sink takes them: without internal labels, and with the external ones that they do
/// not have themselves.
fn outgoing(entries: Vec<Entry>, external: &Labels, custody: &Custody) -> Outgoing {
    let mut origins = Vec::with_capacity(1);
    let mut out = Vec::with_capacity(entries.len());
    let mut last: Option<(Labels, Labels)> = None;
    for entry in entries {
        let labels = match &last {
            Some((before, after)) if before.is_shared_with(&entry.labels) => after.clone(),
            _ => written(&entry.labels, external),
        };
        last = Some((entry.labels, labels.clone()));
        let metadata = entry.metadata;
        let (timestamp, line) = (entry.timestamp, entry.line);
        out.push((labels, model::Entry { timestamp, line, metadata }));
        origins.push(entry.origins);
    }
    let count = out.len() as u64;
    let mut all = ::stage::Origins::default();
    origins.into_iter().for_each(|origins| all.merge(origins));
    let ticket = Arc::new(custody.ticket_of_origins(count, vec![all]));
    Outgoing { entries: out, records: count, ticket }
}

fn written(labels: &Labels, external: &Labels) -> Labels {
    let own = labels.iter().filter(|(name, _)| !name.starts_with("__"));
    Labels::new(external.iter().chain(own))
}

/// The tenants of which an earlier run has left queues.
fn tenants_left(folder: &Path, endpoint: &str) -> Vec<String> {
    let prefix = format!("{endpoint}{OF_TENANT}");
    let folders = std::fs::read_dir(folder.join("queue")).into_iter().flatten().flatten();
    let tenant = |name: std::ffi::OsString| unhex(name.to_str()?.strip_prefix(&prefix)?);
    folders.filter_map(|entry| tenant(entry.file_name())).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}
