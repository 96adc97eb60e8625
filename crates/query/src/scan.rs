//! `ScanExec`: the leaf of every plan, a scan of the store as a DataFusion operator.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{DataFusionError, Result, internal_err};
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, stream};
use store::{Partition, Pruning, Scan};

use crate::exec::horizon::Horizon;
use crate::stats::Counters;

/// The name of the column that keeps the order of the push among rows of equal times.
pub(crate) const SEQUENCE: &str = "sequence";
/// Rows of one partition that the sequence can tell apart; partitions take the bits above.
const SEQUENCE_ROW_BITS: u32 = 40;

/// Reads the partitions of a scan, dealt out to a bounded number of output partitions, and adds
/// the column [`SEQUENCE`]: partitions are ordered by age, so it grows in the order of the pushes.
#[derive(Debug)]
pub(crate) struct ScanExec {
    groups: Vec<Vec<(u64, Arc<Partition>)>>,
    pruning: Pruning,
    horizon: Option<Arc<Horizon>>,
    counters: Arc<Counters>,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    pub(crate) fn new(
        scan: Scan,
        target_partitions: usize,
        horizon: Option<Arc<Horizon>>,
        counters: Arc<Counters>,
    ) -> Self {
        let (schema, pruning) = (with_sequence(&scan.schema), scan.pruning);
        let mut groups = deal(scan.partitions, target_partitions);
        if let Some(horizon) = &horizon {
            // What is wanted first is read first, so that the rest may not be read at all.
            groups.iter_mut().for_each(|group| group.sort_by_key(|(_, p)| horizon.order(p.time())));
        }
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { groups, pruning, horizon, counters, properties }
    }
}

/// Deals partitions out so that each group reads about as many rows; the largest go first.
fn deal(partitions: Vec<Partition>, groups_max: usize) -> Vec<Vec<(u64, Arc<Partition>)>> {
    let count = partitions.len().clamp(1, groups_max.max(1));
    let mut groups: Vec<(u64, Vec<_>)> = (0..count).map(|_| (0, Vec::new())).collect();
    let mut numbered: Vec<_> = partitions.into_iter().zip(0_u64..).collect();
    numbered.sort_by_key(|(partition, _)| std::cmp::Reverse(partition.rows_max()));
    for (partition, number) in numbered {
        if let Some((rows, group)) = groups.iter_mut().min_by_key(|(rows, _)| *rows) {
            *rows += partition.rows_max();
            group.push((number, Arc::new(partition)));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn with_sequence(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(SEQUENCE, DataType::UInt64, false)));
    Arc::new(Schema::new(fields))
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partitions: usize = self.groups.iter().map(Vec::len).sum();
        let Pruning { segments, segments_of, rows, rows_of } = self.pruning;
        let schema = self.schema();
        let columns: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(
            f,
            "ScanExec: segments={segments} of {segments_of}, rows<={rows} of {rows_of}, \
             partitions={partitions}, columns=[{}]",
            columns.join(", ")
        )
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no children") }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let (output, counters) = (Arc::clone(&schema), Arc::clone(&self.counters));
        let rows = context.session_config().batch_size();
        let horizon = self.horizon.clone();
        let parts = stream::iter(self.groups[partition].clone());
        let batches = parts.flat_map(move |(number, part)| {
            let (first, last) = part.time();
            if horizon.as_ref().is_some_and(|horizon| !horizon.admits_any(first, last)) {
                return stream::empty().left_stream();
            }
            Counters::add(&counters.partitions, 1);
            numbered(&part, number, rows, Arc::clone(&output), Arc::clone(&counters)).right_stream()
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn numbered(
    part: &Partition,
    number: u64,
    batch_rows: usize,
    schema: SchemaRef,
    counters: Arc<Counters>,
) -> impl futures::Stream<Item = Result<RecordBatch>> + Send + use<> {
    let mut next = number << SEQUENCE_ROW_BITS;
    part.open(batch_rows).map(move |batch| {
        let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let rows = batch.num_rows();
        Counters::add(&counters.lines, rows);
        let read = counters.read(line_bytes(&batch));
        read.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let sequence = UInt64Array::from_iter_values(next..next + rows as u64);
        next += rows as u64;
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns.push(Arc::new(sequence));
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    })
}

fn line_bytes(batch: &RecordBatch) -> usize {
    let lines = batch.column_by_name("line").and_then(|c| c.as_any().downcast_ref());
    lines.map_or(0, |lines: &StringViewArray| lines.lengths().map(|n| n as usize).sum())
}
