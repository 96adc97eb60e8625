//! What all our operators over one input have in common as DataFusion's plans.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{Result, internal_err};
use datafusion_execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};

/// What an operator does to the batches of one partition.
pub(crate) trait Operator: fmt::Debug + Send + Sync + 'static {
    /// The operator's name in a plan.
    const NAME: &'static str;
    /// State of one partition.
    type State: Send + 'static;

    /// What it does, in a plan.
    fn describe(&self) -> String;
    /// The schema of what leaves it.
    fn schema(&self) -> SchemaRef;
    /// The state before the first batch. What it holds from batch to batch is to be reserved.
    fn start(&self, memory: MemoryReservation) -> Self::State;
    /// One batch in, perhaps one out.
    fn push(&self, state: &mut Self::State, batch: &RecordBatch) -> Result<Option<RecordBatch>>;
    /// What is left after the last batch.
    fn finish(&self, state: Self::State) -> Result<Option<RecordBatch>>;
}

/// An [`Operator`] as a DataFusion plan that keeps its input's partitions.
#[derive(Debug)]
pub(crate) struct UnaryExec<O> {
    operator: Arc<O>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl<O: Operator> UnaryExec<O> {
    pub(crate) fn new(operator: Arc<O>, input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(operator.schema()),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { operator, input, properties }
    }
}

impl<O: Operator> DisplayAs for UnaryExec<O> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", O::NAME, self.operator.describe())
    }
}

impl<O: Operator> ExecutionPlan for UnaryExec<O> {
    fn name(&self) -> &str {
        O::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(Arc::clone(&self.operator), input))),
            _ => internal_err!("{} has one child", O::NAME),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let memory = MemoryConsumer::new(O::NAME).register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let operator = Arc::clone(&self.operator);
        let state = operator.start(memory);
        let batches = stream::try_unfold(Some((input, operator, state)), |work| async move {
            let Some((mut input, operator, mut state)) = work else { return Ok(None) };
            while let Some(batch) = input.next().await {
                if let Some(out) = operator.push(&mut state, &batch?)? {
                    return Ok(Some((Some(out), Some((input, operator, state)))));
                }
            }
            Ok(Some((operator.finish(state)?, None)))
        });
        let batches = batches.try_filter_map(|batch| async move { Ok(batch) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}
