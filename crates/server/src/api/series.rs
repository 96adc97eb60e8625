//! `/loki/api/v1/series`: the label sets of streams.

use std::sync::Arc;

use axum::extract::State;
use loki::response::{LabelMap, Status};
use loki::series::{SeriesQuery, SeriesResponse};
use model::Labels;

use super::json::Json;
use crate::app::App;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::select::{Selector, streams};
use crate::tenant::Tenant;

pub(crate) async fn series(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<SeriesResponse>, Refusal> {
    let asked = SeriesQuery::parse(&params, app.clock.now())?;
    let selectors = asked.matches.iter().map(|text| Selector::parse(text));
    let selectors = selectors.collect::<Result<Vec<_>, _>>()?;
    let streams = streams(&app, &tenant, &asked.bounds, selectors).await?;
    let data = streams.iter().map(|stream| label_map(&stream.labels)).collect();
    Ok(Json(SeriesResponse { status: Status::Success, data }))
}

fn label_map(labels: &Labels) -> LabelMap {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
