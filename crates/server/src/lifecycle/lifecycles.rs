//! [`Lifecycles`]: the tries and runs of all tenants, and the task that keeps them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airflow::lifecycle::may_tell;
use model::{Labels, Stream, TenantId, Timestamp};
use prometheus_client::registry::Registry;

use super::deployment::Deployment;
use super::ended::Ended;
use super::{Record, recall};
use crate::app::App;

/// How often it is looked what is to be kept.
const TICK: Duration = Duration::from_secs(1);
/// When what was told before is asked for again, after it could not be read: it is two hours of
/// lines, and may take a minute to fail.
const RECALL_PAUSE: Duration = Duration::from_secs(60);

/// Deployments of a tenant whose tries and runs are told apart; of those that come later nothing is
/// kept, and their lines are what they are.
const DEPLOYMENTS_MAX: usize = 200;

/// What the lines of all tenants have told.
#[derive(Debug)]
pub(crate) struct Lifecycles {
    told: Mutex<BTreeMap<TenantId, Told>>,
    ended: Ended,
}

/// What the lines of one have.
#[derive(Debug, Default)]
struct Told {
    /// By namespace.
    deployments: BTreeMap<String, Deployment>,
    recall: Recall,
}

/// Whether it is known what was told before this process began.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Recall {
    #[default]
    Due,
    DueAt(Timestamp),
    Done,
}

impl Lifecycles {
    /// Nothing was told yet. What ends is counted in the registry.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        Self { told: Mutex::default(), ended: Ended::new(registry) }
    }

    /// Takes the lines of a push. They need not be durable yet: what is sent again tells the same.
    pub(crate) fn take(&self, tenant: &TenantId, streams: &[Stream], now: Timestamp) {
        let of_tasks = streams.iter().filter(|stream| stream.labels.get("dag_id").is_some());
        let lines = of_tasks.flat_map(|stream| stream.entries.iter().map(|e| (&stream.labels, e)));
        let telling: Vec<_> = lines.filter(|(_, entry)| may_tell(&entry.line)).collect();
        if telling.is_empty() {
            return;
        }
        let mut told = self.lock();
        let told = told.entry(tenant.clone()).or_default();
        for (labels, entry) in telling {
            told.take(labels, &entry.metadata, &entry.line, now);
        }
    }

    /// What is not kept yet of a tenant.
    pub(crate) fn running(&self, tenant: &TenantId) -> Vec<Record> {
        self.of_each(tenant, |deployment| deployment.running().collect())
    }

    fn due(&self, tenant: &TenantId, now: Timestamp) -> Vec<Record> {
        self.of_each(tenant, |deployment| deployment.due(now))
    }

    fn of_each(
        &self,
        tenant: &TenantId,
        records: impl Fn(&Deployment) -> Vec<Record>,
    ) -> Vec<Record> {
        let told = self.lock();
        let deployments = told.get(tenant).into_iter().flat_map(|told| told.deployments.values());
        deployments.flat_map(records).collect()
    }

    /// These are kept now, and what is too old is forgotten.
    fn keep(&self, tenant: &TenantId, records: &[Record], now: Timestamp) {
        let mut told = self.lock();
        let Some(told) = told.get_mut(tenant) else { return };
        for record in records {
            if let Some(deployment) = told.of(&record.namespace) {
                deployment.keep(record, now);
            }
        }
        told.deployments.values_mut().for_each(|deployment| deployment.forget(now));
    }

    fn known(&self) -> Vec<(TenantId, Recall)> {
        self.lock().iter().map(|(tenant, told)| (tenant.clone(), told.recall)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn take(&mut self, labels: &Labels, metadata: &Labels, line: &str, now: Timestamp) {
        if let Some(deployment) = self.of(labels.get("namespace").unwrap_or_default()) {
            deployment.take(labels, metadata, line, now);
        }
    }

    /// The deployment of a namespace, unless there are too many. Lines without one are of the only
    /// deployment that there is.
    fn of(&mut self, namespace: &str) -> Option<&mut Deployment> {
        if self.deployments.len() == 1 {
            self.name_the_only(namespace);
            if namespace.is_empty() {
                return self.deployments.values_mut().next();
            }
        }
        if self.deployments.len() >= DEPLOYMENTS_MAX && !self.deployments.contains_key(namespace) {
            return None;
        }
        let deployment = self.deployments.entry(namespace.to_owned());
        Some(deployment.or_insert_with(|| Deployment::default().named(namespace)))
    }

    /// What was known of the only one before any namespace was is of the first that is known.
    fn name_the_only(&mut self, namespace: &str) {
        if !namespace.is_empty()
            && let Some(unnamed) = self.deployments.remove("")
        {
            self.deployments.insert(namespace.to_owned(), unnamed.named(namespace));
        }
    }
}

/// Keeps what is due, until it is dropped. What is not kept by then is told again by the lines.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        tokio::time::sleep(TICK).await;
        for (tenant, recall) in app.lifecycles.known() {
            let is_recalled = match recall {
                Recall::Done => true,
                Recall::DueAt(at) if app.clock.now() < at => false,
                Recall::Due | Recall::DueAt(_) => recalled(&app, &tenant).await,
            };
            if is_recalled {
                keep(&app, &tenant).await;
            }
        }
    }
}

/// Learns what was told of a tenant's tries before this process began.
async fn recalled(app: &App, tenant: &TenantId) -> bool {
    let now = app.clock.now();
    let mut lines = Vec::new();
    let before = recall::before(app, tenant, now, &mut lines).await;
    let mut told = app.lifecycles.lock();
    let told = told.entry(tenant.clone()).or_default();
    let kept = match before {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%tenant, error = error.text(), "what ran before is not known yet");
            told.recall = Recall::DueAt(now + RECALL_PAUSE);
            return false;
        }
    };
    for record in &kept {
        if let Some(deployment) = told.of(&record.namespace) {
            deployment.remember(record, now);
        }
    }
    for (labels, line) in lines {
        told.take(&labels.stream, &labels.metadata, &line, now);
    }
    told.recall = Recall::Done;
    true
}

async fn keep(app: &App, tenant: &TenantId) {
    let now = app.clock.now();
    let due = app.lifecycles.due(tenant, now);
    if !due.is_empty() {
        let streams = due.iter().filter_map(Record::stream).collect();
        if let Err(error) = app.store.append(tenant, streams).await {
            tracing::warn!(%tenant, %error, "tries and runs are not kept yet");
            return;
        }
        due.iter().for_each(|record| app.lifecycles.ended.count(tenant, record));
    }
    app.lifecycles.keep(tenant, &due, now);
}
