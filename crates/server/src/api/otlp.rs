//! `/otlp/v1/logs`: OpenTelemetry's logs come in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use loki::push::otlp::{OtlpForm, Status, parse};

use super::json::Json;
use super::push::{Body, kinds, receive};
use crate::app::App;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn logs(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match OtlpForm::of(kinds(&headers).0) {
        Ok(form) => form,
        Err(error) => return answer(OtlpForm::Protobuf, &error.into()),
    };
    let read = move |app: &App, policy: &Policy, body: &[u8]| {
        let sources = &policy.limits.discover_service_name;
        let (_, encoding) = kinds(&headers);
        parse(form, encoding, body, &app.push_limits, sources, app.clock.now())
    };
    match receive(app, tenant, body, read).await {
        Ok(status) => status.into_response(),
        Err(refusal) => answer(form, &refusal),
    }
}

/// An answer that is no success, in the form of the request. Exporters try again at 503 and give up
/// at 500, so a failure of ours is always the former.
fn answer(form: OtlpForm, refusal: &Refusal) -> Response {
    let status = match refusal.status() {
        StatusCode::INTERNAL_SERVER_ERROR => StatusCode::SERVICE_UNAVAILABLE,
        status => status,
    };
    let message = Status { code: 0, message: refusal.text().to_owned() };
    match form {
        OtlpForm::Json => (status, Json(message)).into_response(),
        OtlpForm::Protobuf => {
            let kind = [(header::CONTENT_TYPE, "application/x-protobuf")];
            (status, kind, message.to_bytes()).into_response()
        }
    }
}
