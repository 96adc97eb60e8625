//! `RangeWindowExec`: rows go in, one aggregate for each series and pane comes out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt64Type};
use datafusion_common::Result;
use datafusion_execution::memory_pool::MemoryReservation;
use model::{Labels, Timestamp};

use super::sample::{SERIES_BYTES, read_series, series_column, series_field};
use super::sampling::{Counted, Memory, Sampling};
use super::unary::Operator;
use crate::stats::Counters;
use crate::window::{PaneSpan, Windows};

/// Aggregates the samples of each series by pane.
#[derive(Debug)]
pub(crate) struct RangeWindowExec {
    pub(crate) sampling: Sampling,
    pub(crate) windows: Windows,
    pub(crate) counters: Arc<Counters>,
}

/// All that the functions over panes need: how many samples, their sum, least and greatest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pane {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Pane {
    pub(crate) fn of(value: f64) -> Self {
        Self { count: 1, sum: value, min: value, max: value }
    }

    /// So many samples of 1.
    fn of_ones(count: usize) -> Self {
        Self { count: count as u64, sum: count as f64, min: 1.0, max: 1.0 }
    }

    /// The pane of both panes' samples. Of NaN and a number the number is the least and greatest.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// The panes of each series.
#[derive(Debug, Default)]
pub(crate) struct Panes {
    series: HashMap<Labels, usize>,
    panes: Vec<HashMap<i64, Pane>>,
    count: usize,
}

/// A pane in a hash map that is half empty.
const PANE_BYTES: usize = 2 * (size_of::<i64>() + size_of::<Pane>());

impl Panes {
    fn series(&mut self, labels: &Labels) -> usize {
        if let Some(index) = self.series.get(labels) {
            return *index;
        }
        self.panes.push(HashMap::new());
        self.series.insert(labels.clone(), self.panes.len() - 1);
        self.panes.len() - 1
    }

    fn add(&mut self, series: usize, pane: i64, value: &Pane) {
        match self.panes[series].entry(pane) {
            Entry::Occupied(mut known) => known.get_mut().merge(value),
            Entry::Vacant(free) => {
                free.insert(*value);
                self.count += 1;
            }
        }
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.series.len() * SERIES_BYTES + self.count * PANE_BYTES
    }

    /// Adds what [`RangeWindowExec`] emitted.
    pub(crate) fn add_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let (labels, keys) = read_series(batch.column(0))?;
        let index: Vec<usize> = labels.iter().map(|labels| self.series(labels)).collect();
        let panes = batch.column(1).as_primitive::<Int64Type>();
        let count = batch.column(2).as_primitive::<UInt64Type>();
        let [sum, min, max] = [3, 4, 5].map(|i| batch.column(i).as_primitive::<Float64Type>());
        for row in 0..batch.num_rows() {
            let pane = Pane {
                count: count.value(row),
                sum: sum.value(row),
                min: min.value(row),
                max: max.value(row),
            };
            self.add(index[keys.value(row) as usize], panes.value(row), &pane);
        }
        Ok(())
    }

    /// Each series with its panes in order of time.
    pub(crate) fn into_series(self) -> Vec<(Labels, Vec<(i64, Pane)>)> {
        let Self { series, mut panes, .. } = self;
        let sorted = series.into_iter().map(|(labels, index)| {
            let mut panes: Vec<_> = std::mem::take(&mut panes[index]).into_iter().collect();
            panes.sort_unstable_by_key(|(pane, _)| *pane);
            (labels, panes)
        });
        sorted.collect()
    }
}

/// The samples of one pane that come one after the other: rows are sorted by stream and time, so
/// that a pane is looked up once for many of them.
#[derive(Debug, Clone, Copy)]
struct PaneRun {
    series: u32,
    span: PaneSpan,
    sum: Pane,
}

/// The state of one partition.
#[derive(Debug)]
pub(crate) struct State {
    memory: Memory,
    panes: Panes,
    reserved: MemoryReservation,
}

