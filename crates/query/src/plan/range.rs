//! The plan of a range aggregation: *scan → partial panes*, or *scan → samples*.

use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;
use logql::ast::RangeOp;

use crate::exec::range_window::RangeWindowExec;
use crate::exec::sample::SampleExec;
use crate::exec::sampling::Sampling;
use crate::exec::unary::UnaryExec;
use crate::stats::Counters;
use crate::window::Windows;

/// Whether a function can be put together from panes. The others see each sample of a window.
pub(crate) fn works_on_panes(op: RangeOp) -> bool {
    use RangeOp::{
        AbsentOverTime, AvgOverTime, BytesOverTime, BytesRate, CountOverTime, MaxOverTime,
        MinOverTime, Rate, SumOverTime,
    };
    matches!(
        op,
        CountOverTime
            | Rate
            | BytesOverTime
            | BytesRate
            | SumOverTime
            | AvgOverTime
            | MinOverTime
            | MaxOverTime
            | AbsentOverTime
    )
}

/// Panes leave the plan: read them with [`crate::exec::range_window::Panes`].
pub(crate) fn panes(
    scan: Arc<dyn ExecutionPlan>,
    sampling: Sampling,
    windows: Windows,
    counters: Arc<Counters>,
) -> Arc<dyn ExecutionPlan> {
    let operator = RangeWindowExec { sampling, windows, counters };
    Arc::new(UnaryExec::new(Arc::new(operator), scan))
}

/// Samples leave the plan: read them with [`crate::exec::sample::decode`].
pub(crate) fn samples(
    scan: Arc<dyn ExecutionPlan>,
    sampling: Sampling,
    counters: Arc<Counters>,
) -> Arc<dyn ExecutionPlan> {
    Arc::new(UnaryExec::new(Arc::new(SampleExec { sampling, counters }), scan))
}
