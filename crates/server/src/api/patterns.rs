//! `/loki/api/v1/patterns`: what lines have in common.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use logql::ast::{Expr, LogExpr};
use logql::eval::Direction;
use loki::patterns::{Patterns, PatternsQuery};
use query::{Kind, Request};

use super::json::Json;
use crate::app::App;
use crate::limit::check_bounds;
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
    let (start, end) = (asked.bounds.start, asked.bounds.end);
    let engine = app.engine(&tenant);
    let request = Request {
        tenant: tenant.clone(),
        query,
        kind: Kind::Range { start, end, step: Duration::ZERO },
        limit: 0,
        direction: Direction::Forward,
        interval: Duration::ZERO,
    };
    let mut mined = patterns::Patterns::new(&asked);
    engine
        .each_line(request, |labels, time, line| {
            let level = policy.levels.detector.detect(&labels.stream, &labels.metadata, line);
            mined.add(level, time, line);
        })
        .await?;
    Ok(Json(Patterns { data: mined.finish(), ..Patterns::default() }))
}
