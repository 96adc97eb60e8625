//! `/loki/api/v1/labels` and `/loki/api/v1/label/{name}/values`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use loki::Params;
use loki::response::Status;
use loki::series::{LabelsResponse, SelectorQuery};
use model::{Labels, TenantId};

use super::json::Json;
use crate::app::App;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::select::{Selector, streams};
use crate::tenant::Tenant;

/// The names of labels.
pub(crate) async fn names(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<LabelsResponse>, Refusal> {
    let names = |labels: &Labels, found: &mut BTreeSet<String>| {
        for (name, _) in labels.iter() {
            if !found.contains(name) {
                found.insert(name.to_owned());
            }
        }
    };
    collect(&app, &tenant, &params, names).await
}

/// The values of one label.
pub(crate) async fn values(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Path(name): Path<String>,
    Asked(params): Asked,
) -> Result<Json<LabelsResponse>, Refusal> {
    let values = |labels: &Labels, found: &mut BTreeSet<String>| {
        found.extend(labels.get(&name).map(str::to_owned));
    };
    collect(&app, &tenant, &params, values).await
}

/// What `take` finds in the labels of the streams that are asked about, sorted.
async fn collect(
    app: &App,
    tenant: &TenantId,
    params: &Params,
    take: impl Fn(&Labels, &mut BTreeSet<String>),
) -> Result<Json<LabelsResponse>, Refusal> {
    let asked = SelectorQuery::parse(params, app.clock.now())?;
    let selector = asked.query.as_deref().map(Selector::parse).transpose()?;
    let mut found = BTreeSet::new();
    for stream in streams(app, tenant, &asked.bounds, selector.into_iter().collect()).await? {
        take(&stream.labels, &mut found);
    }
    Ok(Json(LabelsResponse { status: Status::Success, data: found.into_iter().collect() }))
}
