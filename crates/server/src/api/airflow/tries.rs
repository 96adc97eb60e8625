//! `/airflow/v1/tries`: tries of tasks, the running ones first, then the latest.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::asked::first;
use crate::api::json::Json;
use crate::app::App;
use crate::lifecycle::{Kind, Record};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn tries(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Tries>, Refusal> {
    let (tries, total) = first(&app, &tenant, &params, Kind::Try).await?;
    Ok(Json(Tries { tries, total }))
}

#[derive(Debug, Serialize)]
pub(crate) struct Tries {
    tries: Vec<Record>,
    /// How many there are; `tries` may have fewer.
    total: usize,
}
