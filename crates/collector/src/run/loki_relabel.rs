//! `loki.relabel` at work.

use std::sync::Arc;

use ::stage::relabel::{Relabeler, Rules};
use tokio::sync::{mpsc, watch};

use crate::component::Batch;
use crate::component::loki_relabel::Settings;
use crate::run::flow;
use crate::run::stats::Stats;

/// Rewrites the labels of entries until nobody sends any more. One that ends with no labels is
/// dropped.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    mut inbox: mpsc::Receiver<Batch>,
    stats: Arc<Stats>,
) {
    let mut current = settings.borrow_and_update().clone();
    let mut relabeler = relabeler(&current);
    let mut is_told = true;
    loop {
        tokio::select! {
            changed = settings.changed(), if is_told => {
                is_told = changed.is_ok();
                current = settings.borrow_and_update().clone();
                relabeler = self::relabeler(&current);
            }
            batch = inbox.recv() => {
                let Some(batch) = batch else { return };
                stats.receive(batch.len());
                let out: Batch =
                    batch.into_iter().filter_map(|entry| relabeler.process(entry)).collect();
                stats.send(&out);
                flow::send(&current.forward_to, out).await;
            }
        }
    }
}

fn relabeler(settings: &Settings) -> Relabeler {
    let rules = Rules::build(&settings.rules).unwrap_or_else(|error| {
        tracing::error!(%error, "rules cannot be built, labels stay as they are");
        Rules::default()
    });
    Relabeler::new(rules, settings.max_cache_size.max(1))
}
