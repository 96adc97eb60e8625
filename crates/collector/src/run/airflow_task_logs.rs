//! `airflow.task_logs` at work. Where it has new settings, its reader is exchanged, and goes on
//! where all is acknowledged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use model::Clock;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::component::airflow_task_logs::Settings;
use crate::config::{TaskLogs, TaskLogsMode};
use crate::error::Chain;
use crate::limits::MAILBOX_BATCHES_MAX;
use crate::metrics::Metrics;
use crate::run::flow;
use crate::run::stats::Stats;
use crate::stage::NoPods;
use crate::status::Progress;
use crate::volumes::{Around, Batch, Known, Places, Reader};

/// What it works with.
pub struct Parts {
    /// What it is told.
    pub settings: watch::Receiver<Settings>,
    /// How far files are dealt with.
    pub places: Arc<Places>,
    /// Where the kubelet keeps pods' logs.
    pub pods_folder: PathBuf,
    /// Where it keeps what else belongs to pods.
    pub kubelet_folder: PathBuf,
    /// How often volumes are looked through, at most.
    pub look_interval: Duration,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// Reads until it is told to end.
pub async fn run(mut parts: Parts) {
    while !parts.cancel.is_cancelled() {
        let settings = parts.settings.borrow_and_update().clone();
        let end = parts.cancel.child_token();
        let (sender, batches) = mpsc::channel(MAILBOX_BATCHES_MAX);
        let is_read = settings.mode != TaskLogsMode::Off;
        let reader = is_read.then(|| parts.reader(&settings, sender));
        let read = async {
            match reader {
                Some(reader) => reader.run(end.clone()).await,
                None => {
                    end.cancelled().await;
                    Ok(())
                }
            }
        };
        let (stats, told) = (Arc::clone(&parts.stats), &mut parts.settings);
        let change = async {
            if told.changed().await.is_err() {
                parts.cancel.cancelled().await;
            }
            end.cancel();
        };
        // What was read goes on to those that it was read for.
        let send = send(batches, &settings, &stats);
        let read = async {
            tokio::select! {
                read = read => read,
                () = async { change.await; std::future::pending().await } => Ok(()),
            }
        };
        let (read, ()) = tokio::join!(read, send);
        parts.stats.note(read.err().map(|error| Chain(&error).to_string()));
    }
}

async fn send(mut batches: mpsc::Receiver<Batch>, settings: &Settings, stats: &Stats) {
    while let Some(Batch { entries, origins }) = batches.recv().await {
        let entry = |(labels, entry): (_, model::Entry)| Entry {
            metadata: entry.metadata,
            origins: origins.clone(),
            ..Entry::new(labels, entry.timestamp, entry.line)
        };
        let entries: Vec<Entry> = entries.into_iter().map(entry).collect();
        stats.send(&entries);
        flow::send(&settings.forward_to, entries).await;
    }
}

impl Parts {
    fn reader(&self, settings: &Settings, sender: mpsc::Sender<Batch>) -> Reader {
        let config = TaskLogs {
            mode: settings.mode,
            kubelet_folder: settings
                .kubelet_folder
                .as_ref()
                .unwrap_or(&self.kubelet_folder)
                .clone(),
            folders: settings.folders.clone(),
            age_max: settings.max_age,
            look_interval: self.look_interval,
            namespaces: settings.namespaces.clone(),
        };
        let known = Known {
            // What pods do is told by their containers' names.
            pods: Arc::new(NoPods),
            pods_folder: self.pods_folder.clone(),
            namespaces: settings.namespaces.clone(),
        };
        let around = Around {
            places: Arc::clone(&self.places),
            mode: config.mode,
            age_max: config.age_max,
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.task_logs.clone(),
            progress: Progress::new(),
        };
        Reader::new(config, known, around, sender)
    }
}
