//! The log of one container, read from the Kubernetes API: asked for, followed, asked for again
//! where it broke off, until its pod is gone.

use std::sync::Arc;
use std::time::Duration;

use ::stage::Entry;
use futures::{AsyncBufRead, AsyncBufReadExt};
use kube::Client;
use model::{Labels, Timestamp, limits};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::component::{Batch, To};
use crate::error::Chain;
use crate::kubernetes::log::{LogOf, Part, open};
use crate::limits::{API_ANSWER_MAX, API_OVER_MAX, API_TURN, CRI_HEADER_BYTES_MAX};
use crate::metrics::Metrics;
use crate::run::flow;
use crate::run::kept::Place;
use crate::run::ledger::Ledger;
use crate::run::pod_logs::{Container, Turns};
use crate::run::seen::{Again, Seen};
use crate::run::stats::Stats;
use crate::stage::{Splitter, stray};
use crate::stamped::stamped;
use crate::write::Backoff;

/// What is told about a log, and told anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The label sets that its lines get.
    pub labels: Vec<Labels>,
    /// Where they go.
    pub forward_to: Vec<To>,
    /// What it is told by Kubernetes that its container is; where that changes, it is asked for at
    /// once.
    pub state: String,
    /// Whether its pod has ended and begins no container again.
    pub is_finished: bool,
    /// Since when nobody wants it any more: it is read to its end.
    pub over_since: Option<Instant>,
}

/// A log, and how far it is read.
pub struct PodLog {
    /// Whose it is.
    pub container: Container,
    /// What is told about it.
    pub told: watch::Receiver<Told>,
    /// Reaches the API.
    pub client: Client,
    /// Keeps how far it is dealt with.
    pub ledger: Arc<Ledger<Place<Seen>>>,
    /// How far it was read.
    pub seen: Seen,
    /// Lets so many be read at the same time.
    pub turns: Turns,
    /// The pauses between requests.
    pub backoff: Backoff,
    /// What is counted.
    pub metrics: Metrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// Ends it at once.
    pub cancel: CancellationToken,
    /// The last line, if it came without its newline: it may be a part of one.
    pub rest: Option<Vec<u8>>,
    /// Whether the last request did not work.
    pub is_failing: bool,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// At the end of the log.
    Complete,
    /// Its pod or container is not there.
    Absent,
    /// It broke off, or was refused.
    Broken,
    /// Others want a turn.
    Yielded,
    /// Nobody wants it any more, or all is to end.
    Cancelled,
}

impl PodLog {
    /// Reads it until its pod is gone and nobody wants it any more, or it is told to end.
    pub async fn run(mut self) {
        loop {
            let cancel = self.cancel.clone();
            let Some(turn) = cancel.run_until_cancelled(self.turns.take()).await else { return };
            self.told.mark_unchanged();
            let before = self.seen.clone();
            let ended = self.read().await;
            drop(turn);
            if self.seen != before {
                self.backoff.reset();
            }
            match ended {
                Ended::Cancelled => return,
                Ended::Yielded => continue,
                Ended::Absent if self.is_over() => return self.end().await,
                Ended::Complete if self.rest.is_none() && self.is_over() => {
                    return self.end().await;
                }
                _ => {}
            }
            let is_asleep =
                ended == Ended::Complete && self.rest.is_none() && self.told.borrow().is_finished;
            let pause = if is_asleep { Duration::MAX } else { self.backoff.next() };
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = self.told.changed() => if changed.is_err() { return },
                () = sleep(pause) => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        self.told.borrow().over_since.is_some()
    }

    /// Nothing more will come.
    async fn end(&mut self) {
        if let Some(rest) = self.rest.take() {
            let mut again = self.seen.again();
            let mut lines = Vec::new();
            self.line((&rest, 0), &mut again, &mut lines);
            self.send(lines).await;
        }
        drop(self.ledger.begin(None));
    }

    /// Reads what there is. A container that began anew has left the end of its log in that of the
    /// previous one.
    async fn read(&mut self) -> Ended {
        let mut again = self.seen.again();
        let since = self.seen.since();
        if !self.seen.is_empty() {
            let part = Part { is_previous: true, since };
            // What comes after the lines of the previous one must not be read before them.
            let ended = self.request(part, &mut again).await;
            if ![Ended::Complete, Ended::Absent].contains(&ended) {
                return ended;
            }
        }
        self.request(Part { is_previous: false, since }, &mut again).await
    }

    async fn request(&mut self, part: Part, again: &mut Again) -> Ended {
        let Container { namespace, pod, container } = self.container.clone();
        let of = LogOf { namespace: &namespace, pod: &pod, container: &container };
        let opened = timeout(API_ANSWER_MAX, open(&self.client, of, part));
        let cancel = self.cancel.clone();
        let Some(opened) = cancel.run_until_cancelled(opened).await else {
            return Ended::Cancelled;
        };
        match opened {
            Ok(Ok(log)) => self.follow(log, part, again).await,
            Ok(Err(kube::Error::Api(status))) if is_absent(status.code, part) => {
                tracing::debug!(%namespace, %pod, %container, why = status.message, "no log yet");
                Ended::Absent
            }
            Ok(Err(error)) => self.broken(&Chain(&error).to_string()),
            Err(_) => self.broken("the Kubernetes API is silent"),
        }
    }

    fn broken(&mut self, why: &str) -> Ended {
        let Container { namespace, pod, container } = &self.container;
        let problem = format!("the log of {namespace}/{pod}:{container} is not told: {why}");
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(problem, "it is asked for again");
        } else {
            tracing::warn!(problem, "it is asked for again");
        }
        self.stats.note(Some(problem));
        Ended::Broken
    }

