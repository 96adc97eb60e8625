//! `/loki/api/v1/delete`: lines are hidden at once, and erased when that may not be cancelled any
//! more.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use loki::delete::{DeleteQuery, DeleteRequest, seconds};
use loki::time::human_duration;
use model::TenantId;
use store::DeleteWish;

use super::json::Json;
use crate::app::App;
use crate::config::DeletionMode;
use crate::deletions;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// How far a request is: its lines are hidden, and still in their segments.
const RECEIVED: &str = "received";
/// Its lines are erased.
const PROCESSED: &str = "processed";

/// Asks for lines to be deleted.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<StatusCode, Refusal> {
    check_mode(&app, &tenant)?;
    let now = app.clock.now();
    let DeleteQuery { query, start, end } = DeleteQuery::parse(&params, now)?;
    deletions::parse(&query)?;
    if end > now {
        return Err(Refusal::bad_request("deletes in the future are not allowed"));
    }
    if start > end {
        return Err(Refusal::bad_request("start time can't be greater than end time"));
    }
    app.store.create_delete_request(&tenant, DeleteWish { query, start, end }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The requests that there are, the newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
) -> Result<Json<Vec<DeleteRequest>>, Refusal> {
    check_mode(&app, &tenant)?;
    let requests = app.store.delete_requests(&tenant);
    Ok(Json(requests.iter().rev().map(shown).collect()))
}

/// Takes a request back: its lines are seen again. Later than its period it must be forced, as in
/// Loki, where some of the lines may be gone by then.
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<StatusCode, Refusal> {
    check_mode(&app, &tenant)?;
    let id = params.get("request_id").unwrap_or_default();
    let requests = app.store.delete_requests(&tenant);
    let request = requests.iter().find(|request| request.id.to_string() == id);
    if let Some(request) = request {
        if params.get("force") != Some("true") {
            let age = app.clock.now().since(request.created_at);
            check_age(age, app.config.delete_request_cancel_period)?;
        }
        if app.store.cancel_delete_request(&tenant, id).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    let text = format!("could not find delete request with given id {id:?}");
    Err(Refusal::new(StatusCode::NOT_FOUND, text))
}

fn check_age(age: Duration, period: Duration) -> Result<(), Refusal> {
    if age <= period {
        return Ok(());
    }
    let period = human_duration(period);
    Err(Refusal::bad_request(format!(
        "the delete request is past the deadline of {period} since its creation; add `force=true` \
         to cancel it all the same"
    )))
}

fn check_mode(app: &App, tenant: &TenantId) -> Result<(), Refusal> {
    if app.policy(tenant).limits.deletion_mode == DeletionMode::Disabled {
        let text = "deletion is not available for this tenant; see `limits_config.deletion_mode`";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    Ok(())
}

fn shown(request: &store::DeleteRequest) -> DeleteRequest {
    DeleteRequest {
        request_id: request.id.to_string(),
        start_time: seconds(request.start),
        end_time: seconds(request.end),
        query: request.query.clone(),
        status: if request.erased_at.is_some() { PROCESSED } else { RECEIVED }.to_owned(),
        created_at: Some(seconds(request.created_at)),
    }
}
