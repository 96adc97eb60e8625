//! What the store's upkeep is told: how long each tenant's lines are kept, and what its delete
//! requests mean.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use logql::eval::{Selector, SelectorScope};
use logql::pipeline::RowLabels;
use model::{Labels, TenantId, TimeRange};
use query::{Deletion, Hidden};
use store::{DeleteRequest, Erasure};

use crate::config::{Config, DeletionMode, Limits, RetentionStream};
use crate::deletions;
use crate::error::Error;

/// The rules of upkeep, as the settings have them.
#[derive(Debug)]
pub(crate) struct Retention {
    all: TenantRetention,
    own: BTreeMap<TenantId, TenantRetention>,
    cancel_period: Duration,
}

/// How long the lines of one tenant are kept.
#[derive(Debug)]
struct TenantRetention {
    /// The most important first.
    streams: Vec<(Selector, Option<Duration>)>,
    others: Option<Duration>,
    erases: bool,
}

impl Retention {
    /// The rules of these settings.
    ///
    /// # Errors
    /// When a selector of a rule cannot be read.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let global = &config.limits;
        if !config.retention_enabled && has_retention(global) {
            tracing::warn!(
                "lines are kept for ever: `limits_config` says how long to keep them, but \
                 `compactor.retention_enabled` is not true; set it, or `retention: 30d`"
            );
        }
        let of = |limits: &Limits| TenantRetention::new(limits, global, config.retention_enabled);
        let own = config.overrides.iter();
        let own = own.map(|(tenant, limits)| Ok((tenant.clone(), of(limits)?)));
        let own = own.collect::<Result<_, Error>>()?;
        let cancel_period = config.delete_request_cancel_period;
        Ok(Self { all: of(global)?, own, cancel_period })
    }

    fn of(&self, tenant: &TenantId) -> &TenantRetention {
        self.own.get(tenant).unwrap_or(&self.all)
    }
}

impl TenantRetention {
    /// A tenant's own rules count before those of all, and a rule for streams before the period, as
    /// in Loki.
    fn new(limits: &Limits, global: &Limits, enabled: bool) -> Result<Self, Error> {
        let erases = limits.deletion_mode == DeletionMode::FilterAndDelete;
        if !enabled {
            return Ok(Self { streams: Vec::new(), others: None, erases });
        }
        let mut streams = rules(&limits.retention_stream)?;
        if limits.retention_stream != global.retention_stream {
            streams.extend(rules(&global.retention_stream)?);
        }
        Ok(Self { streams, others: or_ever(limits.retention_period), erases })
    }
}

impl store::Rules for Retention {
    fn kept(&self, tenant: &TenantId, labels: &Labels) -> Option<Duration> {
        let TenantRetention { streams, others, .. } = self.of(tenant);
        let none = Labels::default();
        let rule = streams.iter().find(|(selector, _)| selector.matches(labels, &none));
        rule.map_or(*others, |(_, period)| *period)
    }

    fn kept_between(&self, tenant: &TenantId) -> (Option<Duration>, Option<Duration>) {
        let TenantRetention { streams, others, .. } = self.of(tenant);
        let periods = || streams.iter().map(|(_, period)| *period).chain([*others]);
        let ever = Duration::MAX;
        let longest = periods().map(|period| period.unwrap_or(ever)).max();
        (periods().flatten().min(), longest.filter(|longest| *longest < ever))
    }

    fn erased_after(&self) -> Duration {
        self.cancel_period
    }

    fn erasure(&self, request: &DeleteRequest) -> Option<Erasure> {
        let tenant = TenantId::new(&request.tenant).ok()?;
        if !self.of(&tenant).erases {
            return None;
        }
        let log = deletions::parse(&request.query).ok()?;
        let scope = SelectorScope::LabelsAndMetadata;
        let selector = Selector::new(&log.selector, scope).ok()?;
        let deletion = Deletion { log, start: request.start, end: request.end };
        let hidden = Hidden::new(&[deletion], TimeRange::ALL, scope).ok()?;
        Some(Erasure {
            streams: Arc::new(move |labels| selector.may_match(labels)),
            entries: Arc::new(move |labels, entry| {
                hidden.hides_entry(labels, entry, &mut RowLabels::default())
            }),
        })
    }
}

