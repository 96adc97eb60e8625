//! `/loki/api/v1/index/stats`: how much a selector stands for.

use std::sync::Arc;

use axum::extract::State;
use loki::series::{IndexStats, SelectorQuery};
use model::TenantId;

use super::json::Json;
use crate::app::App;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::select::{Selector, streams};
use crate::tenant::Tenant;

pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<IndexStats>, Refusal> {
    let asked = SelectorQuery::parse(&params, app.clock.now())?;
    of(&app, &tenant, &asked).await.map(Json)
}

/// The sums over the streams of a selector.
pub(super) async fn of(
    app: &App,
    tenant: &TenantId,
    asked: &SelectorQuery,
) -> Result<IndexStats, Refusal> {
    let selector = Selector::parse(asked.query.as_deref().unwrap_or_default())?;
    let streams = streams(app, tenant, &asked.bounds, vec![selector]).await?;
    let mut stats = IndexStats { streams: streams.len() as u64, ..IndexStats::default() };
    for stream in &streams {
        stats.entries += stream.rows;
        stats.bytes += stream.bytes;
    }
    // What Loki calls a chunk is a part of a stream; ours has as many parts as streams.
    stats.chunks = stats.streams;
    Ok(stats)
}
