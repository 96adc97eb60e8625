//! When files are looked for, looked at and read.

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::limits::{HINT_PAUSE, HOUSEKEEPING_INTERVAL};
use crate::tail::opener::Opener;
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
        let opener = Opener::start(config.pods_folder.clone());
        let tailer = Tailer::new(config.clone(), around, watcher, opener);
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
        let mut opened = Box::pin(tailer.bell());
        loop {
            let hints = async {
                sleep_until(next_hints).await;
                watch.changed().await
            };
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                hints = hints => {
                    let room = queue.capacity();
                    let follow = move |it: &mut Tailer| {
                        let now = Instant::now();
                        it.follow(&hints, now).map(|()| it.read(room, now))
                    };
                    let read;
                    (tailer, read) = blocking(tailer, follow).await?;
                    if !send(&queue, read?).await {
                        return Ok(());
                    }
                    next_hints = Instant::now() + HINT_PAUSE;
                }
                () = &mut opened => {
                    let room = queue.capacity();
                    let take = move |it: &mut Tailer| {
                        let now = Instant::now();
                        it.take_held(now);
                        it.read(room, now)
                    };
                    let read;
                    (tailer, read) = blocking(tailer, take).await?;
                    if !send(&queue, read).await {
                        return Ok(());
                    }
                    opened.set(tailer.bell());
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
                    let room = 1 + queue.capacity();
                    let read = move |it: &mut Tailer| it.read(room, Instant::now());
                    let deliveries;
                    (tailer, deliveries) = blocking(tailer, read).await?;
                    drop(permit);
                    if !send(&queue, deliveries).await {
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

/// Does what blocks on the disk where it may. Each time costs two changes of threads, which is most
/// of what a quiet node costs; so what comes next is done at once with it.
pub async fn blocking<S: Send + 'static, T: Send + 'static>(
    mut state: S,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<(S, T), Error> {
    let done = spawn_blocking(move || {
        let result = work(&mut state);
        (state, result)
    });
    done.await.map_err(Error::Task)
}
