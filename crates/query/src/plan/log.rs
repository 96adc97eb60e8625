//! The plan of a query for lines: *scan → pipeline → the first `limit` rows in order*.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion_common::Result;
use datafusion_physical_expr::expressions::Column;
use datafusion_physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::sorts::sort::SortExec;
use datafusion_physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use logql::ast::Stage;
use logql::eval::Direction;
use logql::pipeline::{Pipeline, StageError};

use crate::exec::pipeline::PipelineExec;
use crate::exec::unary::UnaryExec;
use crate::scan::SEQUENCE;

/// The stages of a query: the line filters that stand first, and the rest. The former look at
/// nothing but the line, so they run before a row's labels are looked at.
pub(crate) fn split(stages: &[Stage]) -> Result<(Pipeline, Pipeline), StageError> {
    let filters = stages.iter().take_while(|stage| matches!(stage, Stage::LineFilter(_))).count();
    let (filters, rest) = stages.split_at(filters);
    Ok((Pipeline::new(filters)?, Pipeline::new(rest)?))
}

/// `limit` 0 means all rows.
pub(crate) fn plan(
    scan: Arc<dyn ExecutionPlan>,
    pipeline: PipelineExec,
    direction: Direction,
    limit: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let rows = Arc::new(UnaryExec::new(Arc::new(pipeline), scan));
    let order = ordering(&rows.schema(), direction)?;
    let fetch = (limit > 0).then_some(limit);
    let sorted = SortExec::new(order.clone(), rows).with_preserve_partitioning(true);
    let sorted = Arc::new(sorted.with_fetch(fetch));
    Ok(Arc::new(SortPreservingMergeExec::new(order, sorted).with_fetch(fetch)))
}

/// All rows, in no order.
pub(crate) fn unordered(
    scan: Arc<dyn ExecutionPlan>,
    pipeline: PipelineExec,
) -> Arc<dyn ExecutionPlan> {
    Arc::new(UnaryExec::new(Arc::new(pipeline), scan))
}

/// By time, and among equal times in the order of the push; both reversed for a backward query.
fn ordering(schema: &SchemaRef, direction: Direction) -> Result<LexOrdering> {
    let descending = direction == Direction::Backward;
    let options = SortOptions { descending, nulls_first: false };
    let by = |name| -> Result<_> {
        Ok(PhysicalSortExpr::new(Arc::new(Column::new_with_schema(name, schema)?), options))
    };
    let columns = [by("timestamp")?, by(SEQUENCE)?];
    LexOrdering::new(columns).ok_or_else(|| {
        datafusion_common::internal_datafusion_err!("an ordering of two columns is not empty")
    })
}
