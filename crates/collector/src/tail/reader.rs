//! When files are looked for, looked at and read.

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::limits::HOUSEKEEPING_INTERVAL;
use crate::tail::opener::Opener;
use crate::tail::tailer::{Delivery, Surroundings, Tailer};
use crate::tail::watch::watch;
use crate::{Config, Error};

/// Reads all files into a queue, as fast as there is room in it.
#[derive(Debug)]
pub struct Reader {
    config: Config,
    around: Surroundings,
    queue: mpsc::Sender<Delivery>,
}

impl Reader {
    /// A reader of the files under the pods folder.
    pub fn new(config: Config, around: Surroundings, queue: mpsc::Sender<Delivery>) -> Self {
        Self { config, around, queue }
    }

    /// Reads until it is told to end, or nobody takes from the queue any more.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        on_own_thread(cancel, |cancel| self.read(cancel)).await
    }

    async fn read(self, cancel: CancellationToken) -> Result<(), Error> {
        let Self { config, around, queue } = self;
        let (mut watch, watcher) = watch();
        let opener = Opener::start(config.pods_folder.clone());
        let mut tailer = Tailer::new(config.clone(), around, watcher, opener);
        let mut poll = interval(config.poll_interval);
        let mut housekeeping = interval(HOUSEKEEPING_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_hints = Instant::now();
        let mut opened = Box::pin(tailer.bell());
        loop {
            let hints = async {
                sleep_until(next_hints).await;
                watch.changed().await
            };
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                hints = hints => {
                    let now = Instant::now();
                    tailer.follow(&hints, now)?;
                    if !send(&queue, tailer.read(queue.capacity(), now)).await {
                        return Ok(());
                    }
                    next_hints = Instant::now() + hints.pause();
                }
                () = &mut opened => {
                    let now = Instant::now();
                    tailer.take_held(now);
                    if !send(&queue, tailer.read(queue.capacity(), now)).await {
                        return Ok(());
                    }
                    opened.set(tailer.bell());
                }
                _ = poll.tick() => tailer.scan(Instant::now())?,
                _ = housekeeping.tick() => tailer.refresh(Instant::now()),
                permit = queue.reserve(), if tailer.has_work() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    drop(permit);
                    if !send(&queue, tailer.read(queue.capacity(), Instant::now())).await {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Sends what was read, for which there was room: nobody else sends. Tells whether somebody takes
/// it.
pub async fn send<T>(queue: &mpsc::Sender<T>, read: Vec<T>) -> bool {
    for part in read {
        if queue.send(part).await.is_err() {
            return false;
        }
    }
    true
}

/// Runs what may block on the disk on a thread of its own, which also waits for the files' events:
/// what comes of a file is read without a change of threads, and those are most of what a quiet
/// node costs. It ends with the call, even with one that is dropped.
pub async fn on_own_thread<F>(
    cancel: CancellationToken,
    reads: impl FnOnce(CancellationToken) -> F + Send + 'static,
) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::Thread)?;
    let cancel = cancel.child_token();
    let _ended = cancel.clone().drop_guard();
    spawn_blocking(move || runtime.block_on(reads(cancel))).await.map_err(Error::Task)?
}
