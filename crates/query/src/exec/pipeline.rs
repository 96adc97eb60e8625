//! `PipelineExec`: rows go in, the lines that pass all stages come out with their labels.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, DictionaryArray, PrimitiveBuilder, RecordBatch, StringArray, StringViewBuilder,
    UInt32Array, UInt64Builder,
};
use arrow::datatypes::{
    DataType, Field, Schema, SchemaRef, TimeUnit, TimestampNanosecondType, UInt32Type,
};
use datafusion_common::Result;
use datafusion_execution::memory_pool::MemoryReservation;
use logql::pipeline::{Pipeline, ResultLabels, RowLabels};

use super::horizon::{Horizon, Nearest};
use super::rows::{Base, KnownStreams, RowReader, Rows, Run};
use super::unary::Operator;
use crate::answer;
use crate::scan::SEQUENCE;
use crate::stats::Counters;

/// Runs the stages of a query for lines.
#[derive(Debug)]
pub(crate) struct PipelineExec {
    pub(crate) rows: RowReader,
    /// The stages after the line filters.
    pub(crate) stages: Pipeline,
    pub(crate) horizon: Option<Arc<Horizon>>,
    pub(crate) counters: Arc<Counters>,
}

/// `timestamp`, `line`, `labels` (the text of [`answer::encode`]), `sequence`.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Nanosecond, None), false),
        Field::new("line", DataType::Utf8View, false),
        Field::new_dictionary("labels", DataType::UInt32, DataType::Utf8, false),
        Field::new(SEQUENCE, DataType::UInt64, false),
    ]))
});

/// The state of one partition.
pub(crate) struct State {
    labels: RowLabels,
    known: KnownStreams,
    nearest: Option<Nearest>,
}

impl Operator for PipelineExec {
    const NAME: &'static str = "PipelineExec";
    type State = State;

    fn describe(&self) -> String {
        format!("reads lines={}", self.rows.filters_lines() || self.stages.needs_line())
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn start(&self, _: MemoryReservation) -> State {
        let nearest = self.horizon.as_ref().map(|horizon| horizon.nearest());
        State { labels: RowLabels::default(), known: KnownStreams::default(), nearest }
    }

    fn push(&self, state: &mut State, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let rows = self.rows.read(batch)?;
        let mut out = Output::default();
        for run in rows.runs() {
            self.run(state, &rows, run, &mut out)?;
        }
        Counters::add(&self.counters.passed, out.label_keys.len());
        if out.label_keys.is_empty() { Ok(None) } else { out.finish().map(Some) }
    }

    fn finish(&self, _: State) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

impl PipelineExec {
    fn run(&self, state: &mut State, rows: &Rows<'_>, run: &Run, out: &mut Output) -> Result<()> {
        // Most runs have no line that passes a filter, and their labels are never made.
        let mut base: Option<Base> = None;
        for row in rows.candidates(run) {
            let time = rows.time(row);
            let is_wanted = self.horizon.as_ref().is_none_or(|horizon| horizon.admits(time));
            if !is_wanted || !rows.passes(row, &mut state.labels) {
                continue;
            }
            if base.is_none() {
                base = rows.base(run, &mut state.known)?;
            }
            let Some(base) = &base else { break };
            if rows.is_hidden(row, base, &mut state.labels) {
                continue;
            }
            if !self.row(&mut state.labels, rows, row, (run.number, base), out) {
                continue;
            }
            if let (Some(horizon), Some(nearest)) = (&self.horizon, &mut state.nearest) {
                horizon.note(nearest, time);
            }
        }
        Ok(())
    }

    /// Whether the row passes the stages.
    fn row(
        &self,
        labels: &mut RowLabels,
        rows: &Rows<'_>,
        row: usize,
        (number, base): (usize, &Base),
        out: &mut Output,
    ) -> bool {
        let line = rows.line(row);
        if self.stages.is_empty() {
            out.base(number, || {
                labels.reset(&base.stream, &base.metadata);
                labels.result()
            });
            out.push(rows, row, line);
            return true;
        }
        labels.reset(&base.stream, &base.metadata);
        let Some(line) = self.stages.process(rows.time(row), line, labels) else { return false };
        out.distinct(&labels.result());
        out.push(rows, row, &line);
        true
    }
}

/// The rows that passed, column by column.
#[derive(Default)]
struct Output {
    times: PrimitiveBuilder<TimestampNanosecondType>,
    lines: StringViewBuilder,
    sequence: UInt64Builder,
    label_keys: Vec<u32>,
    label_texts: Vec<String>,
    by_base: HashMap<usize, u32>,
    by_text: HashMap<String, u32>,
}

impl Output {
    /// The next row has the labels of its base, which are made once.
    fn base(&mut self, base: usize, make: impl FnOnce() -> ResultLabels) {
        let key = match self.by_base.get(&base) {
            Some(key) => *key,
            None => self.intern(answer::encode(&make())),
        };
        self.by_base.insert(base, key);
        self.label_keys.push(key);
    }

    /// The next row has these labels.
    fn distinct(&mut self, labels: &ResultLabels) {
        let key = self.intern(answer::encode(labels));
        self.label_keys.push(key);
    }

    fn intern(&mut self, text: String) -> u32 {
        if let Some(key) = self.by_text.get(&text) {
            return *key;
        }
        let key = u32::try_from(self.label_texts.len()).expect("a batch has under 2^32 rows");
        self.label_texts.push(text.clone());
        self.by_text.insert(text, key);
        key
    }

    fn push(&mut self, rows: &Rows<'_>, row: usize, line: &str) {
        self.times.append_value(rows.time(row).0);
        self.lines.append_value(line);
        self.sequence.append_value(rows.sequence(row));
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let texts = StringArray::from(self.label_texts);
        let labels = DictionaryArray::<UInt32Type>::try_new(
            UInt32Array::from(self.label_keys),
            Arc::new(texts),
        )?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.times.finish()),
            Arc::new(self.lines.finish()),
            Arc::new(labels),
            Arc::new(self.sequence.finish()),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
    }
}
