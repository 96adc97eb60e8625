//! The collector as a whole: built, run, watched, ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Clock;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::Chain;
use crate::limits::QUEUE_PARCELS_MAX;
use crate::metrics::Metrics;
use crate::stage::PodSource;
use crate::status::{Progress, Status};
use crate::tail::{Positions, Reader, Surroundings, write_whole};
use crate::write::{Backoff, Client, DeadLetters, Writer};
use crate::{Config, Error};

/// What the collector is given from outside.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Who knows the pods of this node.
    pub pods: Arc<dyn PodSource>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of pauses begins; another number on each node.
    pub seed: u64,
    /// Where the metrics are made known.
    pub registry: &'a mut Registry,
}

/// A collector that is set up.
#[derive(Debug)]
pub struct Collector {
    config: Config,
    pods: Arc<dyn PodSource>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    progress: Progress,
    positions: Arc<Mutex<Positions>>,
    client: Client,
    backoff: Backoff,
    dead_letters: DeadLetters,
}

/// Sees how far a collector has come.
#[derive(Debug, Clone)]
pub struct Handle(watch::Receiver<Status>);

impl Collector {
    /// Sets a collector up: reads its state, touches no log file.
    ///
    /// # Errors
    /// When the state folder or the store's address cannot be used.
    pub fn build(config: Config, parts: Parts<'_>) -> Result<Self, Error> {
        let Parts { pods, clock, seed, registry } = parts;
        let positions = Positions::open(&config.state_folder)?;
        let dead_letters = DeadLetters::open(&config.state_folder)?;
        Ok(Self {
            client: Client::new(&config)?,
            backoff: Backoff::new(config.backoff_min, config.backoff_max, seed),
            metrics: Metrics::register(registry),
            progress: Progress::new(),
            positions: Arc::new(Mutex::new(positions)),
            dead_letters,
            config,
            pods,
            clock,
        })
    }

    /// Something that sees how far the collector has come.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.progress.watch())
    }

    /// Reads and pushes until it is told to end. Then nothing more is read; what was read is pushed
    /// for at most `drain_timeout`, and what was not acknowledged by then is read again next time.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read, or the state folder cannot be written to.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        let (sender, queue) = mpsc::channel(QUEUE_PARCELS_MAX);
        let positions = Arc::clone(&self.positions);
        let (drain_timeout, position_interval) =
            (self.config.drain_timeout, self.config.position_interval);
        let around = Surroundings {
            pods: self.pods,
            clock: Arc::clone(&self.clock),
            positions: Arc::clone(&positions),
            metrics: self.metrics.clone(),
            progress: self.progress.clone(),
        };
        let reader = Reader::new(self.config.clone(), around, sender);
        let writer = Writer {
            config: self.config,
            client: self.client,
            backoff: self.backoff,
            dead_letters: self.dead_letters,
            clock: self.clock,
            positions: Arc::clone(&positions),
            metrics: self.metrics,
            progress: self.progress,
        };
        // Both end with this call, even with one that is dropped in the middle.
        let (mut writing, mut saving) = (JoinSet::new(), JoinSet::new());
        writing.spawn(writer.run(queue));
        let saved_enough = CancellationToken::new();
        saving.spawn(save_regularly(
            Arc::clone(&positions),
            position_interval,
            saved_enough.clone(),
        ));
        let read = reader.run(cancel).await;
        // The reader has dropped its end of the queue, so the writer ends when the queue is empty.
        let written = match timeout(drain_timeout, writing.join_next()).await {
            Ok(ended) => ended.unwrap_or(Ok(())).map_err(Error::Task),
            Err(_) => {
                tracing::warn!("not all that was read could be pushed in time, it is read again");
                Ok(())
            }
        };
        writing.shutdown().await;
        // A save that is under way must not come after the last.
        saved_enough.cancel();
        saving.join_all().await;
        save(&positions).await.and(written).and(read)
    }
}

impl Handle {
    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.0.borrow()
    }

    /// Waits until all that is on disk now has been delivered or put aside. `None` when the
    /// collector ended before that.
    pub async fn drained(&mut self) -> Option<Status> {
        // The round that is under way may have passed by what was written last.
        let scans = self.status().scans + 2;
        let drained = |status: &Status| status.scans >= scans && status.is_drained();
        self.0.wait_for(drained).await.ok().map(|status| *status)
    }
}

/// Writes positions to disk until it is told to end. Where that fails, lines go on being sent; a
/// restart sends again what it finds no position of, and the store drops it.
async fn save_regularly(
    positions: Arc<Mutex<Positions>>,
    every: Duration,
    cancel: CancellationToken,
) {
    let mut tick = interval(every);
    while cancel.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = save(&positions).await {
            tracing::error!(error = %Chain(&error), "the positions cannot be kept");
        }
    }
}

async fn save(positions: &Arc<Mutex<Positions>>) -> Result<(), Error> {
    let positions = Arc::clone(positions);
    let save = move || {
        let lock = || positions.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = lock().changed();
        let Some((path, bytes)) = changed else { return Ok(()) };
        write_whole(&path, &bytes).map_err(|source| {
            lock().keep_changed();
            Error::StateFolder { path, source }
        })
    };
    spawn_blocking(save).await.map_err(Error::Task)?
}
