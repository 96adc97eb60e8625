//! Takes what was read, pushes it, and settles it: in order, one batch at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::Clock;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::Config;
use crate::metrics::Metrics;
use crate::status::Progress;
use crate::tail::{Delivery, Positions};
use crate::write::backoff::Backoff;
use crate::write::batch::Batch;
use crate::write::client::{Answer, Client};
use crate::write::dead_letter::DeadLetters;

/// Pushes batches until there is nothing more to push.
#[derive(Debug)]
pub struct Writer {
    /// How large and how old batches become.
    pub config: Config,
    /// Where they go.
    pub client: Client,
    /// How long to wait after one that failed.
    pub backoff: Backoff,
    /// Where those go that are refused.
    pub dead_letters: DeadLetters,
    /// The time that refused ones are named after.
    pub clock: Arc<dyn Clock>,
    /// How far files are dealt with.
    pub positions: Arc<Mutex<Positions>>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where it is told how far one has come.
    pub progress: Progress,
}

impl Writer {
    /// Pushes all that comes until the queue is closed and empty. What it has taken from the queue
    /// and not settled when it is dropped is read again by the next collector.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Delivery>) {
        while let Some(batch) = gather(&self.config, &mut queue).await {
            if batch.entries() > 0 {
                self.deliver(&batch).await;
            }
            self.settle(&batch);
        }
    }

    /// Pushes a batch until the store has it, or it is put aside.
    async fn deliver(&mut self, batch: &Batch) {
        let body = Bytes::from(loki::push::encode(batch.streams()));
        loop {
            self.progress.note(|status| status.entries_sent += batch.entries());
            let wait = match self.client.push(body.clone()).await {
                Answer::Acknowledged => {
                    self.backoff.reset();
                    self.acknowledge(batch, body.len());
                    return;
                }
                Answer::Later { reason, after } => {
                    let pause = self.backoff.next().max(after.unwrap_or_default());
                    tracing::warn!(%reason, ?pause, "a push failed and is tried again");
                    pause.min(self.config.backoff_max.max(self.config.backoff_min))
                }
                Answer::Refused { status, reason } => {
                    match self.put_aside(batch, status, &reason) {
                        Ok(()) => return,
                        Err(pause) => pause,
                    }
                }
            };
            self.metrics.batch_retries.inc();
            sleep(wait).await;
        }
    }

    fn acknowledge(&self, batch: &Batch, bytes: usize) {
        self.metrics.sent_entries.inc_by(batch.entries());
        self.metrics.sent_bytes.inc_by(bytes as u64);
        self.progress.note(|status| {
            status.entries_acked += batch.entries();
            status.physical_lines_acked += batch.records();
        });
    }

    /// Keeps a refused batch on disk; where that fails, tells how long to wait before all is tried
    /// again.
    fn put_aside(&mut self, batch: &Batch, status: u16, reason: &str) -> Result<(), Duration> {
        match self.dead_letters.keep(batch.streams(), status, reason, &*self.clock) {
            Ok(path) => {
                tracing::error!(
                    entries = batch.entries(), reason, path = %path.display(),
                    "the store refused a batch, which is put aside; mend the cause and send it",
                );
                self.metrics.dropped_entries.inc_by(batch.entries());
                self.progress.note(|status| status.entries_refused += batch.entries());
                Ok(())
            }
            Err(error) => {
                let pause = self.backoff.next();
                tracing::error!(
                    reason, %error, ?pause,
                    "the store refused a batch and it cannot be put aside; it is tried again",
                );
                Err(pause)
            }
        }
    }

    fn settle(&self, batch: &Batch) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        for settlement in batch.settlements() {
            positions.settle(settlement.no, settlement.position);
            if settlement.is_last {
                positions.forget(settlement.no);
            }
        }
    }
}

/// The next batch: as much as comes until it is large or old enough. `None` at the end.
async fn gather(config: &Config, queue: &mut mpsc::Receiver<Delivery>) -> Option<Batch> {
    let mut batch = Batch::default();
    batch.add(queue.recv().await?);
    let deadline = Instant::now() + config.batch_wait;
    while batch.bytes() < config.batch_bytes {
        match timeout_at(deadline, queue.recv()).await {
            Ok(Some(delivery)) => batch.add(delivery),
            Ok(None) | Err(_) => break,
        }
    }
    Some(batch)
}
