//! How much a tenant and its streams may push: token buckets and a count of streams.
//!
//! Nothing is remembered of a tenant without such limits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loki::push::{Reason, Rejection};
use model::{Stream, StreamId, TenantId, Timestamp};

use crate::config::Limits;

const MB: f64 = 1024.0 * 1024.0;
/// A stream that is not pushed to for so long is not counted (Loki's `chunk_idle_period`).
const STREAM_IDLE: Duration = Duration::from_secs(30 * 60);
/// Streams that are remembered; beyond, all are forgotten, and more is let in than should be.
const STREAMS_MAX: usize = 1_000_000;

/// What was pushed lately.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    tenants: HashMap<TenantId, Bucket>,
    streams: HashMap<TenantId, HashMap<StreamId, Recent>>,
}

/// A stream that was pushed to.
#[derive(Debug, Clone, Copy)]
struct Recent {
    bucket: Bucket,
    last: Timestamp,
}

/// Fills up with time, at most to the burst.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// A part of a push that comes too fast.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TooFast {
    pub(crate) rejection: Rejection,
    /// When it would be let in.
    pub(crate) retry_after: Duration,
}

impl Rates {
    /// Takes out of a push what its tenant or its streams may not send now. A tenant's rate is for
    /// the push as a whole.
    pub(crate) fn sift(
        &self,
        tenant: &TenantId,
        streams: &mut Vec<Stream>,
        limits: &Limits,
        now: Timestamp,
    ) -> Vec<TooFast> {
        let whole = self.check_tenant(tenant, streams, limits, now);
        if let Some(refused) = whole {
            streams.clear();
            return vec![refused];
        }
        if limits.max_global_streams_per_user == 0 && limits.per_stream_rate_limit == 0 {
            return Vec::new();
        }
        let mut state = self.lock();
        let known = state.streams.entry(tenant.clone()).or_default();
        if known.len() > STREAMS_MAX {
            known.clear();
        }
        let mut refused = Vec::new();
        streams.retain(|stream| {
            let checked = check_stream(known, tenant, stream, limits, now);
            refused.extend(checked.as_ref().err().cloned());
            checked.is_ok()
        });
        refused
    }

