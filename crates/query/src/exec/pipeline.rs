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
use logql::pipeline::{Pipeline, ResultLabels, RowLabels};
use model::Labels;

use super::horizon::{Horizon, Nearest};
use super::rows::{Base, RowReader, Rows};
use super::unary::Operator;
use crate::answer;
use crate::scan::SEQUENCE;
use crate::stats::Counters;

/// Runs the stages of a query for lines.
#[derive(Debug)]
pub(crate) struct PipelineExec {
    pub(crate) rows: RowReader,
    /// The line filters that stand first: they need no labels, so they run before all else.
    pub(crate) line_filters: Pipeline,
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
    nearest: Option<Nearest>,
}

impl Operator for PipelineExec {
    const NAME: &'static str = "PipelineExec";
    type State = State;

    fn describe(&self) -> String {
        format!("reads lines={}", self.line_filters.needs_line() || self.stages.needs_line())
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn start(&self) -> State {
        let none = Labels::default();
        let nearest = self.horizon.as_ref().map(|horizon| horizon.nearest());
        State { labels: RowLabels::new(&none, &none), nearest }
    }

    fn push(&self, state: &mut State, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let rows = self.rows.read(batch)?;
        let mut out = Output::default();
        for (run, base) in rows.runs() {
            for row in run.rows.clone() {
                self.row(state, &rows, row, (run.number, base), &mut out);
            }
        }
        Counters::add(&self.counters.passed, out.label_keys.len());
        if out.label_keys.is_empty() { Ok(None) } else { out.finish().map(Some) }
    }

    fn finish(&self, _: State) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

impl PipelineExec {
    fn row(
        &self,
        state: &mut State,
        rows: &Rows<'_>,
        row: usize,
        (number, base): (usize, &Base),
        out: &mut Output,
    ) {
        let time = rows.time(row);
        if self.horizon.as_ref().is_some_and(|horizon| !horizon.admits(time)) {
            return;
        }
        let Some(line) = self.line_filters.process(time, rows.line(row), &mut state.labels) else {
            return;
        };
        let line = if self.stages.is_empty() {
            out.base(number, || {
                state.labels.reset(&base.stream, &base.metadata);
                state.labels.result()
            });
            line
        } else {
            state.labels.reset(&base.stream, &base.metadata);
            let Some(line) = self.stages.process(time, &line, &mut state.labels) else { return };
            out.distinct(&state.labels.result());
            line.into_owned().into()
        };
        out.push(rows, row, &line);
        if let (Some(horizon), Some(nearest)) = (&self.horizon, &mut state.nearest) {
            horizon.note(nearest, time);
        }
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
