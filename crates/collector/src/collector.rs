//! The collector as a whole: built, run, watched, ended.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ::stage::Origins;
use model::{Clock, Entry, Labels};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::custody::{Claim, Custody};
use crate::error::Chain;
use crate::limits::QUEUE_PARCELS_MAX;
use crate::metrics::Metrics;
use crate::stage::{Parcel, PodSource};
use crate::status::{Progress, Status};
use crate::tail::{Delivery, Positions, Reader, Surroundings};
use crate::volumes::{self, Around, Batch, Known, Places};
use crate::write::{Outgoing, Sink, SinkSurroundings};
use crate::{Config, Endpoint, Error, TaskLogsMode};

/// What the collector is given from outside.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Who knows the pods of this node.
    pub pods: Arc<dyn PodSource>,
    /// Who tells how pods of tasks ended, where somebody does.
    pub pod_ends: Option<mpsc::Receiver<(Labels, Entry)>>,
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
    pod_ends: Option<mpsc::Receiver<(Labels, Entry)>>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    progress: Progress,
    custody: Custody,
    /// How far task log files are dealt with, where they are read.
    places: Option<Arc<Places>>,
    sinks: Vec<Sink>,
}

/// What is told of how pods of tasks ended, on its way to the sinks.
#[derive(Debug)]
struct PodEnds {
    told: Option<mpsc::Receiver<(Labels, Entry)>>,
    queue: mpsc::Sender<Batch>,
    progress: Progress,
}

/// Sees how far a collector has come.
#[derive(Debug, Clone)]
pub struct Handle {
    status: watch::Receiver<Status>,
    /// Whether task log files are read besides.
    reads_tasks: bool,
}

impl Collector {
    /// Sets a collector up: reads its state, touches no log file.
    ///
    /// # Errors
    /// When the state folder or an endpoint cannot be used.
    pub fn build(config: Config, parts: Parts<'_>) -> Result<Self, Error> {
        let Parts { pods, pod_ends, clock, seed, registry } = parts;
        let (metrics, progress) = (Metrics::register(registry), Progress::new());
        let custody = Custody::new(Positions::open(&config.state_folder)?, progress.clone());
        let is_read = config.task_logs.mode != TaskLogsMode::Off;
        let open = || Places::open(&config.state_folder, custody.clone());
        let places = is_read.then(open).transpose()?;
        let mut sinks = Vec::new();
        for (endpoint, no) in config.endpoints.iter().zip(0..) {
            check_name(endpoint, &config.endpoints)?;
            let around = SinkSurroundings {
                custody: custody.clone(),
                clock: Arc::clone(&clock),
                seed: seed.wrapping_add(no),
                metrics: metrics.write.clone(),
                progress: progress.clone(),
            };
            let (sink, queued) = Sink::open(endpoint.clone(), &config.state_folder, around)?;
            custody.positions().queue(queued);
            sinks.push(sink);
        }
        Ok(Self { config, pods, pod_ends, clock, metrics, progress, custody, places, sinks })
    }

    /// Something that sees how far the collector has come.
    #[must_use]
    pub fn handle(&self) -> Handle {
        let reads_tasks = self.places.is_some();
        Handle { status: self.progress.watch(), reads_tasks }
    }

    /// Reads and pushes until it is told to end. Then nothing more is read; what was read is pushed
    /// for at most `drain_timeout`, and what was not acknowledged by then waits on disk.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read, or the state folder cannot be written to.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        let Self { config, pods, pod_ends, clock, metrics, progress, custody, places, sinks } =
            self;
        let (sender, queue) = mpsc::channel(QUEUE_PARCELS_MAX);
        let (task_sender, task_queue) = mpsc::channel(QUEUE_PARCELS_MAX);
        let (drain_timeout, position_interval) = (config.drain_timeout, config.position_interval);
        let ends =
            PodEnds { told: pod_ends, queue: task_sender.clone(), progress: progress.clone() };
        let tasks = places.clone().map(|places| {
            let (pods, pods_folder) = (Arc::clone(&pods), config.pods_folder.clone());
            let config = config.task_logs.clone();
            let known = Known { pods, pods_folder, namespaces: config.namespaces.clone() };
            let around = Around {
                places,
                mode: config.mode,
                age_max: config.age_max,
                clock: Arc::clone(&clock),
                metrics: metrics.task_logs.clone(),
                progress: progress.clone(),
            };
            volumes::Reader::new(config, known, around, task_sender)
        });
        let around = Surroundings { pods, clock, custody: custody.clone(), metrics, progress };
        let reader = Reader::new(config, around, sender);
        // Both end with this call, even with one that is dropped in the middle.
        let (mut writing, mut saving) = (JoinSet::new(), JoinSet::new());
        let inboxes = sinks.into_iter().map(|sink| {
            let (inbox, parcels) = mpsc::channel(QUEUE_PARCELS_MAX);
            writing.spawn(sink.run(parcels));
            inbox
        });
        let inboxes = inboxes.collect();
        writing.spawn(hand_out(queue, task_queue, inboxes, custody.clone()));
        let saved_enough = CancellationToken::new();
        saving.spawn(save_regularly(custody.clone(), position_interval, saved_enough.clone()));
        if let Some(places) = places.clone() {
            saving.spawn(places.save_regularly(position_interval, saved_enough.clone()));
        }
        let mut reading = pin!(read(reader, tasks, ends, cancel));
        // Dropped before the tasks and what reads: what they let go of then is not dealt with.
        let closing = custody.closing();
        let read = reading.as_mut().await;
        // The reader has dropped its end, so the others end when all is pushed.
        let written = match timeout(drain_timeout, all(&mut writing)).await {
            Ok(ended) => ended.map_err(Error::Task),
            Err(_) => {
                tracing::warn!("not all that was read could be pushed in time, it waits on disk");
                Ok(())
            }
        };
        drop(closing);
        writing.shutdown().await;
        // A save that is under way must not come after the last.
        saved_enough.cancel();
        saving.join_all().await;
        save(&custody).await.and(written).and(read)
    }
}