    fn check_tenant(
        &self,
        tenant: &TenantId,
        streams: &[Stream],
        limits: &Limits,
        now: Timestamp,
    ) -> Option<TooFast> {
        let (rate, burst) = (limits.ingestion_rate_mb * MB, limits.ingestion_burst_size_mb * MB);
        if rate <= 0.0 || streams.is_empty() {
            return None;
        }
        let (entries, bytes) = streams
            .iter()
            .map(size)
            .fold((0, 0), |(e, b), (entries, bytes)| (e + entries, b + bytes));
        let mut state = self.lock();
        let full = Bucket { tokens: burst, at: now };
        let bucket = state.tenants.entry(tenant.clone()).or_insert(full);
        let retry_after = bucket.take(bytes as f64, rate, burst, now).err()?;
        let text = format!(
            "Ingestion rate limit exceeded for user {tenant} (limit: {} bytes/sec) while attempting \
             to ingest '{entries}' lines totaling '{bytes}' bytes, reduce log volume or contact \
             your Loki administrator to see if the limit can be increased",
            rate as u64
        );
        let rejection = Rejection { reason: Reason::RateLimited, text, entries, bytes };
        Some(TooFast { rejection, retry_after })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_stream(
    known: &mut HashMap<StreamId, Recent>,
    tenant: &TenantId,
    stream: &Stream,
    limits: &Limits,
    now: Timestamp,
) -> Result<(), TooFast> {
    let (id, (entries, bytes)) = (stream.labels.stream_id(), size(stream));
    let max = limits.max_global_streams_per_user;
    if max > 0 && !known.contains_key(&id) && known.len() >= max {
        known.retain(|_, recent| now.since(recent.last) < STREAM_IDLE);
        if known.len() >= max {
            let text = format!(
                "Maximum active stream limit exceeded when trying to create stream {}, reduce the \
                 number of active streams (reduce labels or reduce label values), or contact your \
                 Loki administrator to see if the limit can be increased, user: '{tenant}'",
                stream.labels
            );
            let rejection = Rejection { reason: Reason::StreamLimit, text, entries, bytes };
            return Err(TooFast { rejection, retry_after: STREAM_IDLE });
        }
    }
    let burst = limits.per_stream_rate_limit_burst as f64;
    let full = Recent { bucket: Bucket { tokens: burst, at: now }, last: now };
    let recent = known.entry(id).or_insert(full);
    recent.last = now;
    if limits.per_stream_rate_limit == 0 {
        return Ok(());
    }
    let rate = limits.per_stream_rate_limit as f64;
    let taken = recent.bucket.take(bytes as f64, rate, burst, now);
    taken.map_err(|retry_after| {
        let text = format!(
            "Per stream rate limit exceeded (limit: {}B/sec) while attempting to ingest for stream \
             '{}' totaling {bytes}B, consider splitting a stream via additional labels or contact \
             your Loki administrator to see if the limit can be increased",
            limits.per_stream_rate_limit, stream.labels
        );
        let rejection = Rejection { reason: Reason::PerStreamRateLimit, text, entries, bytes };
        TooFast { rejection, retry_after }
    })
}

/// Entries, and bytes of their lines.
fn size(stream: &Stream) -> (usize, usize) {
    (stream.entries.len(), stream.entries.iter().map(|entry| entry.line.len()).sum())
}

impl Bucket {
    /// Takes tokens, or says when they will be there. More than the burst never are; such a push
    /// is let in once the bucket is full, because it cannot be cut.
    fn take(&mut self, tokens: f64, rate: f64, burst: f64, now: Timestamp) -> Result<(), Duration> {
        let filled = now.since(self.at).as_secs_f64() * rate;
        self.tokens = (self.tokens + filled).min(burst);
        self.at = self.at.max(now);
        let needed = tokens.min(burst);
        if self.tokens >= needed {
            self.tokens -= tokens;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((needed - self.tokens) / rate).unwrap_or(STREAM_IDLE))
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Labels};

    use super::*;

    fn stream(app: &str, bytes: usize) -> Stream {
        let entries = vec![Entry::new(Timestamp(0), "x".repeat(bytes))];
        Stream { labels: Labels::new([("app", app)]), entries }
    }

    /// Pushes streams of these sizes; returns what is let in, and the reasons of what is not.
    #[track_caller]
    fn check(
        rates: &Rates,
        limits: &Limits,
        second: i64,
        push: &[(&str, usize)],
        expect: &[&str],
        refused: &[&str],
    ) {
        let mut streams: Vec<_> = push.iter().map(|(app, bytes)| stream(app, *bytes)).collect();
        let now = Timestamp::from_secs(second);
        let found = rates.sift(&TenantId::default(), &mut streams, limits, now);
        let left: Vec<_> = streams.iter().filter_map(|s| s.labels.get("app")).collect();
        let reasons: Vec<_> = found.iter().map(|f| f.rejection.reason.as_str()).collect();
        assert_eq!((left, reasons), (expect.to_vec(), refused.to_vec()), "at {second} s");
    }

    #[test]
    fn a_tenant_s_rate_is_for_the_whole_push() {
        let limits = Limits {
            ingestion_rate_mb: 100.0 / MB,
            ingestion_burst_size_mb: 150.0 / MB,
            ..Limits::default()
        };
        let rates = Rates::default();
        check(&rates, &limits, 0, &[("a", 100), ("b", 50)], &["a", "b"], &[]);
        check(&rates, &limits, 0, &[("a", 1), ("b", 1)], &[], &["rate_limited"]);
        check(&rates, &limits, 1, &[("a", 101)], &[], &["rate_limited"]);
        check(&rates, &limits, 1, &[("a", 100)], &["a"], &[]);
        // More than the burst goes in when the bucket is full, and is paid for afterwards.
        check(&rates, &limits, 9, &[("a", 250)], &["a"], &[]);
        check(&rates, &limits, 10, &[("a", 1)], &[], &["rate_limited"]);
    }

    #[test]
    fn a_stream_s_rate_leaves_the_others_alone() {
        let limits = Limits {
            per_stream_rate_limit: 10,
            per_stream_rate_limit_burst: 20,
            ..Limits::default()
        };
        let rates = Rates::default();
        check(&rates, &limits, 0, &[("a", 20), ("b", 5)], &["a", "b"], &[]);
        check(&rates, &limits, 0, &[("a", 5), ("b", 5)], &["b"], &["per_stream_rate_limit"]);
        check(&rates, &limits, 1, &[("a", 10)], &["a"], &[]);
    }

    #[test]
    fn streams_are_counted_until_they_are_idle() {
        let limits = Limits { max_global_streams_per_user: 1, ..Limits::default() };
        let rates = Rates::default();
        check(&rates, &limits, 0, &[("a", 1), ("b", 1)], &["a"], &["stream_limit"]);
        check(&rates, &limits, 60, &[("a", 1)], &["a"], &[]);
        check(&rates, &limits, 1800, &[("b", 1)], &[], &["stream_limit"]);
        check(&rates, &limits, 1860, &[("b", 1)], &["b"], &[]);
    }
}