    async fn follow(
        &mut self,
        mut log: impl AsyncBufRead + Unpin + Send,
        part: Part,
        again: &mut Again,
    ) -> Ended {
        let bytes_max = limits::MAX_LINE_SIZE + CRI_HEADER_BYTES_MAX;
        let mut splitter = Splitter::new(0, bytes_max);
        let mut turn_ends = Instant::now() + API_TURN;
        loop {
            let cancel = self.cancel.clone();
            let over_at = self.told.borrow().over_since.map(|since| since + API_OVER_MAX);
            let mut lines = Vec::new();
            let read = tokio::select! {
                () = cancel.cancelled() => return Ended::Cancelled,
                changed = self.told.changed() => {
                    if changed.is_err() {
                        return Ended::Cancelled;
                    }
                    continue;
                }
                () = until(over_at) => return Ended::Absent,
                () = sleep_until(turn_ends) => {
                    if self.turns.is_wanted() && !part.is_previous {
                        return Ended::Yielded;
                    }
                    turn_ends += API_TURN;
                    continue;
                }
                read = log.fill_buf() => read,
            };
            let count = match read {
                Ok(bytes) => {
                    splitter.feed(bytes, |line| {
                        self.line((&line.bytes, line.cut), again, &mut lines);
                    });
                    bytes.len()
                }
                Err(error) => return self.broken(&error.to_string()),
            };
            if count == 0 {
                let rest = splitter.finish().map(|line| line.bytes.into_owned());
                self.is_failing = false;
                self.at_end(rest, part, again, &mut lines);
                self.send(lines).await;
                return Ended::Complete;
            }
            log.consume_unpin(count);
            self.send(lines).await;
        }
    }

    /// A log is at its end. A last line without its newline may be a part of one that comes later:
    /// it counts when it is the same the next time, or its container is known to have ended.
    fn at_end(
        &mut self,
        rest: Option<Vec<u8>>,
        part: Part,
        again: &mut Again,
        lines: &mut Vec<(Timestamp, String)>,
    ) {
        if part.is_previous {
            if let Some(rest) = rest {
                self.line((&rest, 0), again, lines);
            }
            return;
        }
        let known = std::mem::replace(&mut self.rest, rest);
        if known.is_some() && known == self.rest {
            self.rest = None;
            self.line((&known.unwrap_or_default(), 0), again, lines);
        }
    }

    /// Takes a line, if it is new.
    fn line(
        &mut self,
        (bytes, cut): (&[u8], u64),
        again: &mut Again,
        out: &mut Vec<(Timestamp, String)>,
    ) {
        let Some((time, text)) = stamped(bytes) else {
            // What a kubelet says of a log instead of telling it.
            let said = String::from_utf8_lossy(bytes).into_owned();
            tracing::warn!(said, "a line of a log has no time and is left out");
            self.stats.note(Some(said));
            return;
        };
        if self.seen.is_new(again, time, text) {
            out.push((time, stray(text, cut, 0, time, limits::MAX_LINE_SIZE).text));
        }
    }

    async fn send(&mut self, lines: Vec<(Timestamp, String)>) {
        if lines.is_empty() {
            return;
        }
        self.metrics.api_lines.inc_by(lines.len() as u64);
        let origins = self.ledger.begin(Some(self.seen.clone()));
        let told = self.told.borrow().clone();
        let mut batch = Batch::with_capacity(lines.len() * told.labels.len());
        for (time, text) in lines {
            for labels in &told.labels {
                let mut entry = Entry::new(labels.clone(), time, text.clone());
                entry.origins = origins.clone();
                batch.push(entry);
            }
        }
        drop(origins);
        self.stats.note(None);
        self.stats.send(&batch);
        flow::send(&told.forward_to, batch).await;
    }
}

/// Whether an answer says that there is no such log. A kubelet that has removed that of a previous
/// container says so in this way or that.
fn is_absent(code: u16, part: Part) -> bool {
    [400, 404].contains(&code) || part.is_previous && code == 500
}

/// Waits until then; for ever where nothing is said.
pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
