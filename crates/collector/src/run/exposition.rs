//! What the agent counts, in Prometheus' text format: for its own port, and for
//! `prometheus.exporter.self`.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use alloy::Target;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::prometheus::SELF_ADDRESS;
use crate::run::view::View;

/// What dashboards of agents look for.
const JOB: &str = "integrations/self";

/// Tells what the agent counts. Clones tell the same.
#[derive(Debug, Clone, Default)]
pub struct Exposition {
    registry: Arc<OnceLock<Registry>>,
    view: View,
    hostname: String,
}

impl Exposition {
    /// What is counted of these components, on this machine.
    #[must_use]
    pub fn of(view: View, hostname: String) -> Self {
        Self { registry: Arc::default(), view, hostname }
    }

    /// Where it is found, as a component of this identity tells others: with Alloy's labels.
    #[must_use]
    pub fn target(&self, id: &str) -> Target {
        let name = id.rsplit_once('.').map_or(id, |(_, name)| name);
        let path = format!("/api/v0/component/{id}/metrics");
        let labels = [
            ("__address__", SELF_ADDRESS),
            ("__scheme__", "http"),
            ("__metrics_path__", &path),
            ("__meta_component_id", id),
            ("__meta_component_name", "prometheus.exporter.self"),
            ("__meta_agent_integration_name", JOB),
            ("__meta_agent_integration_instance", name),
            ("instance", &self.hostname),
            ("job", JOB),
        ];
        labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Says where everything is counted. That is known only when all has registered what it counts,
    /// and said once.
    pub fn counts_in(&self, registry: Registry) {
        if self.registry.set(registry).is_err() {
            tracing::debug!("where everything is counted is known already");
        }
    }

    /// The text.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub fn text(&self) -> Result<String, String> {
        let registry = self.registry.get().ok_or("what is counted is not known yet")?;
        let mut out = String::new();
        encode(&mut out, registry).map_err(|_| "metrics cannot be written")?;
        let own = out.trim_end().trim_end_matches("# EOF").to_owned();
        let mut more = String::from("# TYPE barogram_component_entries counter\n");
        for it in self.view.components() {
            for (direction, count) in [("in", it.stats.received()), ("out", it.stats.sent())] {
                let _ = writeln!(
                    more,
                    "barogram_component_entries_total{{component_id=\"{}\",direction=\"{direction}\"}} \
                     {count}",
                    it.id,
                );
            }
        }
        Ok(format!("{own}{more}{}", self.view.stage_metrics()))
    }
}
