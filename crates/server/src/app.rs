//! What all routes share.

use std::sync::Arc;

use loki::push::PushLimits;
use model::{Clock, TenantId};
use prometheus_client::registry::Registry;
use query::{Deletion, Engine};
use store::Store;

use crate::config::{Config, Limits};
use crate::deletions::Deletions;
use crate::error::Error;
use crate::lifecycle::Lifecycles;
use crate::metrics::Metrics;
use crate::newest::Newest;
use crate::policy::{Policies, Policy};
use crate::rate::Rates;
use crate::server::Parts;
use crate::tail::Tails;

/// Settings, machines and counters, shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) push_limits: PushLimits,
    pub(crate) policies: Policies,
    pub(crate) rates: Rates,
    pub(crate) newest: Option<Newest>,
    pub(crate) store: Store,
    deletions: Deletions,
    engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) registry: Registry,
    pub(crate) tails: Arc<Tails>,
    pub(crate) lifecycles: Lifecycles,
}

impl App {
    pub(crate) fn new(config: Config, mut parts: Parts) -> Result<Self, Error> {
        Ok(Self {
            push_limits: PushLimits::default(),
            policies: Policies::new(&config)?,
            rates: Rates::default(),
            newest: config.out_of_order_window.map(Newest::new),
            metrics: Metrics::new(&mut parts.registry),
            lifecycles: Lifecycles::new(&mut parts.registry),
            store: parts.store,
            deletions: Deletions::default(),
            engine: parts.engine,
            clock: parts.clock,
            registry: parts.registry,
            tails: Arc::default(),
            config,
        })
    }

    /// The rules of a tenant.
    pub(crate) fn policy(&self, tenant: &TenantId) -> &Policy {
        self.policies.of(tenant)
    }

    /// The engine, within the limits of a tenant and without what it has deleted.
    pub(crate) fn engine(&self, tenant: &TenantId) -> Engine {
        self.engine_within(tenant, &self.policy(tenant).limits)
    }

    /// The same within other limits.
    pub(crate) fn engine_within(&self, tenant: &TenantId, limits: &Limits) -> Engine {
        let config = limits.bound(self.engine.config());
        self.engine.with(config).hiding(self.deletions(tenant))
    }

    /// What a tenant has asked for to be deleted: the same value as long as that is the same,
    /// unless it is nothing.
    pub(crate) fn deletions(&self, tenant: &TenantId) -> Arc<[Deletion]> {
        self.deletions.of(tenant, &self.store)
    }
}
