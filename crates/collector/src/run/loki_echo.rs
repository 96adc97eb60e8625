//! `loki.echo` at work.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::component::Batch;
use crate::run::stats::Stats;

/// Writes entries to our own log until nobody sends any more.
pub async fn run(id: String, mut inbox: mpsc::Receiver<Batch>, stats: Arc<Stats>) {
    while let Some(batch) = inbox.recv().await {
        stats.receive(batch.len());
        for entry in &batch {
            let (labels, line) = (entry.labels.to_string(), &entry.line);
            let metadata = entry.metadata.to_string();
            tracing::info!(component = id, line, labels, metadata, "an entry");
        }
    }
}
