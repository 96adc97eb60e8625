//! `/loki/api/v1/detected_labels`, `…/detected_fields` and `…/detected_field/{name}/values`: what
//! Grafana's log apps offer to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use logql::ast::Expr;
use logql::eval::{Direction, Value};
use loki::Params;
use loki::detected::{DetectedFields, DetectedLabel, DetectedLabels, DetectedValues, FieldsQuery};
use loki::series::SelectorQuery;
use model::TenantId;
use query::{Kind, Request};

use super::json::Json;
use crate::app::App;
use crate::fields::Fields;
use crate::limit::{check_bounds, check_entries};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::select::{Selector, streams};
use crate::tenant::Tenant;

/// Labels that are shown whatever their values look like.
const ALWAYS_SHOWN: [&str; 4] = ["cluster", "namespace", "instance", "pod"];

/// The labels worth showing: not those whose values are nothing but ids.
pub(crate) async fn labels(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<DetectedLabels>, Refusal> {
    let asked = SelectorQuery::parse(&params, app.clock.now())?;
    // Drilldown asks for everything with `{}`, which is no selector elsewhere.
    let query = asked.query.as_deref().filter(|text| *text != "{}");
    let selector = query.map(Selector::parse).transpose()?;
    let found = streams(&app, &tenant, &asked.bounds, selector.into_iter().collect()).await?;
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in found.iter().flat_map(|stream| stream.labels.iter()) {
        values.entry(name).or_default().insert(value);
    }
    let shown = values.into_iter().filter(|(name, values)| is_shown(name, values));
    let detected_labels = shown.map(|(name, values)| DetectedLabel {
        label: name.to_owned(),
        cardinality: values.len() as u64,
    });
    Ok(Json(DetectedLabels { detected_labels: detected_labels.collect() }))
}

fn is_shown(name: &str, values: &BTreeSet<&str>) -> bool {
    let is_flag = values.iter().all(|value| matches!(*value, "0" | "1"));
    ALWAYS_SHOWN.contains(&name) || is_flag || !values.iter().all(|value| is_id(value))
}

/// A number or a UUID.
fn is_id(value: &str) -> bool {
    value.parse::<f64>().is_ok() || is_uuid(value)
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The fields of the newest lines.
pub(crate) async fn fields(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<DetectedFields>, Refusal> {
    let (found, limit) = look(&app, tenant, &params).await?;
    let fields = found.fields(limit);
    Ok(Json(DetectedFields { limit: if fields.is_empty() { 0 } else { limit }, fields }))
}

/// The values of one field in the newest lines.
pub(crate) async fn values(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Path(name): Path<String>,
    Asked(params): Asked,
) -> Result<Json<DetectedValues>, Refusal> {
    let (found, limit) = look(&app, tenant, &params).await?;
    let values = found.values(&name, limit);
    Ok(Json(DetectedValues { limit: if values.is_empty() { 0 } else { limit }, values }))
}

/// Looks at the newest lines of a query. Gives their fields, and how many are asked for.
async fn look(app: &App, tenant: TenantId, params: &Params) -> Result<(Fields, usize), Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let mut asked = FieldsQuery::parse(params, now)?;
    let query = policy.parse(&asked.query)?;
    if !matches!(query, Expr::Log(_)) {
        return Err(Refusal::bad_request("only log selector is supported"));
    }
    asked.bounds = check_bounds(asked.bounds, now, &policy.limits)?;
    check_entries(asked.line_limit, &policy.limits)?;
    let engine = app.engine(&tenant);
    let request = Request {
        tenant,
        query,
        kind: Kind::Range {
            start: asked.bounds.start,
            end: asked.bounds.end,
            step: Duration::from_secs(1),
        },
        limit: asked.line_limit,
        direction: Direction::Backward,
        interval: Duration::ZERO,
    };
    let answer = engine.run(request).await?;
    let mut fields = Fields::new().map_err(|error| Refusal::bad_request(error.to_string()))?;
    if let Value::Streams(mut streams) = answer.value {
        // The last line decides about a type, so the order must be the same each time.
        streams.sort_by(|a, b| a.labels.cmp(&b.labels));
        streams.iter().for_each(|stream| fields.add(stream));
    }
    Ok((fields, asked.limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, values: &[&str], expect: bool) {
        assert_eq!(is_shown(name, &values.iter().copied().collect()), expect, "for {values:?}");
    }

    #[test]
    fn labels_of_nothing_but_ids_are_not_shown() {
        check("task", &["extract", "7"], true);
        check("id", &["1", "2.5", "-3"], false);
        check("id", &["0b2b9b5e-3b0c-4f0e-9a52-0f9d3a1c7e11", "4"], false);
        check("id", &["0b2b9b5e-3b0c-4f0e-9a52-0f9d3a1c7e1"], true);
        check("pod", &["1", "2"], true);
        check("flag", &["0", "1"], true);
    }
}
