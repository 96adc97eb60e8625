//! From rows to samples: what both operators under a range aggregation share.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion_common::Result;
use logql::pipeline::{Pipeline, RowLabels, Sampler};
use model::{Labels, Timestamp};

use super::rows::RowReader;

/// Turns rows into samples of series.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(crate) rows: RowReader,
    /// The line filters that stand first: they need no labels, so they run before all else.
    pub(crate) line_filters: Pipeline,
    /// The other stages, and how a line becomes a number.
    pub(crate) sampler: Sampler,
    /// Whether a row's labels decide its series: no stage can add or change one.
    pub(crate) series_by_base: bool,
}

/// A sample of a series, the series by its number in [`Samples::series`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) time: Timestamp,
    pub(crate) sequence: u64,
    pub(crate) series: u32,
    pub(crate) value: f64,
}

/// The samples of one batch.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) list: Vec<Sample>,
    pub(crate) series: Vec<Labels>,
    by_labels: HashMap<Labels, u32>,
    by_base: HashMap<usize, u32>,
}

impl Sampling {
    /// Labels that [`Self::samples`] works in; one for each partition, so that rows share memory.
    pub(crate) fn scratch() -> RowLabels {
        RowLabels::new(&Labels::default(), &Labels::default())
    }

    pub(crate) fn samples(&self, labels: &mut RowLabels, batch: &RecordBatch) -> Result<Samples> {
        let rows = self.rows.read(batch)?;
        let mut samples = Samples { list: Vec::with_capacity(rows.len()), ..Samples::default() };
        let mut current = None;
        for row in 0..rows.len() {
            let (number, Some(base)) = rows.base(row) else { continue };
            let (time, line) = (rows.time(row), rows.line(row));
            if self.line_filters.process(time, line, labels).is_none() {
                continue;
            }
            // Where no stage changes labels, the rows of one base can share what was set last.
            if !self.series_by_base || current != Some(number) {
                labels.reset(&base.stream, &base.metadata);
                current = Some(number);
            }
            let Some(value) = self.sampler.sample(time, line, labels) else { continue };
            let series = self.series(&mut samples, number, labels);
            samples.list.push(Sample { time, sequence: rows.sequence(row), series, value });
        }
        Ok(samples)
    }

    fn series(&self, samples: &mut Samples, base: usize, labels: &RowLabels) -> u32 {
        if !self.series_by_base {
            return samples.intern(self.sampler.series(labels));
        }
        if let Some(series) = samples.by_base.get(&base) {
            return *series;
        }
        let series = samples.intern(self.sampler.series(labels));
        samples.by_base.insert(base, series);
        series
    }
}

impl Samples {
    fn intern(&mut self, labels: Labels) -> u32 {
        if let Some(series) = self.by_labels.get(&labels) {
            return *series;
        }
        let series = u32::try_from(self.series.len()).expect("a batch has under 2^32 rows");
        self.series.push(labels.clone());
        self.by_labels.insert(labels, series);
        series
    }
}
