//! `/airflow/v1/durations`: how long the tries of each task took.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::asked::found;
use crate::api::json::Json;
use crate::app::App;
use crate::lifecycle::Kind;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

pub(crate) async fn durations(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<Durations>, Refusal> {
    let mut tasks: BTreeMap<(String, String, String), Vec<f64>> = BTreeMap::new();
    for record in found(&app, &tenant, &params, Some(Kind::Try)).await? {
        if let (Some(task_id), Some(duration)) = (record.task_id, record.duration) {
            let task = (record.namespace, record.dag_id, task_id);
            tasks.entry(task).or_default().push(duration);
        }
    }
    let tasks = tasks.into_iter().map(|((namespace, dag_id, task_id), durations)| Task {
        namespace,
        dag_id,
        task_id,
        seconds: Summary::new(durations),
    });
    Ok(Json(Durations { tasks: tasks.collect() }))
}

#[derive(Debug, Serialize)]
pub(crate) struct Durations {
    tasks: Vec<Task>,
}

#[derive(Debug, Serialize)]
struct Task {
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    dag_id: String,
    task_id: String,
    seconds: Summary,
}

/// Quantiles are those of the values themselves: the least that is not below so large a part.
#[derive(Debug, PartialEq, Serialize)]
struct Summary {
    count: usize,
    mean: f64,
    min: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Summary {
    /// Of at least one value.
    fn new(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len();
        let at = |part: f64| {
            let rank = (part * count as f64).ceil() as usize;
            values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self {
            count,
            mean: values.iter().sum::<f64>() / count.max(1) as f64,
            min: at(0.0),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f64], expect: [f64; 6]) {
        let Summary { count, mean, min, p50, p90, p99, max } = Summary::new(values.to_vec());
        assert_eq!(count, values.len());
        assert_eq!([mean, min, p50, p90, p99, max], expect);
    }

    #[test]
    fn quantiles_are_values_that_were() {
        check(&[7.0], [7.0; 6]);
        check(&[3.0, 1.0], [2.0, 1.0, 1.0, 3.0, 3.0, 3.0]);
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        check(&hundred, [50.5, 1.0, 50.0, 90.0, 99.0, 100.0]);
    }
}
