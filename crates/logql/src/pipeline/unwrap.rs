//! `| unwrap duration(elapsed) | filter`: a label's value as a number.

use crate::ast::{self, Conversion};
use crate::{bytes, duration, float};

use super::error::StageError;
use super::label_filter::LabelFilter;
use super::row::RowLabels;

/// Which label becomes a number, and how.
#[derive(Debug)]
pub(super) struct Unwrap {
    label: String,
    conversion: Conversion,
    filters: Vec<LabelFilter>,
}

impl Unwrap {
    pub(super) fn new(unwrap: &ast::Unwrap) -> Result<Self, StageError> {
        Ok(Self {
            label: unwrap.label.clone(),
            conversion: unwrap.conversion,
            filters: unwrap.filters.iter().map(LabelFilter::new).collect::<Result<_, _>>()?,
        })
    }

    /// The label that is read.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// The number, or nothing where the row has no such label or a filter drops it. A value that is
    /// no number counts as 0 and is marked as an error.
    pub(super) fn process(&self, labels: &mut RowLabels) -> Option<f64> {
        let value = labels.get(&self.label).filter(|value| !value.is_empty())?;
        let number = self.convert(value).unwrap_or_else(|details| {
            labels.set_error("SampleExtractionErr", &details);
            0.0
        });
        self.filters.iter().all(|filter| filter.process(labels)).then_some(number)
    }

    fn convert(&self, value: &str) -> Result<f64, String> {
        match self.conversion {
            Conversion::None => float::parse(value),
            Conversion::Bytes => Ok(bytes::parse(value)? as f64),
            Conversion::Duration | Conversion::DurationSeconds => {
                Ok(duration::parse_go(value)?.0 as f64 / 1e9)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Span;
    use model::Labels;

    #[track_caller]
    fn check(conversion: Conversion, value: &str, expect: Option<f64>, error: &str) {
        let (label, filters) = ("x".to_owned(), Vec::new());
        let unwrap = ast::Unwrap { label, conversion, filters, span: Span::default() };
        let mut labels = RowLabels::new(&Labels::new([("x", value)]), &Labels::default());
        let number = Unwrap::new(&unwrap).unwrap().process(&mut labels);
        assert_eq!((number, labels.error()), (expect, error), "for {value:?}");
    }

    #[test]
    fn converts() {
        check(Conversion::None, "1.5", Some(1.5), "");
        check(Conversion::Bytes, "2KiB", Some(2048.0), "");
        check(Conversion::Duration, "1m500ms", Some(60.5), "");
        check(Conversion::DurationSeconds, "-2s", Some(-2.0), "");
        check(Conversion::None, "", None, "");
        check(Conversion::None, "bad", Some(0.0), "SampleExtractionErr");
    }
}
