//! When files are looked for, looked at and read.

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::limits::{HINT_PAUSE, HOUSEKEEPING_INTERVAL};
use crate::tail::tailer::{Delivery, Surroundings, Tailer};
use crate::tail::watch::{Watch, watch};
use crate::{Config, Error};

/// Reads all files into a queue, as fast as there is room in it.
#[derive(Debug)]
pub struct Reader {
    config: Config,
    tailer: Tailer,
    watch: Watch,
    queue: mpsc::Sender<Delivery>,
}

impl Reader {
    /// A reader of the files under the pods folder. Needs a runtime: it waits for inotify.
    pub fn new(config: Config, around: Surroundings, queue: mpsc::Sender<Delivery>) -> Self {
        let (watch, watcher) = watch();
        let tailer = Tailer::new(config.clone(), around, watcher);
        Self { config, tailer, watch, queue }
    }

    /// Reads until it is told to end, or nobody takes from the queue any more.
    ///
    /// # Errors
    /// When the pods folder is there and cannot be read.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        let Self { config, mut tailer, mut watch, queue } = self;
        let mut poll = interval(config.poll_interval);
        let mut housekeeping = interval(HOUSEKEEPING_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_hints = Instant::now();
        loop {
            let hints = async {
                sleep_until(next_hints).await;
                watch.changed().await
            };
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                hints = hints => {
                    let follow = move |it: &mut Tailer| it.follow(&hints, Instant::now());
                    let result;
                    (tailer, result) = blocking(tailer, follow).await?;
                    result?;
                    next_hints = Instant::now() + HINT_PAUSE;
                }
                _ = poll.tick() => {
                    let result;
                    (tailer, result) = blocking(tailer, |it| it.scan(Instant::now())).await?;
                    result?;
                }
                _ = housekeeping.tick() => {
                    (tailer, ()) = blocking(tailer, |it| it.refresh(Instant::now())).await?;
                }
                permit = queue.reserve(), if tailer.has_work() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    let next;
                    (tailer, next) = blocking(tailer, |it| it.next(Instant::now())).await?;
                    if let Some(delivery) = next {
                        permit.send(delivery);
                    }
                }
            }
        }
    }
}

/// Does what blocks on the disk where it may.
async fn blocking<T: Send + 'static>(
    mut tailer: Tailer,
    work: impl FnOnce(&mut Tailer) -> T + Send + 'static,
) -> Result<(Tailer, T), Error> {
    let done = spawn_blocking(move || {
        let result = work(&mut tailer);
        (tailer, result)
    });
    done.await.map_err(Error::Task)
}
