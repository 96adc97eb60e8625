//! Which labels a parser has to set.
//!
//! `sum by (status) (count_over_time({…} | json [5m]))` can only ever show `status`, so the parser
//! need not set anything else, and may stop when it has it. This is not only faster, it is visible:
//! a line that is broken behind its `status`, or any broken line under a plain `sum(…)`, counts
//! without an error. Loki does the same.
//!
//! So is the other thing that parsers are told: the label filters of the query. A line whose
//! `level` a later `| level="error"` refuses need not be parsed to its end. But where the query
//! changes the label between parser and filter (`| logfmt | label_format level=… | level="x"`) the
//! filter is asked about the value that stands in the line. Loki 3.7 does the same.

use std::sync::Arc;

use crate::ast;

use super::error::StageError;
use super::label_filter::LabelFilter;
use super::row::{ERROR, EXTRACTED, RowLabels};

/// What a parser is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Only these names; `None`: whatever it finds.
    only: Option<Vec<String>>,
    /// Whether the query looks at `__error__`, so that an error is an answer and no failure.
    errors: bool,
    /// Filters that are asked as soon as their label is set.
    filters: Arc<[(String, LabelFilter)]>,
}

impl Wanted {
    /// Whatever is found, for a query that reads these labels.
    pub(super) fn all(read: &[String]) -> Self {
        let errors = read.iter().any(|name| name == ERROR);
        Self { only: None, errors, filters: Arc::default() }
    }

    /// Only these labels, and for a name that a collision made, the one that it was made from.
    pub(super) fn only(names: Vec<String>) -> Self {
        let originals = names.iter().filter_map(|name| name.strip_suffix(EXTRACTED));
        let mut wanted: Vec<String> = originals.map(str::to_owned).collect();
        let errors = names.iter().any(|name| name == ERROR);
        wanted.extend(names);
        Self { only: Some(wanted), errors, filters: Arc::default() }
    }

    /// The same, and lines that a label filter of these stages refuses are not wanted at all. Each
    /// label is asked about by its first filter; conditions joined by `and` or `or` do not take
    /// part.
    pub(super) fn filtered_by(self, stages: &[ast::Stage]) -> Result<Self, StageError> {
        let mut filters: Vec<(String, LabelFilter)> = Vec::new();
        for stage in stages {
            let ast::Stage::LabelFilter(filter) = stage else { continue };
            let Some(name) = filter.label() else { continue };
            if !filters.iter().any(|(known, _)| known == name) {
                filters.push((name.to_owned(), LabelFilter::new(filter)?));
            }
        }
        Ok(Self { filters: filters.into(), ..self })
    }

    /// The filter that a label which was just set has to pass.
    pub(super) fn filter_of(&self, name: &str) -> Option<&LabelFilter> {
        self.filters.iter().find(|(known, _)| known == name).map(|(_, filter)| filter)
    }

    /// Whether a label of this name is to be set.
    pub(super) fn includes(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
    }

    /// Whether a row has all that is wanted, so that parsing it further is of no use.
    pub(super) fn satisfied(&self, labels: &RowLabels) -> bool {
        let all_set = |names: &Vec<String>| names.iter().all(|name| labels.was_extracted(name));
        self.only.as_ref().is_some_and(all_set)
    }

    /// Whether an error is an answer.
    pub(super) fn error_is_answer(&self) -> bool {
        self.errors
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::check;

    #[test]
    fn a_filter_is_asked_about_the_value_in_the_line() {
        check("| logfmt | keep a=`1` | a=``", "a=2", "dropped");
        check("| json | label_format a=`1` | a=`1`", r#"{"a":2}"#, "dropped");
        check("| a=`` | regexp `a=(?P<a>.)`", "a=2", "dropped");
        check("| pattern `a=<a>` | drop a | a=``", "a=2", "dropped");
        check("| unpack | label_format a=`1` | a=`1`", r#"{"a":"2","_entry":""}"#, "dropped");
    }

    #[test]
    fn some_filters_are_not_asked_early() {
        check("| logfmt | drop a | a=`` or b=`x`", "a=2", "a=2");
        check("| logfmt x=`a` | drop x | x=``", "a=2", "a=2");
        check("| logfmt | drop a | a!=`1` | a=``", "a=2", "a=2");
        check("| logfmt | drop app_extracted | app=`web`", "app=2", "app=2");
    }
}
