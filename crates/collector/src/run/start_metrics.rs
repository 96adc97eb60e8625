//! Starting what has to do with metrics.

use std::sync::Arc;

use alloy::Value;
use tokio::sync::mpsc;

use crate::component::Settings;
use crate::prometheus::Sample;
use crate::run::details::Details;
use crate::run::discovery_relabel::{rules, targets};
use crate::run::node::Node;
use crate::run::running::Running;
use crate::run::start::of;
use crate::run::{prometheus_relabel, prometheus_remote_write, prometheus_scrape};

impl Running {
    /// Starts what scrapes targets and sends samples.
    pub(super) fn start_metrics(&mut self, id: &str, node: &mut Node) {
        let stats = Arc::clone(&node.stats);
        match node.settings.clone() {
            Settings::PrometheusExporterSelf => {
                let targets = targets([self.exposition.target(id)]);
                node.exports = Value::object([("targets", targets)]);
            }
            Settings::PrometheusRelabel(settings) => {
                let inbox = self.takes_samples(id, node);
                let receiver = node.samples.iter().map(|receiver| ("receiver", receiver.value()));
                let rules = rules(&settings.rules);
                node.exports = Value::object(receiver.chain([("rules", rules)]));
                let told = node.told(&settings, of!(PrometheusRelabel));
                self.tasks.spawn(prometheus_relabel::run(told, inbox, stats));
            }
            Settings::PrometheusRemoteWrite(settings) => {
                let inbox = self.takes_samples(id, node);
                let parts = prometheus_remote_write::Parts {
                    id: id.to_owned(),
                    settings: node.told(&settings, of!(PrometheusRemoteWrite)),
                    inbox,
                    clock: Arc::clone(&self.parts.clock),
                    seed: self.parts.seed,
                    metrics: self.metrics.remote_write.clone(),
                    stats,
                    details: Details::default(),
                };
                self.tasks.spawn(prometheus_remote_write::run(parts));
            }
            Settings::PrometheusScrape(settings) => {
                let parts = prometheus_scrape::Parts {
                    id: id.to_owned(),
                    settings: node.told(&settings, of!(PrometheusScrape)),
                    exposition: self.exposition.clone(),
                    clock: Arc::clone(&self.parts.clock),
                    stats,
                    cancel: node.cancel.clone(),
                };
                self.tasks.spawn(prometheus_scrape::run(parts));
            }
            _ => {}
        }
    }

    /// Where a component takes samples.
    fn takes_samples(&mut self, id: &str, node: &mut Node) -> mpsc::Receiver<Vec<Sample>> {
        let (receiver, inbox) = self.sample_ways.take(id);
        node.exports = Value::object([("receiver", receiver.value())]);
        node.samples = Some(receiver);
        inbox
    }
}
