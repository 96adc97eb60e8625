//! `/loki/api/v1/patterns`: what lines have in common.

use std::sync::Arc;

use axum::extract::State;
use logql::ast::{Expr, LogExpr};
use loki::patterns::{Patterns, PatternsQuery};

use super::json::Json;
use crate::app::App;
use crate::limit::check_bounds;
use crate::lines::each_line;
use crate::params::Asked;
use crate::patterns;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn patterns(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Patterns>, Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let mut asked = PatternsQuery::parse(&params, now)?;
    let query = policy.parse(&asked.query)?;
    let Expr::Log(LogExpr { stages, .. }) = &query else {
        return Err(Refusal::bad_request("only a selector is supported"));
    };
    if !stages.is_empty() {
        return Err(Refusal::bad_request("only a selector is supported, without stages"));
    }
    asked.bounds = check_bounds(asked.bounds, now, &policy.limits)?;
    let mut mined = patterns::Patterns::new(&asked);
    each_line(&app, &tenant, query, asked.bounds, |labels, time, line| {
        let level = policy.levels.detector.detect(&labels.stream, &labels.metadata, line);
        mined.add(level, time, line);
    })
    .await?;
    Ok(Json(Patterns { data: mined.finish(), ..Patterns::default() }))
}
