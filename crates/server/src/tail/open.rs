//! The tails that are open: how many a tenant has, and the word that ends them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use model::TenantId;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::metrics::Metrics;
use crate::refusal::Refusal;

/// All open tails of a server.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    counts: Mutex<HashMap<TenantId, usize>>,
    stop: CancellationToken,
    all: TaskTracker,
}

/// The right to tail, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    tails: Arc<Tails>,
    tenant: TenantId,
    metrics: Metrics,
    _counted: TaskTrackerToken,
}

impl Tails {
    /// Lets a tail in, unless its tenant has as many as it may; zero is no limit.
    pub(crate) fn enter(
        self: &Arc<Self>,
        tenant: &TenantId,
        max: usize,
        metrics: &Metrics,
    ) -> Result<Slot, Refusal> {
        let mut counts = self.counts();
        let count = counts.entry(tenant.clone()).or_default();
        if max > 0 && *count >= max {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "max concurrent tail requests limit exceeded, count > limit ({} > {max}); end \
                     a tail, or raise `limits_config.max_concurrent_tail_requests`",
                    *count + 1
                ),
            ));
        }
        *count += 1;
        metrics.tail_began(tenant);
        let (tails, metrics) = (Arc::clone(self), metrics.clone());
        Ok(Slot { tails, tenant: tenant.clone(), metrics, _counted: self.all.token() })
    }

    /// Tells all tails to end, also those that are yet to begin.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
        self.all.close();
    }

    /// Waits until all have ended.
    pub(crate) async fn ended(&self) {
        self.all.wait().await;
    }

    fn leave(&self, tenant: &TenantId) {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(tenant) {
            *count -= 1;
            if *count == 0 {
                counts.remove(tenant);
            }
        }
    }

    /// A count is changed by one statement, so a panic elsewhere leaves it right.
    fn counts(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Completes when the server stops.
    pub(crate) fn stopped(&self) -> WaitForCancellationFuture<'_> {
        self.tails.stop.cancelled()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.tails.leave(&self.tenant);
        self.metrics.tail_ended(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn a_tenant_has_as_many_as_it_may() {
        let (tails, metrics) = (Arc::new(Tails::default()), Metrics::new(&mut Registry::default()));
        let enter = |tenant: &str, max| tails.enter(&TenantId::new(tenant).unwrap(), max, &metrics);
        let first = enter("a", 2).unwrap();
        let _second = enter("a", 2).unwrap();
        let _other = enter("b", 2).unwrap();
        let refusal = enter("a", 2).unwrap_err();
        assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
        let text = "max concurrent tail requests limit exceeded, count > limit (3 > 2)";
        assert!(refusal.text().starts_with(text), "{}", refusal.text());
        drop(first);
        let _again = enter("a", 2).unwrap();
        let _without_limit = enter("a", 0).unwrap();
    }

    #[tokio::test]
    async fn a_server_that_stops_waits_for_its_tails() {
        let (tails, metrics) = (Arc::new(Tails::default()), Metrics::new(&mut Registry::default()));
        let slot = tails.enter(&TenantId::default(), 1, &metrics).unwrap();
        tails.stop();
        let tail = async {
            slot.stopped().await;
            drop(slot);
        };
        tokio::join!(tails.ended(), tail);
    }
}
