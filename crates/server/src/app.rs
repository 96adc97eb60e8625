//! What all routes share.

use std::sync::Arc;

use loki::detect_level::LevelDetector;
use loki::push::{EntryLimits, PushLimits};
use model::Clock;
use prometheus_client::registry::Registry;
use query::Engine;
use store::Store;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::newest::Newest;
use crate::server::Parts;

/// Settings, machines and counters, shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) push_limits: PushLimits,
    pub(crate) entry_limits: EntryLimits,
    pub(crate) levels: LevelDetector,
    pub(crate) newest: Option<Newest>,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) registry: Registry,
}

impl App {
    pub(crate) fn new(config: Config, mut parts: Parts) -> Self {
        let limits = &config.limits;
        let fields = limits.log_level_fields.clone();
        Self {
            push_limits: PushLimits::default(),
            entry_limits: limits.entry_limits(),
            levels: LevelDetector::new(fields, limits.log_level_from_json_max_depth),
            newest: config.out_of_order_window.map(Newest::new),
            metrics: Metrics::new(&mut parts.registry),
            store: parts.store,
            engine: parts.engine,
            clock: parts.clock,
            registry: parts.registry,
            config,
        }
    }
}
