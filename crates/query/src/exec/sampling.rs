//! From rows to samples: what both operators under a range aggregation share.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion_common::Result;
use logql::pipeline::{RowLabels, Sampler};
use model::{Labels, Timestamp};

use super::rows::{Base, KnownStreams, RowReader};

/// Turns rows into samples of series.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(crate) rows: RowReader,
    /// The stages after the line filters, and how a line becomes a number.
    pub(crate) sampler: Sampler,
    /// Whether a row's labels decide its series: no stage can add or change one.
    pub(crate) series_by_base: bool,
}

/// What one partition remembers from batch to batch, so that rows share memory and work.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    labels: RowLabels,
    known: KnownStreams,
    pub(crate) interned: Interned,
}

/// Rows of one series, in order of time, each of which counts one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    pub(crate) series: u32,
    pub(crate) times: &'a [i64],
}

/// A sample of a series, the series by its number in [`Interned`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) time: Timestamp,
    pub(crate) sequence: u64,
    pub(crate) series: u32,
    pub(crate) value: f64,
}

/// The series that were seen, by number. A series may have several numbers.
#[derive(Debug, Default)]
pub(crate) struct Interned {
    pub(crate) series: Vec<Labels>,
    numbers: HashMap<Vec<u8>, u32>,
    key: Vec<u8>,
}

impl Sampling {
    /// Whether each row counts one, whatever its line: then [`Self::each_counted`] is the short
    /// way.
    pub(crate) fn only_counts(&self) -> bool {
        self.series_by_base && !self.rows.filters_lines() && self.sampler.counts_every_line()
    }

    /// Hands on the rows of a batch where each of them counts one.
    pub(crate) fn each_counted(
        &self,
        memory: &mut Memory,
        batch: &RecordBatch,
        mut take: impl FnMut(Counted<'_>),
    ) -> Result<()> {
        let rows = self.rows.read(batch)?;
        let Memory { labels, known, interned } = memory;
        for run in rows.runs() {
            let Some(base) = rows.base(run, known)? else { continue };
            labels.reset(&base.stream, &base.metadata);
            let series = interned.number(&self.sampler, labels);
            take(Counted { series, times: rows.times(run.rows.clone()) });
        }
        Ok(())
    }

    /// Hands on each sample of a batch; the rows of one stream come in order of time.
    pub(crate) fn each(
        &self,
        memory: &mut Memory,
        batch: &RecordBatch,
        mut take: impl FnMut(Sample),
    ) -> Result<()> {
        let rows = self.rows.read(batch)?;
        let Memory { labels, known, interned } = memory;
        for run in rows.runs() {
            // Most runs have no line that passes a filter, and their labels are never made.
            let mut base: Option<Base> = None;
            let mut by_run = None;
            for row in rows.candidates(run) {
                if !rows.passes(row, labels) {
                    continue;
                }
                if base.is_none() {
                    base = rows.base(run, known)?;
                }
                let Some(base) = &base else { break };
                if rows.is_hidden(row, base, labels) {
                    continue;
                }
                if by_run.is_none() {
                    labels.reset(&base.stream, &base.metadata);
                }
                let (time, line) = (rows.time(row), rows.line(row));
                let Some(value) = self.sampler.sample(time, line, labels) else { continue };
                let series = by_run.unwrap_or_else(|| interned.number(&self.sampler, labels));
                by_run = self.series_by_base.then_some(series);
                take(Sample { time, sequence: rows.sequence(row), series, value });
            }
        }
        Ok(())
    }
}

impl Interned {
    fn number(&mut self, sampler: &Sampler, labels: &RowLabels) -> u32 {
        sampler.series_key(labels, &mut self.key);
        if let Some(number) = self.numbers.get(&self.key) {
            return *number;
        }
        let number = u32::try_from(self.series.len()).expect("2^32 series do not fit in memory");
        self.series.push(sampler.series(labels));
        self.numbers.insert(self.key.clone(), number);
        number
    }
}
