//! What has ended, counted under the names of Airflow's own metrics.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use model::TenantId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Record;

/// DAGs with tasks that have numbers of their own; those that come later share one.
const TASKS_MAX: usize = 2_000;
/// Their name.
const OTHERS: &str = "others";

/// Counters of tries and runs, from the records as they are first kept.
#[derive(Debug)]
pub(crate) struct Ended {
    tries: Family<TryLabels, Counter>,
    try_durations: Family<TaskLabels, Histogram, Durations>,
    successful_runs: Family<DagLabels, Histogram, Durations>,
    failed_runs: Family<DagLabels, Histogram, Durations>,
    known: Mutex<HashSet<TaskLabels>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TryLabels {
    tenant: String,
    namespace: String,
    dag_id: String,
    task_id: String,
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    tenant: String,
    namespace: String,
    dag_id: String,
    task_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DagLabels {
    tenant: String,
    namespace: String,
    dag_id: String,
}

/// From a task that does nothing to one that takes the night.
#[derive(Debug, Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new([1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0])
    }
}

impl Ended {
    /// Makes the metrics and registers them.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let ended = Self {
            tries: Family::default(),
            try_durations: Family::new_with_constructor(Durations),
            successful_runs: Family::new_with_constructor(Durations),
            failed_runs: Family::new_with_constructor(Durations),
            known: Mutex::default(),
        };
        registry.register("airflow_ti_finish", "Tries that ended", ended.tries.clone());
        registry.register(
            "airflow_task_duration",
            "Seconds that tries took",
            ended.try_durations.clone(),
        );
        registry.register(
            "airflow_dagrun_duration_success",
            "Seconds that runs took which succeeded",
            ended.successful_runs.clone(),
        );
        registry.register(
            "airflow_dagrun_duration_failed",
            "Seconds that runs took which failed",
            ended.failed_runs.clone(),
        );
        ended
    }

    /// Counts a record that was kept. A correction is of something that was counted.
    pub(crate) fn count(&self, tenant: &TenantId, record: &Record) {
        if record.revision > 0 {
            return;
        }
        let labels = self.labels(tenant, record);
        let TaskLabels { tenant, namespace, dag_id, task_id } = labels.clone();
        if record.task_id.is_some() {
            let state = record.state.clone();
            let ended = TryLabels { tenant, namespace, dag_id, task_id, state };
            self.tries.get_or_create(&ended).inc();
            if let Some(duration) = record.duration {
                self.try_durations.get_or_create(&labels).observe(duration);
            }
        } else if let Some(duration) = record.duration {
            let failed = record.state == "failed";
            let runs = if failed { &self.failed_runs } else { &self.successful_runs };
            runs.get_or_create(&DagLabels { tenant, namespace, dag_id }).observe(duration);
        }
    }

    /// DAGs and tasks come and go without end, and what is counted stays in memory.
    fn labels(&self, tenant: &TenantId, record: &Record) -> TaskLabels {
        let labels = |dag_id: &str, task_id: &str| TaskLabels {
            tenant: tenant.to_string(),
            namespace: record.namespace.clone(),
            dag_id: dag_id.to_owned(),
            task_id: task_id.to_owned(),
        };
        let own = labels(&record.dag_id, record.task_id.as_deref().unwrap_or_default());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TASKS_MAX && !known.contains(&own) {
            return labels(OTHERS, OTHERS);
        }
        known.insert(own.clone());
        own
    }
}

#[cfg(test)]
mod tests {
    use airflow::TaskTry;
    use airflow::lifecycle::{Facts, RunRecord, State, Subject, TryRecord};
    use model::Timestamp;
    use prometheus_client::encoding::text::encode;

    use super::*;

    /// Counts tries of so many tasks, and returns the text of the metrics.
    fn counted(tasks: usize, state: State) -> String {
        let mut registry = Registry::default();
        let ended = Ended::new(&mut registry);
        let (start, end) = (Some(Timestamp::from_secs(10)), Some(Timestamp::from_secs(13)));
        for n in 0..tasks {
            let subject = Subject::Try(TaskTry::parse(&format!("d/r/t{n}/-1/1")).unwrap());
            let facts = TryRecord { state: Some(state), start, end, ..TryRecord::default() };
            let facts = Facts::Try(facts);
            ended.count(&TenantId::default(), &Record::new("", &subject, &facts, 0));
            ended.count(&TenantId::default(), &Record::new("", &subject, &facts, 1));
        }
        let subject = Subject::Run { dag_id: "d".to_owned(), run_id: "r".to_owned() };
        let facts = Facts::Run(RunRecord { state: Some(state), start, end });
        ended.count(&TenantId::default(), &Record::new("", &subject, &facts, 0));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert!(text.lines().any(|line| line == expect), "no {expect} in\n{text}");
    }

    #[test]
    fn each_try_and_run_is_counted_once() {
        let text = counted(1, State::Failed);
        let task = r#"tenant="fake",namespace="",dag_id="d",task_id="t0""#;
        check(&text, &format!("airflow_ti_finish_total{{{task},state=\"failed\"}} 1"));
        check(&text, &format!("airflow_task_duration_sum{{{task}}} 3.0"));
        let dag = r#"tenant="fake",namespace="",dag_id="d""#;
        check(&text, &format!("airflow_dagrun_duration_failed_count{{{dag}}} 1"));
        check(
            &counted(0, State::Success),
            &format!("airflow_dagrun_duration_success_sum{{{dag}}} 3.0"),
        );
    }

    #[test]
    fn tasks_beyond_a_bound_are_counted_together() {
        let text = counted(TASKS_MAX + 3, State::Success);
        let others =
            r#"tenant="fake",namespace="",dag_id="others",task_id="others",state="success""#;
        check(&text, &format!("airflow_ti_finish_total{{{others}}} 3"));
    }
}
