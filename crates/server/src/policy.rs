//! The rules of a tenant: its limits, and what is made of them once.

use std::collections::BTreeMap;

use logql::ast::{Expr, LogExpr};
use loki::detect_level::LevelDetector;
use loki::push::{EntryLimits, KnownStreams};
use model::TenantId;

use crate::blocked::Blocked;
use crate::config::{Config, Limits};
use crate::error::Error;
use crate::levels::Levels;
use crate::limit;
use crate::refusal::Refusal;

/// The rules of each tenant.
#[derive(Debug)]
pub(crate) struct Policies {
    all: Policy,
    own: BTreeMap<TenantId, Policy>,
}

/// The rules of one tenant.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) limits: Limits,
    pub(crate) entries: EntryLimits,
    pub(crate) levels: Levels,
    pub(crate) streams: KnownStreams,
    blocked: Blocked,
}

impl Policies {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let own = config.overrides.iter();
        let own = own.map(|(tenant, limits)| Ok((tenant.clone(), Policy::new(limits)?)));
        Ok(Self { all: Policy::new(&config.limits)?, own: own.collect::<Result<_, Error>>()? })
    }

    /// The rules of a tenant.
    pub(crate) fn of(&self, tenant: &TenantId) -> &Policy {
        self.own.get(tenant).unwrap_or(&self.all)
    }
}

impl Policy {
    fn new(limits: &Limits) -> Result<Self, Error> {
        let depth = limits.log_level_from_json_max_depth;
        Ok(Self {
            entries: limits.entry_limits(),
            levels: Levels::new(LevelDetector::new(limits.log_level_fields.clone(), depth)),
            streams: KnownStreams::new(limits.discover_service_name.clone()),
            blocked: Blocked::new(&limits.blocked_queries)?,
            limits: limits.clone(),
        })
    }

    /// Reads a query that the tenant may ask.
    pub(crate) fn parse(&self, text: &str) -> Result<Expr, Refusal> {
        let query = logql::parse(text)?;
        self.blocked.check(text, &query)?;
        for log in log_parts(&query) {
            limit::check_matchers(&log.selector, &self.limits)?;
        }
        limit::check_ranges(&query, &self.limits)?;
        Ok(query)
    }
}

/// The parts of a query that read lines.
pub(crate) fn log_parts(query: &Expr) -> Vec<&LogExpr> {
    match query {
        Expr::Log(log) => vec![log],
        Expr::Count(count) => vec![&count.log],
        Expr::Metric(metric) => {
            logql::eval::leaves(metric).into_iter().map(|leaf| &leaf.log).collect()
        }
    }
}
