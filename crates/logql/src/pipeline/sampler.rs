//! A pipeline that ends in a number: what a range aggregation counts or sums of each line.

use model::{Labels, Timestamp};

use crate::ast::{Grouping, RangeAggregation, RangeOp, Stage};

use super::chain::Pipeline;
use super::error::StageError;
use super::reads;
use super::row::RowLabels;
use super::unwrap::Unwrap;
use super::wanted::Wanted;

/// The stages of a range aggregation, compiled, and how a line that passes them becomes a number.
#[derive(Debug)]
pub struct Sampler {
    pipeline: Pipeline,
    number: Number,
    grouping: Option<Grouping>,
}

#[derive(Debug)]
enum Number {
    /// Each line counts 1.
    One,
    /// The bytes of the line.
    Length,
    /// The value of a label.
    Label(Unwrap),
}

impl Sampler {
    /// Compiles a range aggregation.
    ///
    /// Its grouping decides which labels the parsers look for at all, so first let
    /// [`push_down`](crate::eval::push_down) move the grouping of a `sum` around it into it.
    ///
    /// # Errors
    /// When an expression, template or path in it cannot be read.
    pub fn new(agg: &RangeAggregation) -> Result<Self, StageError> {
        let number = match (&agg.unwrap, agg.op) {
            (Some(unwrap), _) => Number::Label(Unwrap::new(unwrap)?),
            (None, RangeOp::BytesOverTime | RangeOp::BytesRate) => Number::Length,
            (None, _) => Number::One,
        };
        let mut stages = agg.log.stages.clone();
        if !matches!(number, Number::Length) {
            reads::remove_idle_line_formats(&mut stages)?;
        }
        let grouping = match agg.op {
            // Whether there was a line is all that matters.
            RangeOp::AbsentOverTime => Some(Grouping { without: false, labels: Vec::new() }),
            _ => agg.grouping.clone(),
        };
        let wanted = wanted(&stages, agg, grouping.as_ref())?;
        Ok(Self { pipeline: Pipeline::wanting(&stages, &wanted)?, number, grouping })
    }

    /// The same sampler, whose templates take this for the time that `now` gives.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { pipeline: self.pipeline.at(now), ..self }
    }

    /// Whether the line is looked at. If not, it need not be read and may be given as `""`.
    #[must_use]
    pub fn needs_line(&self) -> bool {
        matches!(self.number, Number::Length) || self.pipeline.needs_line()
    }

    /// The number that a line stands for, or `None` when a stage drops it.
    pub fn sample(&self, timestamp: Timestamp, line: &str, labels: &mut RowLabels) -> Option<f64> {
        let line = self.pipeline.process(timestamp, line, labels)?;
        match &self.number {
            Number::One => Some(1.0),
            Number::Length => Some(line.len() as f64),
            Number::Label(unwrap) => unwrap.process(labels),
        }
    }

    /// The series that the sample belongs to: all labels less the unwrapped one, or those of the
    /// grouping. An error keeps all labels, grouping or not, so that its reader can see whence it
    /// is.
    #[must_use]
    pub fn series(&self, labels: &RowLabels) -> Labels {
        let unwrapped = match &self.number {
            Number::Label(unwrap) => Some(unwrap.label()),
            Number::One | Number::Length => None,
        };
        if !labels.error().is_empty() {
            return Labels::keeping_empty(labels.iter().chain(labels.preserved()));
        }
        Labels::keeping_empty(labels.iter().filter(|(name, _)| match &self.grouping {
            Some(by) if !by.without => by.labels.iter().any(|label| label == name),
            Some(without) => {
                Some(*name) != unwrapped && !without.labels.iter().any(|label| label == name)
            }
            None => Some(*name) != unwrapped,
        }))
    }
}

/// Which labels the parsers have to set so that the series and all filters come out the same.
fn wanted(
    stages: &[Stage],
    agg: &RangeAggregation,
    grouping: Option<&Grouping>,
) -> Result<Wanted, StageError> {
    let by = grouping.filter(|grouping| !grouping.without);
    Ok(match (reads::labels(stages, agg.unwrap.as_ref())?, by) {
        (Some(read), Some(by)) => Wanted::only([read, by.labels.clone()].concat()),
        (read, _) => Wanted::all(&read.unwrap_or_default()),
    })
}
