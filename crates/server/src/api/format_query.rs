//! `/loki/api/v1/format_query`: a query, well laid out.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use loki::status::FormatResponse;

use super::json::Json;
use crate::params::Asked;

pub(crate) async fn format_query(Asked(params): Asked) -> Response {
    match logql::parse(params.get("query").unwrap_or_default()) {
        Ok(query) => Json(FormatResponse::Success { data: logql::pretty(&query) }).into_response(),
        Err(error) => {
            let error = FormatResponse::InvalidQuery { error: error.to_string() };
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}
