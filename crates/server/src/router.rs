//! Every route, on one page.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, get, on, post};
use axum::{Router, response::Response};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::api::airflow::{dags, durations, errors, follow, log, runs, tries};
use crate::api::{
    config, delete, detected, flush, format_query, labels, legacy, metrics, otlp, patterns, push,
    query, ready, series, shards, stats, status, tail, volume,
};
use crate::app::App;
use crate::refusal::Refusal;
use crate::{auth, metrics as count};

/// A form with parameters: a query may have 128 KiB, and each of its bytes three when escaped.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// The routes of a server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let body_bytes_max = app.push_limits.max_recv_msg_size;
    let writes = Router::new()
        .route("/loki/api/v1/push", post(push::push))
        .route("/api/prom/push", post(push::legacy))
        .route("/otlp/v1/logs", post(otlp::logs))
        .layer(DefaultBodyLimit::max(body_bytes_max));
    let reads = Router::new()
        .route("/loki/api/v1/query_range", ask(query::range))
        .route("/loki/api/v1/query", ask(query::instant))
        .route("/loki/api/v1/labels", ask(labels::names))
        .route("/loki/api/v1/label", ask(labels::names))
        .route("/loki/api/v1/label/{name}/values", ask(labels::values))
        .route("/loki/api/v1/series", ask(series::series))
        .route("/loki/api/v1/index/stats", ask(stats::stats))
        .route("/loki/api/v1/index/shards", ask(shards::shards))
        .route("/loki/api/v1/index/volume", ask(volume::instant))
        .route("/loki/api/v1/index/volume_range", ask(volume::range))
        .route("/loki/api/v1/detected_labels", ask(detected::labels))
        .route("/loki/api/v1/detected_fields", ask(detected::fields))
        .route("/loki/api/v1/detected_field/{name}/values", ask(detected::values))
        .route("/loki/api/v1/patterns", ask(patterns::patterns))
        .route("/loki/api/v1/delete", deletion())
        .route("/api/prom/query", ask(legacy::query))
        .route("/api/prom/label", ask(legacy::names))
        .route("/api/prom/label/{name}/values", ask(legacy::values))
        .route("/loki/api/v1/tail", get(tail::tail))
        .route("/api/prom/tail", get(tail::legacy))
        .route("/loki/api/v1/format_query", ask(format_query::format_query))
        .route("/airflow/v1/dags", ask(dags::dags))
        .route("/airflow/v1/runs", ask(runs::runs))
        .route("/airflow/v1/tries", ask(tries::tries))
        .route("/airflow/v1/durations", ask(durations::durations))
        .route("/airflow/v1/log", ask(log::log))
        .route("/airflow/v1/log/follow", get(follow::follow))
        .route("/airflow/v1/errors", ask(errors::errors))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    let status = Router::new()
        .route("/loki/api/v1/status/buildinfo", get(status::build_info))
        .route("/barogram/v1/status", get(status::store))
        .route("/loki/api/v1/drilldown-limits", get(config::drilldown))
        .route("/config/tenant/v1/limits", get(config::limits))
        .route("/config", get(config::all))
        .route("/flush", post(flush::flush))
        .route("/metrics", get(metrics::metrics))
        .route("/ready", get(ready::ready));

    Router::new()
        .merge(writes)
        .merge(reads)
        .merge(status)
        .fallback(no_such_path)
        .layer(from_fn_with_state(Arc::clone(&app), auth::check))
        .layer(from_fn_with_state(Arc::clone(&app), count::measure))
        .layer(CompressionLayer::new().compress_when(whole()))
        .with_state(app)
}

/// Which answers are compressed: those that are there as a whole. Lines that are sent as they come
/// would wait in the compressor.
fn whole() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::new(follow::CONTENT_TYPE))
}

/// A question: parameters in the query string or, because queries can be long, in a form.
fn ask<H: Handler<T, Arc<App>>, T: 'static>(handler: H) -> MethodRouter<Arc<App>> {
    on(MethodFilter::GET.or(MethodFilter::POST), handler)
}

/// Requests to delete lines are made by POST or PUT, as Loki has it.
fn deletion() -> MethodRouter<Arc<App>> {
    on(MethodFilter::POST.or(MethodFilter::PUT), delete::create)
        .get(delete::list)
        .delete(delete::cancel)
}

async fn no_such_path() -> Response {
    axum::response::IntoResponse::into_response(Refusal::not_found())
}
