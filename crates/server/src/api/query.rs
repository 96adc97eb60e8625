//! `/loki/api/v1/query_range` and `/loki/api/v1/query`: LogQL.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use logql::ast::Expr;
use loki::Params;
use loki::query::{InstantQuery, RangeQuery};
use loki::response::{CATEGORIZE_LABELS, ENCODING_FLAGS_HEADER, QueryResponse};
use loki::time::Bounds;
use model::{TenantId, Timestamp};
use query::{Answer, Kind, Request};

use super::json::Json;
use crate::answer;
use crate::app::App;
use crate::config::{Limits, SeriesExceeded};
use crate::limit::{check_bounds, check_entries, check_series};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// A query over a range of time.
pub(crate) async fn range(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    Asked(params): Asked,
) -> Result<Json<QueryResponse>, Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let mut asked = RangeQuery::parse(&params, now)?;
    let query = policy.parse(&asked.query)?;
    asked.bounds = check_bounds(asked.bounds, now, &policy.limits)?;
    if matches!(query, Expr::Log(_)) {
        check_entries(asked.limit, &policy.limits)?;
    }
    let kind = range_kind(&query, &asked, &policy.limits);
    let request = Request {
        tenant,
        query,
        kind,
        limit: asked.limit,
        direction: answer::direction(asked.direction),
        interval: asked.interval,
    };
    run(&app, request, &headers, wants_plan(&params)).await
}

/// A query at one time.
pub(crate) async fn instant(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    Asked(params): Asked,
) -> Result<Json<QueryResponse>, Refusal> {
    let asked = InstantQuery::parse(&params, app.clock.now())?;
    let query = app.policy(&tenant).parse(&asked.query)?;
    let request = Request {
        tenant,
        query,
        kind: Kind::Instant { time: asked.time },
        limit: asked.limit,
        direction: answer::direction(asked.direction),
        interval: Duration::ZERO,
    };
    run(&app, request, &headers, wants_plan(&params)).await
}

async fn run(
    app: &App,
    request: Request,
    headers: &HeaderMap,
    explain: bool,
) -> Result<Json<QueryResponse>, Refusal> {
    let direction = request.direction;
    log(&request.tenant, &request.query, headers);
    let (tenant, query) = (request.tenant.clone(), request.query.clone());
    let limits = limits_for(headers, &app.policy(&tenant).limits);
    let engine = app.engine_within(&tenant, &limits);
    let mut answer = engine.run(request).await?;
    log_slow(app, &tenant, &query, &answer);
    check_series(&mut answer, &limits)?;
    let form = answer::Form { categorize: wants_categories(headers), direction, explain };
    Ok(Json(answer::response(answer, form)))
}

/// When the engine looks. A metric query's times are aligned with its step as a Loki that splits
/// queries aligns them; a log query from a moment to the same moment means that moment.
fn range_kind(query: &Expr, asked: &RangeQuery, limits: &Limits) -> Kind {
    let Bounds { mut start, mut end } = asked.bounds;
    match query {
        Expr::Log(_) if start == end => end = Timestamp(end.as_nanos().saturating_add(1)),
        Expr::Metric(_) if !limits.split_queries_by_interval.is_zero() => {
            let step = i64::try_from(asked.step.as_nanos()).unwrap_or(i64::MAX);
            start = Timestamp(start.as_nanos() - start.as_nanos().rem_euclid(step));
            let over = end.as_nanos().rem_euclid(step);
            let rest = if over == 0 { 0 } else { step - over };
            end = Timestamp(end.as_nanos().saturating_add(rest));
        }
        _ => {}
    }
    Kind::Range { start, end, step: asked.step }
}

/// Whether the request asks to tell labels apart.
pub(super) fn wants_categories(headers: &HeaderMap) -> bool {
    let flags = headers.get_all(ENCODING_FLAGS_HEADER).iter();
    let flags = flags.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    flags.into_iter().any(|flag| flag.trim() == CATEGORIZE_LABELS)
}

/// Logs Drilldown can show a part of the series, and says so: as in Loki, it is never refused.
fn limits_for<'a>(headers: &HeaderMap, limits: &'a Limits) -> Cow<'a, Limits> {
    const DRILLDOWN: &str = "grafana-lokiexplore-app";
    if !tags(headers).is_some_and(|tags| tags.contains(DRILLDOWN)) {
        return Cow::Borrowed(limits);
    }
    let max_query_series_exceeded = SeriesExceeded::Truncate;
    Cow::Owned(Limits { max_query_series_exceeded, ..limits.clone() })
}

/// What a client says of a query.
fn tags(headers: &HeaderMap) -> Option<&str> {
    headers.get("X-Query-Tags").and_then(|value| value.to_str().ok())
}

/// Ours: `explain=true` asks for the plan beside the answer.
fn wants_plan(params: &Params) -> bool {
    params.get("explain").is_some_and(|value| value == "true" || value == "1")
}

/// A query that made somebody wait is worth a line that tells why.
fn log_slow(app: &App, tenant: &TenantId, query: &Expr, answer: &Answer) {
    let (elapsed, limit) = (answer.stats.elapsed, app.config.log_queries_longer_than);
    if limit.is_zero() || elapsed < limit {
        return;
    }
    let plan = answer.explained().join("; ");
    tracing::info!(%tenant, %query, ?elapsed, plan, "a slow query");
}

/// Notes what is asked.
pub(super) fn log(tenant: &TenantId, query: &Expr, headers: &HeaderMap) {
    tracing::debug!(%tenant, %query, tags = tags(headers), "query");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, (start, end): (i64, i64), step: u64, expect: (i64, i64)) {
        let asked = RangeQuery {
            query: query.to_owned(),
            bounds: Bounds { start: Timestamp::from_secs(start), end: Timestamp::from_secs(end) },
            step: Duration::from_secs(step),
            interval: Duration::ZERO,
            limit: 1,
            direction: loki::query::Direction::Forward,
        };
        let kind = range_kind(&logql::parse(query).unwrap(), &asked, &Limits::default());
        let Kind::Range { start, end, .. } = kind else { panic!("{kind:?}") };
        assert_eq!((start, end), (Timestamp::from_secs(expect.0), Timestamp(expect.1)));
    }

    #[test]
    fn times_of_metric_queries_are_aligned_with_the_step() {
        const S: i64 = 1_000_000_000;
        let metric = r#"count_over_time({a="b"}[1m])"#;
        check(metric, (100, 200), 60, (60, 240 * S));
        check(metric, (120, 240), 60, (120, 240 * S));
        check(metric, (-1, 1), 60, (-60, 60 * S));
        check(r#"{a="b"}"#, (100, 200), 60, (100, 200 * S));
        check(r#"{a="b"}"#, (100, 100), 60, (100, 100 * S + 1));
    }
}
