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
    /// Labels that [`Self::each`] works in; one for each partition, so that rows share memory.
    pub(crate) fn scratch() -> RowLabels {
        RowLabels::new(&Labels::default(), &Labels::default())
    }

    /// Hands on each sample of a batch; the rows of one stream come in order of time.
    pub(crate) fn each(
        &self,
        labels: &mut RowLabels,
        interned: &mut Interned,
        batch: &RecordBatch,
        mut take: impl FnMut(Sample),
    ) -> Result<()> {
        let rows = self.rows.read(batch)?;
        let filters = !self.line_filters.is_empty();
        for (run, base) in rows.runs() {
            labels.reset(&base.stream, &base.metadata);
            let by_run = self.series_by_base.then(|| interned.number(&self.sampler, labels));
            for row in run.rows.clone() {
                let (time, line) = (rows.time(row), rows.line(row));
                if filters && self.line_filters.process(time, line, labels).is_none() {
                    continue;
                }
                if by_run.is_none() {
                    labels.reset(&base.stream, &base.metadata);
                }
                let Some(value) = self.sampler.sample(time, line, labels) else { continue };
                let series = by_run.unwrap_or_else(|| interned.number(&self.sampler, labels));
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
