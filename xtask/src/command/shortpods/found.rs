//! Reads back all lines, with all that is said of them.

use anyhow::Result;
use kubelet::Arrived;
use model::{Labels, Timestamp};

use crate::command::bench::server::Server;
use crate::paged;

/// All lines between two moments.
pub(super) async fn read(server: &Server, range: (Timestamp, Timestamp)) -> Result<Vec<Arrived>> {
    let shown = paged::lines(server, r#"{namespace="airflow"}"#, range).await?;
    let arrived = shown.into_iter().map(|shown| Arrived {
        labels: shown.labels,
        metadata: Labels::default(),
        timestamp: shown.timestamp,
        line: shown.line,
    });
    Ok(arrived.collect())
}