fn has_retention(limits: &Limits) -> bool {
    !limits.retention_period.is_zero() || !limits.retention_stream.is_empty()
}

/// The rules for streams, the most important first.
fn rules(streams: &[RetentionStream]) -> Result<Vec<(Selector, Option<Duration>)>, Error> {
    let mut sorted: Vec<&RetentionStream> = streams.iter().collect();
    sorted.sort_by_key(|rule| {
        (std::cmp::Reverse(rule.priority), or_ever(rule.period).unwrap_or(Duration::MAX))
    });
    let rules = sorted.into_iter().map(|rule| {
        let parsed = logql::parse_selector(&rule.selector).map_err(|error| error.to_string());
        // A stream is kept or expires as a whole, so metadata cannot decide.
        let selector = parsed.and_then(|parsed| {
            Selector::new(&parsed, SelectorScope::Labels).map_err(|error| error.to_string())
        });
        let of = |error| format!("retention_stream: the selector {}: {error}", rule.selector);
        Ok((selector.map_err(|error| Error::Config(of(error)))?, or_ever(rule.period)))
    });
    rules.collect()
}

/// Zero is for ever.
fn or_ever(period: Duration) -> Option<Duration> {
    (!period.is_zero()).then_some(period)
}

#[cfg(test)]
mod tests {
    use store::Rules;

    use super::*;

    const YAML: &str = r#"
compactor: {retention_enabled: true}
limits_config:
  retention_period: 30d
  retention_stream:
  - {selector: '{dag_id="audit"}', priority: 2, period: 365d}
  - {selector: '{level="debug"}', priority: 1, period: 2d}
  - {selector: '{level=~"debug|info"}', priority: 1, period: 1d}
overrides:
  team-a:
    retention_period: 0s
    retention_stream: [{selector: '{dag_id="short"}', period: 3d}]
"#;

    #[track_caller]
    fn check(yaml: &str, tenant: &str, labels: &str, expect_days: Option<u64>) {
        let mut config = Config::default();
        config.take_loki_yaml(yaml).unwrap();
        let rules = Retention::new(&config).unwrap();
        let (tenant, labels) = (TenantId::new(tenant).unwrap(), Labels::parse(labels).unwrap());
        let kept = rules.kept(&tenant, &labels);
        assert_eq!(kept, expect_days.map(|days| Duration::from_secs(days * 86_400)));
        let (shortest, longest) = rules.kept_between(&tenant);
        assert!(kept.is_none_or(|kept| shortest.unwrap() <= kept));
        assert!(longest.is_none_or(|longest| kept.unwrap() <= longest));
    }

    #[test]
    fn the_most_important_rule_that_matches_counts() {
        check(YAML, "fake", r#"{app="x"}"#, Some(30));
        check(YAML, "fake", r#"{dag_id="audit"}"#, Some(365));
        check(YAML, "fake", r#"{dag_id="audit", level="debug"}"#, Some(365));
        check(YAML, "fake", r#"{level="debug"}"#, Some(1));
        check(YAML, "team-a", r#"{dag_id="short", level="debug"}"#, Some(3));
        check(YAML, "team-a", r#"{level="debug"}"#, Some(1));
        check(YAML, "team-a", r#"{app="x"}"#, None);
        check("retention: 7d", "fake", "{}", Some(7));
        check("limits_config: {retention_period: 7d}", "fake", "{}", None);
        check("", "fake", "{}", None);
    }

    #[test]
    fn a_selector_that_cannot_be_read_is_refused() {
        let mut config = Config::default();
        let yaml =
            "retention: 1d\nlimits_config: {retention_stream: [{selector: '{a', period: 1d}]}";
        config.take_loki_yaml(yaml).unwrap();
        let error = Retention::new(&config).unwrap_err().to_string();
        assert!(error.contains("retention_stream: the selector {a: "), "{error}");
    }
}
