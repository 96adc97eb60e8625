//! From what leaves a plan to an answer: streams of lines, or the points of series.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{TimestampNanosecondType, UInt32Type};
use logql::ast::{RangeAggregation, RangeOp};
use logql::eval::{self, LogStream, Series, Spacing, Steps};
use logql::pipeline::ResultLabels;
use model::{Labels, LabelsError, Timestamp};

use crate::Error;
use crate::exec::range_window::Pane;
use crate::exec::sample::SERIES_BYTES;
use crate::window::Windows;

/// A row's labels as one text: stream labels, metadata and parsed labels, a line each. (A label
/// set's text has no newline: its values are quoted.)
pub(crate) fn encode(labels: &ResultLabels) -> String {
    format!("{}\n{}\n{}", labels.stream, labels.metadata, labels.parsed)
}

fn decode(text: &str) -> Result<ResultLabels, LabelsError> {
    let mut parts = text.splitn(3, '\n').map(Labels::parse_keeping_empty);
    let mut next = || parts.next().unwrap_or_else(|| Ok(Labels::default()));
    Ok(ResultLabels { stream: next()?, metadata: next()?, parsed: next()? })
}

/// Collects rows, which come in the answer's order, into streams.
#[derive(Debug)]
pub(crate) struct Streams {
    limit: usize,
    spacing: Spacing,
    taken: usize,
    bytes: usize,
    by_text: HashMap<String, usize>,
    streams: Vec<LogStream>,
}

impl Streams {
    /// `limit` 0 means all.
    pub(crate) fn new(limit: usize, spacing: Spacing) -> Self {
        let (by_text, streams) = (HashMap::new(), Vec::new());
        Self { limit, spacing, taken: 0, bytes: 0, by_text, streams }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), LabelsError> {
        let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
        let lines = batch.column(1).as_string_view();
        let labels = batch.column(2).as_dictionary::<UInt32Type>();
        let texts = labels.values().as_string::<i32>();
        for row in 0..batch.num_rows() {
            let time = Timestamp(times.value(row));
            if self.is_full() || !self.spacing.keeps(time) {
                continue;
            }
            let text = texts.value(labels.keys().value(row) as usize);
            let stream = self.stream(text)?;
            let line = lines.value(row);
            self.bytes += size_of::<(Timestamp, String)>() + line.len();
            self.streams[stream].entries.push((time, line.to_owned()));
            self.taken += 1;
        }
        Ok(())
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.streams.len() * SERIES_BYTES
    }

    pub(crate) fn finish(self) -> Vec<LogStream> {
        self.streams
    }

    fn is_full(&self) -> bool {
        self.limit > 0 && self.taken == self.limit
    }

    fn stream(&mut self, text: &str) -> Result<usize, LabelsError> {
        if let Some(index) = self.by_text.get(text) {
            return Ok(*index);
        }
        self.streams.push(LogStream { labels: decode(text)?, entries: Vec::new() });
        self.by_text.insert(text.to_owned(), self.streams.len() - 1);
        Ok(self.streams.len() - 1)
    }
}

/// Hands on each row of a batch.
pub(crate) fn each_line(
    batch: &RecordBatch,
    mut take: impl FnMut(&ResultLabels, Timestamp, &str),
) -> Result<(), LabelsError> {
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
    let lines = batch.column(1).as_string_view();
    let labels = batch.column(2).as_dictionary::<UInt32Type>();
    let texts = labels.values().as_string::<i32>().iter();
    let known = texts.map(|text| decode(text.unwrap_or_default()));
    let known = known.collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        let labels = &known[labels.keys().value(row) as usize];
        take(labels, Timestamp(times.value(row)), lines.value(row));
    }
    Ok(())
}

/// The points of one series: each window's panes combined. A window without samples has no point.
pub(crate) fn points(
    aggregation: &RangeAggregation,
    windows: &Windows,
    steps: &Steps,
    panes: &[(i64, Pane)],
) -> Vec<(Timestamp, f64)> {
    let seconds = aggregation.range.as_secs_f64();
    let mut points = Vec::new();
    let mut first = 0;
    for (number, time) in steps.iter().enumerate() {
        let wanted = windows.panes(number);
        first += panes[first..].partition_point(|(pane, _)| *pane < wanted.first);
        let inside = panes[first..].iter().take_while(|(pane, _)| *pane <= wanted.last);
        let combined = inside.map(|(_, pane)| *pane).reduce(|mut sum, pane| {
            sum.merge(&pane);
            sum
        });
        if let Some(pane) = combined {
            points.push((time, value(aggregation.op, &pane, seconds)));
        }
    }
    points
}

/// A sample without `unwrap` counts 1 (or its line's bytes), so rates are sums by the second.
fn value(op: RangeOp, pane: &Pane, range_seconds: f64) -> f64 {
    match op {
        RangeOp::CountOverTime => pane.count as f64,
        RangeOp::Rate | RangeOp::BytesRate => pane.sum / range_seconds,
        RangeOp::AvgOverTime => pane.sum / pane.count as f64,
        RangeOp::MinOverTime => pane.min,
        RangeOp::MaxOverTime => pane.max,
        _ => pane.sum,
    }
}

/// The series of a range aggregation, sorted by their labels.
pub(crate) fn series(
    aggregation: &RangeAggregation,
    steps: &Steps,
    found: impl Iterator<Item = Series>,
) -> Result<Vec<Series>, Error> {
    let mut found: Vec<Series> = found.collect();
    // `topk` and its kin choose among equals by this order.
    found.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(eval::range_series(aggregation, steps, found)?)
}