/// Waits until all tasks have ended; tells of the first that failed.
async fn all(tasks: &mut JoinSet<()>) -> Result<(), JoinError> {
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}

/// Reads until it is told to end, or a reader fails.
async fn read(
    pods: Reader,
    tasks: Option<volumes::Reader>,
    ends: PodEnds,
    cancel: CancellationToken,
) -> Result<(), Error> {
    let end = cancel.child_token();
    let both = end.clone();
    let tasks = async {
        match tasks {
            Some(tasks) => tasks.run(both).await,
            None => Ok(()),
        }
    };
    let pods = async {
        let read = pods.run(end.clone()).await;
        end.cancel();
        read
    };
    let (pods, tasks, _) = tokio::join!(pods, tasks, end.run_until_cancelled(ends.pass_on()));
    pods.and(tasks)
}

impl PodEnds {
    /// Sends on what is told of pods.
    async fn pass_on(self) {
        let Self { told, queue, progress } = self;
        let Some(mut told) = told else { return };
        while let Some(entry) = told.recv().await {
            progress.note(|status| status.entries_queued += 1);
            let batch = Batch { entries: vec![entry], origins: Origins::default() };
            if queue.send(batch).await.is_err() {
                return;
            }
        }
    }
}

/// Gives each sink what was read, as fast as the slowest takes it.
async fn hand_out(
    mut read: mpsc::Receiver<Delivery>,
    mut tasks: mpsc::Receiver<Batch>,
    inboxes: Vec<mpsc::Sender<Outgoing>>,
    custody: Custody,
) {
    loop {
        let outgoing = tokio::select! {
            Some(Delivery { no, parcel, is_last }) = read.recv() => {
                let Parcel { entries, records, position, .. } = parcel;
                let claim = Claim { no, position, is_last };
                let ticket = Arc::new(custody.ticket(entries.len() as u64, claim));
                Outgoing { entries, records, ticket }
            }
            Some(Batch { entries, origins }) = tasks.recv() => {
                let count = entries.len() as u64;
                let ticket = Arc::new(custody.ticket_of_origins(count, vec![origins]));
                Outgoing { entries, records: count, ticket }
            }
            else => return,
        };
        let Some((last, others)) = inboxes.split_last() else { continue };
        // A sink ends before this only when the whole collector does.
        for inbox in others {
            let _ = inbox.send(outgoing.clone()).await;
        }
        let _ = last.send(outgoing).await;
    }
}

/// A name is that of a folder, and of nobody else's.
fn check_name(endpoint: &Endpoint, all: &[Endpoint]) -> Result<(), Error> {
    let name = &endpoint.name;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let count = all.iter().filter(|other| other.name == *name).count();
    if count > 1 || name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::EndpointName { name: name.clone() });
    }
    Ok(())
}

impl Handle {
    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Waits until all that is on disk now has been delivered or put aside. `None` when the
    /// collector ended before that.
    pub async fn drained(&mut self) -> Option<Status> {
        // The round that is under way may have passed by what was written last.
        let (scans, rounds) = (self.status().scans + 2, self.status().task_rounds + 2);
        let reads_tasks = self.reads_tasks;
        let is_looked = |status: &Status| {
            status.scans >= scans && (!reads_tasks || status.task_rounds >= rounds)
        };
        let drained = |status: &Status| is_looked(status) && status.is_drained();
        self.status.wait_for(drained).await.ok().map(|status| *status)
    }
}

/// Writes positions to disk until it is told to end. Where that fails, lines go on being sent; a
/// restart sends again what it finds no position of, and the store drops it.
pub async fn save_regularly(custody: Custody, every: Duration, cancel: CancellationToken) {
    let mut tick = interval(every);
    while cancel.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = save(&custody).await {
            tracing::error!(error = %Chain(&error), "the positions cannot be kept");
        }
    }
}

/// Writes positions to disk, if they have changed.
pub async fn save(custody: &Custody) -> Result<(), Error> {
    let custody = custody.clone();
    spawn_blocking(move || custody.save()).await.map_err(Error::Task)?
}
