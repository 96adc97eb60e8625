//! `prometheus.remote_write` at work: samples wait for each endpoint, which a task of its own sends
//! to it.

use std::sync::Arc;

use ::stage::relabel::Rules;
use model::{Clock, Labels};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::component::prometheus_remote_write::{Remote, Settings};
use crate::limits::{SAMPLES_DRAIN_MAX, SAMPLES_WAITING_MAX};
use crate::prometheus::{RemoteWriteMetrics, Sample};
use crate::run::details::Details;
use crate::run::prometheus_relabel::{built, relabelled};
use crate::run::remote_endpoint::RemoteEndpoint;
use crate::run::samples_waiting::SamplesWaiting;
use crate::run::stats::Stats;

/// What it works with.
pub struct Parts {
    /// The component.
    pub id: String,
    /// What it is told, and told anew.
    pub settings: watch::Receiver<Settings>,
    /// What comes.
    pub inbox: mpsc::Receiver<Vec<Sample>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted.
    pub metrics: RemoteWriteMetrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// What its endpoints tell.
    pub details: Details,
}

/// One endpoint at work.
struct Running {
    told: watch::Sender<Remote>,
    rules: Rules,
    waiting: Arc<SamplesWaiting>,
    task: AbortOnDropHandle<()>,
}

/// Takes samples until nobody sends any more, and then sends what waits, once.
pub async fn run(mut parts: Parts) {
    let mut current = parts.settings.borrow_and_update().clone();
    let mut endpoints: Vec<Running> = Vec::new();
    parts.exchange(&current, &mut endpoints).await;
    let mut is_told = true;
    loop {
        tokio::select! {
            changed = parts.settings.changed(), if is_told => {
                is_told = changed.is_ok();
                current = parts.settings.borrow_and_update().clone();
                parts.exchange(&current, &mut endpoints).await;
            }
            samples = parts.inbox.recv() => {
                let Some(samples) = samples else { break };
                parts.stats.receive(samples.len());
                let samples = labelled(samples, &current.external_labels);
                for endpoint in &endpoints {
                    endpoint.waiting.push(relabelled(samples.clone(), &endpoint.rules));
                }
            }
        }
    }
    futures::future::join_all(endpoints.into_iter().map(Running::end)).await;
}

impl Parts {
    /// Begins endpoints that are new, ends those that are gone, and tells the others what is new.
    async fn exchange(&self, settings: &Settings, endpoints: &mut Vec<Running>) {
        let is_there = |running: &Running| {
            let name = running.told.borrow().endpoint.name.clone();
            settings.endpoints.iter().any(|remote| remote.endpoint.name == name)
        };
        let (kept, ended): (Vec<_>, Vec<_>) = endpoints.drain(..).partition(is_there);
        *endpoints = kept;
        for remote in &settings.endpoints {
            let name = &remote.endpoint.name;
            let known = endpoints.iter_mut().find(|it| it.told.borrow().endpoint.name == *name);
            match known {
                Some(running) => {
                    running.rules = built(&remote.rules);
                    running.told.send_if_modified(|told| {
                        let is_changed = told != remote;
                        told.clone_from(remote);
                        is_changed
                    });
                }
                None => endpoints.push(self.begin(remote)),
            }
        }
        futures::future::join_all(ended.into_iter().map(Running::end)).await;
    }

    fn begin(&self, remote: &Remote) -> Running {
        let (told, receiver) = watch::channel(remote.clone());
        let waiting = Arc::new(SamplesWaiting::new(SAMPLES_WAITING_MAX));
        let endpoint = RemoteEndpoint {
            component: self.id.clone(),
            told: receiver,
            waiting: Arc::clone(&waiting),
            clock: Arc::clone(&self.clock),
            seed: self.seed,
            metrics: self.metrics.clone(),
            stats: Arc::clone(&self.stats),
            details: self.details.clone(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(endpoint.run()));
        Running { told, rules: built(&remote.rules), waiting, task }
    }
}

impl Running {
    /// Lets it send what waits.
    async fn end(self) {
        self.waiting.close();
        // What is not taken by then is gone.
        let _ = timeout(SAMPLES_DRAIN_MAX, self.task).await;
    }
}

/// Samples with the external labels that they do not have themselves.
fn labelled(samples: Vec<Sample>, external: &Labels) -> Vec<Sample> {
    if external.is_empty() {
        return samples;
    }
    let one = |sample: Sample| {
        let labels = Labels::new(external.iter().chain(sample.labels.iter()));
        Sample { labels, ..sample }
    };
    samples.into_iter().map(one).collect()
}
