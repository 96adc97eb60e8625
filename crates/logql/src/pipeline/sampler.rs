//! A pipeline that ends in a number: what a range aggregation counts or sums of each line.

use model::{Labels, Timestamp};

use crate::ast::{Grouping, LabelFilter, LabelFormatSource, RangeAggregation, RangeOp, Stage};

use super::chain::Pipeline;
use super::error::StageError;
use super::row::RowLabels;
use super::template;
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
            remove_idle_line_formats(&mut stages);
        }
        let grouping = match agg.op {
            // Whether there was a line is all that matters.
            RangeOp::AbsentOverTime => Some(Grouping { without: false, labels: Vec::new() }),
            _ => agg.grouping.clone(),
        };
        let wanted = wanted(&stages, agg, grouping.as_ref());
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
    /// grouping. An error keeps all labels, grouping or not, so that its reader can see whence it is.
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

/// Removes each `line_format` behind which nothing looks at the line. Errors of its template go with
/// it, as in Loki.
fn remove_idle_line_formats(stages: &mut Vec<Stage>) {
    let mut line_is_read = false;
    let mut kept: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages.drain(..).rev() {
        let reads = match &stage {
            Stage::LineFormat(_) if !line_is_read => continue,
            Stage::LineFormat(text) => text.value.contains("__line__"),
            Stage::LabelFormat(formats) => formats.iter().any(|format| match &format.source {
                LabelFormatSource::Rename(_) => false,
                LabelFormatSource::Template(text) => text.value.contains("__line__"),
            }),
            Stage::LabelFilter(_) | Stage::Drop(_) | Stage::Keep(_) | Stage::Decolorize => false,
            _ => true,
        };
        line_is_read |= reads;
        kept.push(stage);
    }
    kept.reverse();
    *stages = kept;
}

/// Which labels the parsers have to set so that the series and all filters come out the same.
fn wanted(stages: &[Stage], agg: &RangeAggregation, grouping: Option<&Grouping>) -> Wanted {
    let by = grouping.filter(|grouping| !grouping.without);
    match (read_by(stages, agg), by) {
        (Some(read), Some(by)) => Wanted::only([read, by.labels.clone()].concat()),
        (read, _) => Wanted::all(&read.unwrap_or_default()),
    }
}

/// The labels that stages and filters read, or nothing where that cannot be told.
fn read_by(stages: &[Stage], agg: &RangeAggregation) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for stage in stages {
        match stage {
            Stage::LabelFilter(filter) => filter_labels(filter, &mut names),
            Stage::LineFormat(text) => names.extend(template::fields(&text.value)?),
            Stage::LabelFormat(formats) => {
                for format in formats {
                    match &format.source {
                        LabelFormatSource::Rename(from) => names.push(from.clone()),
                        LabelFormatSource::Template(text) => {
                            names.extend(template::fields(&text.value)?);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(unwrap) = &agg.unwrap {
        names.push(unwrap.label.clone());
        unwrap.filters.iter().for_each(|filter| filter_labels(filter, &mut names));
    }
    Some(names)
}

fn filter_labels(filter: &LabelFilter, names: &mut Vec<String>) {
    match filter {
        LabelFilter::Matcher(matcher) => names.push(matcher.name.clone()),
        LabelFilter::Number(number) => names.push(number.name.clone()),
        LabelFilter::Duration(duration) => names.push(duration.name.clone()),
        LabelFilter::Bytes(bytes) => names.push(bytes.name.clone()),
        LabelFilter::Ip { name, .. } => names.push(name.clone()),
        LabelFilter::And(left, right) | LabelFilter::Or(left, right) => {
            filter_labels(left, names);
            filter_labels(right, names);
        }
    }
}
