//! One endpoint of `prometheus.remote_write`: batches of samples, sent, sent again, or dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Clock;
use reqwest::StatusCode;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::component::prometheus_remote_write::Remote;
use crate::error::Chain;
use crate::limits::REASON_CHARS_MAX;
use crate::prometheus::{RemoteMetrics, RemoteWriteMetrics, Sample, encode};
use crate::run::details::Details;
use crate::run::samples_waiting::{Due, SamplesWaiting};
use crate::run::stats::Stats;
use crate::write::{Backoff, Client, Posted};

/// An endpoint, and what waits for it.
pub struct RemoteEndpoint {
    /// The component that it belongs to.
    pub component: String,
    /// What it is told, and told anew.
    pub told: watch::Receiver<Remote>,
    /// What waits.
    pub waiting: Arc<SamplesWaiting>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of pauses begins.
    pub seed: u64,
    /// What is counted of all.
    pub metrics: RemoteWriteMetrics,
    /// What the component counts.
    pub stats: Arc<Stats>,
    /// What its endpoints tell.
    pub details: Details,
}

/// What becomes of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// The endpoint has it.
    Sent,
    /// It is sent again.
    Again { why: String, after: Option<Duration> },
    /// It is dropped.
    Refused { why: String },
}

/// The way to an endpoint.
struct Way {
    remote: Remote,
    client: Result<Client, String>,
    metrics: RemoteMetrics,
}

impl RemoteEndpoint {
    /// Sends until nothing will come any more.
    pub async fn run(mut self) {
        let mut way = self.way();
        loop {
            let due = Due { count: way.remote.samples_max, after: way.remote.deadline };
            let batch = tokio::select! {
                batch = self.waiting.next(due) => batch,
                changed = self.told.changed() => {
                    if changed.is_err() {
                        // It is told no more and will be closed.
                        std::future::pending::<()>().await;
                    }
                    way = self.way();
                    continue;
                }
            };
            let Some(batch) = batch else { return };
            self.deliver(batch, &mut way).await;
            way.metrics.pending.set(self.pending(0));
        }
    }

    fn way(&mut self) -> Way {
        let remote = self.told.borrow_and_update().clone();
        let endpoint = &remote.endpoint;
        let client = Client::new(endpoint).map_err(|error| Chain(&error).to_string());
        let shown = client.as_ref().map(Client::shown).unwrap_or_default();
        let metrics = self.metrics.of(&self.component, &endpoint.name, &shown);
        Way { client, metrics, remote }
    }

    fn pending(&self, batch: usize) -> i64 {
        i64::try_from(self.waiting.len() + batch).unwrap_or(i64::MAX)
    }

    /// Sends a batch until it is taken or refused; once only when all is to end.
    async fn deliver(&mut self, mut batch: Vec<Sample>, way: &mut Way) {
        let Remote { endpoint, .. } = &way.remote;
        let mut backoff = Backoff::new(endpoint.backoff_min, endpoint.backoff_max, self.seed);
        let mut is_failing = false;
        loop {
            let before = batch.len();
            keep_young(&mut batch, way.remote.age_max, self.clock.now().0 / 1_000_000);
            way.metrics.dropped_old.inc_by((before - batch.len()) as u64);
            self.count_lost(way);
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            way.metrics.pending.set(self.pending(batch.len()));
            let (why, after) = match way.send(&batch).await {
                Fate::Sent => {
                    self.tell(way, "takes samples");
                    return self.stats.send_count(batch.len());
                }
                Fate::Refused { why } => {
                    let name = &way.remote.endpoint.name;
                    tracing::warn!(endpoint = name, count, why, "samples are refused and dropped");
                    way.metrics.failed.inc_by(count);
                    return self.tell(way, &format!("refuses samples: {why}"));
                }
                Fate::Again { why, after } => (why, after),
            };
            if !std::mem::replace(&mut is_failing, true) {
                let name = &way.remote.endpoint.name;
                tracing::warn!(endpoint = name, why, "samples cannot be sent, they wait");
            }
            self.tell(way, &format!("is away: {why}"));
            if self.waiting.is_closed() {
                way.metrics.dropped_end.inc_by(count);
                return;
            }
            way.metrics.retried.inc_by(count);
            self.pause(after.unwrap_or_else(|| backoff.next()), way).await;
        }
    }

