//! `/loki/api/v1/index/shards`: into which parts a query may be cut. Ours are cut inside, so there
//! is one part, and it is everything.

use std::sync::Arc;

use axum::extract::State;
use loki::Params;
use loki::series::{IndexStats, SelectorQuery, Shard, Shards};
use model::TenantId;

use super::json::Json;
use super::stats;
use crate::app::App;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn shards(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Shards>, Refusal> {
    let stats = whole(&app, &tenant, &params).await?;
    Ok(Json(Shards { shards: vec![Shard { stats, ..Shard::default() }], ..Shards::default() }))
}

async fn whole(app: &App, tenant: &TenantId, params: &Params) -> Result<IndexStats, Refusal> {
    let mut asked = SelectorQuery::parse(params, app.clock.now())?;
    let text = asked.query.as_deref().unwrap_or_default();
    // The query may have stages; what it reads is told by its selectors.
    asked.query = Some(selector_of(&app.policy(tenant).parse(text)?)?);
    stats::of(app, tenant, &asked).await
}

fn selector_of(query: &logql::ast::Expr) -> Result<String, Refusal> {
    let parts = crate::policy::log_parts(query);
    let first = parts.first().ok_or_else(|| Refusal::bad_request("the query reads no lines"))?;
    Ok(first.selector.to_string())
}
