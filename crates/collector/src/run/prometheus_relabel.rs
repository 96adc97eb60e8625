//! `prometheus.relabel` at work.

use std::sync::Arc;

use ::stage::relabel::{Config, Rules};
use tokio::sync::{mpsc, watch};

use crate::component::prometheus_relabel::Settings;
use crate::prometheus::Sample;
use crate::run::flow;
use crate::run::stats::Stats;

/// Rewrites the labels of samples until nobody sends any more.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    mut inbox: mpsc::Receiver<Vec<Sample>>,
    stats: Arc<Stats>,
) {
    let mut current = settings.borrow_and_update().clone();
    let mut rules = built(&current.rules);
    let mut is_told = true;
    loop {
        tokio::select! {
            changed = settings.changed(), if is_told => {
                is_told = changed.is_ok();
                current = settings.borrow_and_update().clone();
                rules = built(&current.rules);
            }
            samples = inbox.recv() => {
                let Some(samples) = samples else { return };
                stats.receive(samples.len());
                let out = relabelled(samples, &rules);
                stats.send_count(out.len());
                flow::send(&current.forward_to, out).await;
            }
        }
    }
}

/// Samples with their labels rewritten. One that ends with no labels is dropped.
pub fn relabelled(samples: Vec<Sample>, rules: &Rules) -> Vec<Sample> {
    let one = |sample: Sample| {
        let labels = rules.apply(&sample.labels).filter(|labels| !labels.is_empty())?;
        Some(Sample { labels, ..sample })
    };
    samples.into_iter().filter_map(one).collect()
}

/// Rules, ready for use.
pub fn built(rules: &[Config]) -> Rules {
    Rules::build(rules).unwrap_or_else(|error| {
        tracing::error!(%error, "rules cannot be built, labels stay as they are");
        Rules::default()
    })
}