    /// Waits for so long, or until something is new.
    async fn pause(&mut self, pause: Duration, way: &mut Way) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.waiting.closed() => {}
            Ok(()) = self.told.changed() => *way = self.way(),
        }
    }

    /// That an endpoint is away is no fault of the agent's, which goes on collecting.
    fn tell(&self, way: &Way, what: &str) {
        let name = &way.remote.endpoint.name;
        self.details.set(&format!("endpoint {name}"), Some(what.to_owned()), &self.stats);
    }

    fn count_lost(&self, way: &Way) {
        let lost = self.waiting.take_lost();
        if lost > 0 {
            let name = &way.remote.endpoint.name;
            tracing::warn!(endpoint = name, lost, "too many samples wait, the oldest are dropped");
            way.metrics.dropped_full.inc_by(lost);
        }
    }
}

impl Way {
    async fn send(&self, batch: &[Sample]) -> Fate {
        let client = match &self.client {
            Ok(client) => client,
            Err(why) => return Fate::Again { why: why.clone(), after: None },
        };
        let body = Bytes::from(encode(batch));
        let bytes = body.len() as u64;
        let fate = match client.post(body).await {
            Ok(posted) => fate(posted, self.remote.retries_429),
            Err(why) => Fate::Again { why, after: None },
        };
        if fate == Fate::Sent {
            self.metrics.samples.inc_by(batch.len() as u64);
            self.metrics.bytes.inc_by(bytes);
            let latest = batch.iter().map(|it| it.time_ms).max().unwrap_or_default();
            self.metrics.sent_until.set(latest as f64 / 1000.0);
        }
        fate
    }
}

/// What an answer means, as the protocol has it: what is wrong with a request does not become right
/// by sending it again.
fn fate(posted: Posted, retries_429: bool) -> Fate {
    let Posted { status, text, after } = posted;
    let said: String = text.chars().take(REASON_CHARS_MAX).collect();
    let why = format!("{status}: {said}");
    match status {
        status if status.is_success() => Fate::Sent,
        StatusCode::TOO_MANY_REQUESTS if retries_429 => Fate::Again { why, after },
        status if status.is_server_error() => Fate::Again { why, after },
        _ => Fate::Refused { why },
    }
}

/// Drops samples that are older than they may be.
fn keep_young(batch: &mut Vec<Sample>, age_max: Duration, now_ms: i64) {
    if !age_max.is_zero() {
        let age_max = i64::try_from(age_max.as_millis()).unwrap_or(i64::MAX);
        batch.retain(|sample| now_ms.saturating_sub(sample.time_ms) <= age_max);
    }
}

#[cfg(test)]
mod tests {
    use model::Labels;

    use super::*;

    #[test]
    fn what_an_answer_means() {
        let check = |status: u16, retries_429, expect: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            let posted = Posted { status, text: "why".to_owned(), after: None };
            let found = match fate(posted, retries_429) {
                Fate::Sent => "sent".to_owned(),
                Fate::Again { why, .. } => format!("again {why}"),
                Fate::Refused { why } => format!("refused {why}"),
            };
            assert_eq!(found, expect);
        };
        check(200, true, "sent");
        check(204, true, "sent");
        check(429, true, "again 429 Too Many Requests: why");
        check(429, false, "refused 429 Too Many Requests: why");
        check(503, true, "again 503 Service Unavailable: why");
        check(400, true, "refused 400 Bad Request: why");
        check(404, true, "refused 404 Not Found: why");
        check(302, true, "refused 302 Found: why");
    }

    #[test]
    fn the_old_are_not_sent() {
        let check = |age_max: u64, expect: &[i64]| {
            let sample = |time_ms| Sample { labels: Labels::default(), value: 0.0, time_ms };
            let mut batch = [1000, 5000, 11_000].map(sample).to_vec();
            keep_young(&mut batch, Duration::from_secs(age_max), 10_000);
            assert_eq!(batch.iter().map(|it| it.time_ms).collect::<Vec<_>>(), expect);
        };
        check(0, &[1000, 5000, 11_000]);
        check(5, &[5000, 11_000]);
    }
}
