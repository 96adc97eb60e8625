//! `/airflow/v1/dags`: what each DAG did.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::asked::found;
use crate::api::json::Json;
use crate::app::App;
use crate::lifecycle::{Kind, Record};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn dags(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Dags>, Refusal> {
    let mut dags: BTreeMap<(String, String), Dag> = BTreeMap::new();
    for record in found(&app, &tenant, &params, None).await? {
        let dag = dags.entry((record.namespace.clone(), record.dag_id.clone())).or_default();
        match record.kind {
            Kind::Run => dag.runs.add(record),
            Kind::Try => dag.tries.add(record),
        }
    }
    let named = |((namespace, dag_id), dag)| Dag { namespace, dag_id, ..dag };
    let dags = dags.into_iter().map(named);
    Ok(Json(Dags { dags: dags.collect() }))
}

#[derive(Debug, Serialize)]
pub(crate) struct Dags {
    dags: Vec<Dag>,
}

#[derive(Debug, Default, Serialize)]
struct Dag {
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    dag_id: String,
    runs: Counts,
    tries: Counts,
}

/// How many there were in each state, and when the last one ended.
#[derive(Debug, Default, Serialize)]
struct Counts {
    states: BTreeMap<String, u64>,
    last_end: Option<String>,
}

impl Counts {
    /// Takes the latest first.
    fn add(&mut self, record: Record) {
        *self.states.entry(record.state).or_default() += 1;
        self.last_end = self.last_end.take().or(record.end);
    }
}
