//! `/api/prom/…`: the API before Loki 1.0, which some clients still speak.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use logql::ast::Expr;
use logql::eval::Value;
use loki::legacy::{LegacyLabels, LegacyStreams};
use loki::query::RangeQuery;
use query::{Kind, Request};

use super::json::Json;
use super::labels;
use crate::answer;
use crate::app::App;
use crate::limit::{check_bounds, check_entries};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// The names of labels.
pub(crate) async fn names(
    app: State<Arc<App>>,
    tenant: Tenant,
    asked: Asked,
) -> Result<Json<LegacyLabels>, Refusal> {
    let Json(answer) = labels::names(app, tenant, asked).await?;
    Ok(Json(LegacyLabels { values: answer.data }))
}

/// The values of one label.
pub(crate) async fn values(
    app: State<Arc<App>>,
    tenant: Tenant,
    name: Path<String>,
    asked: Asked,
) -> Result<Json<LegacyLabels>, Refusal> {
    let Json(answer) = labels::values(app, tenant, name, asked).await?;
    Ok(Json(LegacyLabels { values: answer.data }))
}

/// A query for lines; there were no others.
pub(crate) async fn query(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<LegacyStreams>, Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let mut asked = RangeQuery::parse(&params, now)?;
    let query = policy.parse(&asked.query)?;
    if !matches!(query, Expr::Log(_)) {
        let text = "only log queries are supported here; use /loki/api/v1/query_range";
        return Err(Refusal::bad_request(text));
    }
    asked.bounds = check_bounds(asked.bounds, now, &policy.limits)?;
    check_entries(asked.limit, &policy.limits)?;
    let engine = app.engine(&tenant);
    let request = Request {
        tenant,
        query,
        kind: Kind::Range { start: asked.bounds.start, end: asked.bounds.end, step: asked.step },
        limit: asked.limit,
        direction: answer::direction(asked.direction),
        interval: Duration::ZERO,
    };
    let found = match engine.run(request).await?.value {
        Value::Streams(streams) => streams,
        _ => Vec::new(),
    };
    Ok(Json(LegacyStreams { streams: found.into_iter().map(answer::legacy_stream).collect() }))
}
