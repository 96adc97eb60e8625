//! One sink: parcels become batches, batches wait on disk, and are pushed in their order until the
//! sink has them or they are put aside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{Clock, Stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::custody::Custody;
use crate::error::Chain;
use crate::status::Progress;
use crate::tail::Mark;
use crate::write::batch::{Batch, Parcel};
use crate::write::client::{Answer, Client};
use crate::write::dead_letter::Refused;
use crate::write::divide::Pieces;
use crate::write::metrics::{SinkMetrics, WriteMetrics};
use crate::write::queue::{Front, Queue, Record};
use crate::write::{Backoff, DeadLetters, Endpoint, fit};

/// What a sink is given from outside.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Who answers for what is not delivered yet.
    pub custody: Custody,
    /// The time that refused lines are named after.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted.
    pub metrics: WriteMetrics,
    /// Where it is told how far one has come.
    pub progress: Progress,
}

/// One mark that lines are pushed to, and what waits for it.
#[derive(Debug)]
pub struct Sink {
    endpoint: Endpoint,
    custody: Custody,
    queue: Queue,
    pusher: Pusher,
}

/// What pushes the batches of a queue.
#[derive(Debug)]
struct Pusher {
    /// What its endpoint is called.
    name: String,
    /// The longest pause between two tries, whatever the store asks for.
    pause_max: Duration,
    client: Client,
    backoff: Backoff,
    dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
    metrics: SinkMetrics,
    progress: Progress,
}

impl Sink {
    /// A sink with what an earlier collector left in its queue, and how far the files of that were
    /// read.
    ///
    /// # Errors
    /// When the state folder or the address cannot be used.
    pub fn open(
        endpoint: Endpoint,
        state_folder: &Path,
        around: Surroundings,
    ) -> Result<(Self, Vec<Mark>), Error> {
        let client = Client::new(&endpoint)?;
        let tenant = endpoint.tenant.as_deref().unwrap_or_default();
        let metrics = around.metrics.of(&endpoint.name, client.host(), tenant);
        let dead_letters = state_folder.join("dead-letters").join(&endpoint.name);
        let folder = state_folder.join("queue").join(&endpoint.name);
        let (bytes_max, counted) = (endpoint.queue_bytes_max, metrics.clone());
        let (queue, marks) = Queue::open(folder, bytes_max, &around.custody, counted)?;
        let pusher = Pusher {
            backoff: Backoff::new(endpoint.backoff_min, endpoint.backoff_max, around.seed),
            dead_letters: DeadLetters::open(dead_letters)?,
            name: endpoint.name.clone(),
            pause_max: endpoint.backoff_max.max(endpoint.backoff_min),
            client,
            clock: around.clock,
            metrics,
            progress: around.progress,
        };
        Ok((Self { endpoint, custody: around.custody, queue, pusher }, marks))
    }

    /// Pushes all that comes until nothing more does and nothing waits.
    pub async fn run(self, inbox: mpsc::Receiver<Parcel>) {
        let Self { endpoint, custody, queue, pusher } = self;
        let gather = async {
            fill(&endpoint, &custody, &queue, inbox).await;
            queue.close();
        };
        tokio::join!(gather, pusher.run(&queue));
    }

    /// The same, but once it is told to stop, it ends as soon as all that came is queued, however
    /// much that is: somebody else goes on with the queue, or nobody wants it any more.
    pub async fn run_until(self, inbox: mpsc::Receiver<Parcel>, stop: CancellationToken) {
        let Self { endpoint, custody, queue, pusher } = self;
        let gathered = CancellationToken::new();
        let gather = async {
            fill(&endpoint, &custody, &queue, inbox).await;
            queue.close();
            gathered.cancel();
        };
        let stopped = async {
            stop.cancelled().await;
            queue.widen();
            gathered.cancelled().await;
        };
        tokio::select! {
            _ = async { tokio::join!(gather, pusher.run(&queue)) } => {}
            () = stopped => {}
        }
    }
}

impl Pusher {
    async fn run(mut self, queue: &Queue) {
        while let Some(front) = queue.front().await {
            let number = front.number;
            if front.entries > 0 {
                self.deliver(front).await;
            }
            queue.done(number).await;
        }
    }

    /// Pushes a batch until the sink has it, or what it refuses of it is put aside.
    async fn deliver(&mut self, front: Front) {
        let Front { entries, records, body, .. } = front;
        match self.push(&body, entries).await {
            Ok(()) => {
                self.progress.note(|status| status.physical_lines_acked += records);
            }
            Err(refusal) => self.divide(&body, entries, &refusal).await,
        }
    }

    /// Pushes a body until it is acknowledged or refused.
    async fn push(&mut self, body: &Bytes, entries: u64) -> Result<(), Refusal> {
        loop {
            self.progress.note(|status| status.entries_sent += entries);
            match self.client.push(body.clone()).await {
                Answer::Acknowledged => {
                    self.backoff.reset();
                    self.metrics.sent_entries.inc_by(entries);
                    self.metrics.sent_bytes.inc_by(body.len() as u64);
                    self.progress.note(|status| status.entries_acked += entries);
                    return Ok(());
                }
                Answer::Later { reason, after } => {
                    let pause = self.backoff.next().max(after.unwrap_or_default());
                    let endpoint = &self.name;
                    tracing::warn!(endpoint, %reason, ?pause, "a push failed and is tried again");
                    self.wait(pause).await;
                }
                Answer::Refused { status, reason } => return Err(Refusal { status, reason }),
            }
        }
    }