impl State {
    fn close(&mut self, run: PaneRun) {
        let series = self.panes.series(&self.memory.interned.series[run.series as usize]);
        self.panes.add(series, run.span.pane, &run.sum);
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        series_field(),
        Field::new("pane", DataType::Int64, false),
        Field::new("count", DataType::UInt64, false),
        Field::new("sum", DataType::Float64, false),
        Field::new("min", DataType::Float64, false),
        Field::new("max", DataType::Float64, false),
    ]))
});

impl Operator for RangeWindowExec {
    const NAME: &'static str = "RangeWindowExec";
    type State = State;

    fn describe(&self) -> String {
        let lines = self.sampling.rows.filters_lines() || self.sampling.sampler.needs_line();
        format!("windows={}, reads lines={lines}", self.windows.len())
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn start(&self, reserved: MemoryReservation) -> State {
        State { memory: Memory::default(), panes: Panes::default(), reserved }
    }

    fn push(&self, state: &mut State, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let runs = if self.sampling.only_counts() {
            self.count(&mut state.memory, batch)?
        } else {
            self.aggregate(&mut state.memory, batch)?
        };
        let passed = runs.iter().map(|run| run.sum.count).sum::<u64>();
        Counters::add(&self.counters.passed, usize::try_from(passed).unwrap_or(usize::MAX));
        runs.into_iter().for_each(|run| state.close(run));
        state.reserved.try_resize(state.panes.bytes())?;
        Ok(None)
    }

    fn finish(&self, state: State) -> Result<Option<RecordBatch>> {
        let series = state.panes.into_series();
        if series.is_empty() { Ok(None) } else { encode(&series).map(Some) }
    }
}

impl RangeWindowExec {
    /// Rows that count one each: how many there are to the end of a pane is found by bisection.
    fn count(&self, memory: &mut Memory, batch: &RecordBatch) -> Result<Vec<PaneRun>> {
        let mut runs = Vec::new();
        self.sampling.each_counted(memory, batch, |Counted { series, mut times }| {
            while let Some(first) = times.first() {
                let span = self.windows.pane_span(Timestamp(*first));
                let inside = times.partition_point(|time| span.contains(Timestamp(*time)));
                runs.push(PaneRun { series, span, sum: Pane::of_ones(inside) });
                times = &times[inside..];
            }
        })?;
        Ok(runs)
    }

    fn aggregate(&self, memory: &mut Memory, batch: &RecordBatch) -> Result<Vec<PaneRun>> {
        let mut runs: Vec<PaneRun> = Vec::new();
        self.sampling.each(memory, batch, |sample| {
            let value = Pane::of(sample.value);
            match runs.last_mut() {
                Some(run) if run.series == sample.series && run.span.contains(sample.time) => {
                    run.sum.merge(&value);
                }
                _ => {
                    let (series, span) = (sample.series, self.windows.pane_span(sample.time));
                    runs.push(PaneRun { series, span, sum: value });
                }
            }
        })?;
        Ok(runs)
    }
}

fn encode(series: &[(Labels, Vec<(i64, Pane)>)]) -> Result<RecordBatch> {
    let labels: Vec<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
    let rows =
        || series.iter().zip(0_u32..).flat_map(|((_, p), key)| p.iter().map(move |p| (key, p)));
    let column = |get: fn(&Pane) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows().map(|(_, (_, pane))| get(pane))))
    };
    let columns: Vec<ArrayRef> = vec![
        series_column(rows().map(|(key, _)| key).collect(), &labels)?,
        Arc::new(Int64Array::from_iter_values(rows().map(|(_, (pane, _))| *pane))),
        Arc::new(UInt64Array::from_iter_values(rows().map(|(_, (_, pane))| pane.count))),
        column(|pane| pane.sum),
        column(|pane| pane.min),
        column(|pane| pane.max),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}
