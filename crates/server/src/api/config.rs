//! `/config`, `/config/tenant/v1/limits` and `/loki/api/v1/drilldown-limits`: what is set.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use loki::status::{API_VERSION, DrilldownLimits};

use super::json::Json;
use crate::app::App;
use crate::config::fields;
use crate::tenant::Tenant;

/// The limits by which Drilldown decides what it offers.
const DRILLDOWN: [&str; 14] = [
    "discover_log_levels",
    "discover_service_name",
    "log_level_fields",
    "max_entries_limit_per_query",
    "max_line_size_truncate",
    "max_query_bytes_read",
    "max_query_length",
    "max_query_lookback",
    "max_query_range",
    "max_query_series",
    "query_timeout",
    "required_labels",
    "volume_enabled",
    "volume_max_series",
];

/// All settings, as a Loki configuration.
pub(crate) async fn all(State(app): State<Arc<App>>) -> Response {
    yaml(app.config.to_yaml())
}

/// The limits of a tenant.
pub(crate) async fn limits(State(app): State<Arc<App>>, Tenant(tenant): Tenant) -> Response {
    yaml(app.policy(&tenant).limits.to_yaml())
}

/// Those that Drilldown asks about.
pub(crate) async fn drilldown(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
) -> Json<DrilldownLimits> {
    let mut limits = fields(&app.policy(&tenant).limits);
    limits.retain(|name, _| DRILLDOWN.contains(&name.as_str()));
    Json(DrilldownLimits {
        limits,
        pattern_ingester_enabled: true,
        version: API_VERSION.to_owned(),
    })
}

fn yaml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/yaml; charset=utf-8")], text).into_response()
}