    /// Pushes a refused batch in pieces, and puts those aside that are at fault. One that cannot be
    /// taken apart is put aside as it is.
    async fn divide(&mut self, body: &Bytes, entries: u64, refusal: &Refusal) {
        // It is our own, and was built within the bounds of a batch.
        let most = usize::MAX;
        let limits = loki::push::PushLimits {
            max_recv_msg_size: most,
            max_decompressed_size: most,
            max_elements: most,
        };
        let kind = Some(loki::push::CONTENT_TYPE);
        let streams = match loki::push::decode(kind, None, body, &limits) {
            Ok(streams) => streams,
            Err(error) => {
                let Refusal { status, reason } = refusal;
                let reason = format!("{reason}; it cannot be taken apart: {}", Chain(&error));
                let refusal = Refusal { status: *status, reason };
                return self.put_aside(Refused::Body(body), entries, &refusal).await;
            }
        };
        let Some((streams, refusal)) = self.push_fitted(streams, refusal).await else { return };
        let mut pieces = Pieces::default();
        // The whole was refused already.
        if let Some(piece) = pieces.refuse(streams) {
            self.put_aside(Refused::Streams(&piece), count(&piece), &refusal).await;
        }
        while let Some(piece) = pieces.pop() {
            let count = count(&piece);
            let body = Bytes::from(loki::push::encode(&piece));
            let Err(refusal) = self.push(&body, count).await else { continue };
            if let Some(piece) = pieces.refuse(piece) {
                self.put_aside(Refused::Streams(&piece), count, &refusal).await;
            }
        }
    }

    /// Pushes what was refused for its size once more, made to fit. What is refused still is given
    /// back.
    async fn push_fitted(
        &mut self,
        streams: Vec<Stream>,
        refusal: &Refusal,
    ) -> Option<(Vec<Stream>, Refusal)> {
        let fitted = fit::is_about_size(&refusal.reason).then(|| fit::fit(&streams)).flatten();
        let Some(fitted) = fitted else { return Some((streams, refusal.clone())) };
        tracing::debug!(reason = refusal.reason, "what was refused for its size is made to fit");
        let body = Bytes::from(loki::push::encode(&fitted));
        let refusal = self.push(&body, count(&fitted)).await.err()?;
        Some((fitted, refusal))
    }

    /// Keeps refused entries on disk, with the reason. Where that fails, it is tried until it does
    /// not: nothing is thrown away.
    async fn put_aside(&mut self, refused: Refused<'_>, entries: u64, refusal: &Refusal) {
        let Refusal { status, reason } = refusal;
        loop {
            match self.dead_letters.keep(refused, *status, reason, &*self.clock) {
                Ok(path) => {
                    tracing::error!(
                        endpoint = self.name, entries, reason, path = %path.display(),
                        "the store refused lines, which are put aside; mend the cause and send it",
                    );
                    self.metrics.dropped_entries.inc_by(entries);
                    self.progress.note(|status| status.entries_refused += entries);
                    return;
                }
                Err(error) => {
                    let pause = self.backoff.next();
                    tracing::error!(
                        endpoint = self.name, reason, %error, ?pause,
                        "the store refused lines that cannot be put aside; it is tried again",
                    );
                    self.wait(pause).await;
                }
            }
        }
    }

    async fn wait(&self, pause: Duration) {
        self.metrics.batch_retries.inc();
        sleep(pause.min(self.pause_max)).await;
    }
}

/// Why a sink will never take something.
#[derive(Debug, Clone)]
struct Refusal {
    status: u16,
    reason: String,
}

fn count(streams: &[Stream]) -> u64 {
    streams.iter().map(|stream| stream.entries.len() as u64).sum()
}

/// Makes batches of parcels and queues them, until no more come.
async fn fill(
    endpoint: &Endpoint,
    custody: &Custody,
    queue: &Queue,
    mut inbox: mpsc::Receiver<Parcel>,
) {
    let mut encoder = loki::push::Encoder::default();
    while let Some(batch) = gather(endpoint, &mut inbox).await {
        if batch.entries() == 0 {
            queue.push_empty(batch.into_tickets());
            continue;
        }
        let record = Record {
            entries: batch.entries(),
            records: batch.records(),
            marks: custody.marks(batch.tickets()),
            body: Bytes::from(encoder.encode(batch.streams())),
        };
        queue.push(record, batch.into_tickets()).await;
    }
}

/// The next batch: as much as comes until it is large or old enough. `None` at the end.
async fn gather(endpoint: &Endpoint, inbox: &mut mpsc::Receiver<Parcel>) -> Option<Batch> {
    let mut batch = Batch::default();
    batch.add(inbox.recv().await?);
    let deadline = Instant::now() + endpoint.batch_wait;
    while batch.bytes() < endpoint.batch_bytes {
        match timeout_at(deadline, inbox.recv()).await {
            Ok(Some(parcel)) => batch.add(parcel),
            Ok(None) | Err(_) => break,
        }
    }
    Some(batch)
}
