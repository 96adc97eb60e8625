//! `/airflow/v1/runs`: runs of DAGs that have ended, the latest first.

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

pub(crate) async fn runs(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Runs>, Refusal> {
    let (runs, total) = first(&app, &tenant, &params, Kind::Run).await?;
    Ok(Json(Runs { runs, total }))
}

#[derive(Debug, Serialize)]
pub(crate) struct Runs {
    runs: Vec<Record>,
    /// How many there are; `runs` may have fewer.
    total: usize,
}
