//! `loki.source.syslog` at work: a task for each place that it listens at.
//!
//! Whoever sends by syslog is told nothing, so that what was taken is safe only once a store or its
//! queue on disk has it. All that can be done here is to take no more than goes on: a connection is
//! read as fast as entries are taken from it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_syslog::{At, Protocol, Settings};
use crate::metrics::Metrics;
use crate::run::stats::Stats;
use crate::run::syslog_listener::{tcp, udp};

/// What it works with.
#[derive(Clone)]
pub struct Parts {
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
    /// What is wrong with each place.
    pub problems: Problems,
}

/// What is wrong with each place that is listened at.
#[derive(Debug, Clone, Default)]
pub struct Problems(Arc<Mutex<BTreeMap<At, String>>>);

impl Problems {
    /// Something is wrong with a place, or nothing any more.
    pub fn note(&self, at: At, problem: Option<String>, stats: &Stats) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match problem {
            Some(problem) => all.insert(at, problem),
            None => all.remove(&at),
        };
        let told: Vec<String> = all.values().cloned().collect();
        stats.note_all(&told);
    }
}

/// Listens until it is told to end.
pub async fn run(mut parts: Parts) {
    let mut listening: BTreeMap<At, CancellationToken> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let mut ended: Option<At> = None;
    loop {
        if let Some(at) = ended.take() {
            // It was told to end, and may be wanted again by now.
            listening.remove(&at);
        }
        let wanted = parts.settings.borrow_and_update().listeners.clone();
        for (at, cancel) in &listening {
            if !wanted.iter().any(|it| it.at == *at) {
                cancel.cancel();
            }
        }
        for listener in wanted {
            let at = listener.at;
            if listening.contains_key(&at) {
                continue;
            }
            let cancel = parts.cancel.child_token();
            listening.insert(at, cancel.clone());
            let parts = Parts { cancel, ..parts.clone() };
            tasks.spawn(async move {
                match at.protocol {
                    Protocol::Tcp => tcp(listener, parts).await,
                    Protocol::Udp => udp(listener, parts).await,
                }
                at
            });
        }
        tokio::select! {
            () = parts.cancel.cancelled() => break,
            changed = parts.settings.changed() => if changed.is_err() { break },
            Some(task) = tasks.join_next() => ended = task.ok(),
        }
    }
    parts.cancel.cancel();
    while tasks.join_next().await.is_some() {}
}
