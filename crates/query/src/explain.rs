//! How a query was answered, for people: its plans, what they left out, and what they read.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion_physical_plan::{ExecutionPlan, displayable};

use crate::Stats;

/// The plans of a query. Nothing is written until somebody wants to read it.
#[derive(Debug, Clone, Default)]
pub struct Explain(Vec<Arc<dyn ExecutionPlan>>);

impl Explain {
    /// A line for each operator, those that feed another indented below it, and a last one with
    /// what was read.
    #[must_use]
    pub fn lines(&self, stats: &Stats) -> Vec<String> {
        let plans = self.0.iter().map(|plan| displayable(plan.as_ref()).indent(false).to_string());
        let mut lines: Vec<String> =
            plans.flat_map(|plan| plan.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        let Stats { partitions, lines: rows, bytes, passed, elapsed } = stats;
        lines.push(format!(
            "read: partitions={partitions}, rows={rows}, line bytes={bytes}, passed={passed}, \
             time={elapsed:.1?}"
        ));
        lines
    }
}

/// Takes note of the plans while a query runs.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<Explain>);

impl Plans {
    pub(crate) fn add(&self, plan: &Arc<dyn ExecutionPlan>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(Arc::clone(plan));
    }

    /// What was noted so far.
    pub(crate) fn explain(&self) -> Explain {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
