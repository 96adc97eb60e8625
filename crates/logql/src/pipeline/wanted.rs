//! Which labels a parser has to set.
//!
//! `sum by (status) (count_over_time({…} | json [5m]))` can only ever show `status`, so the parser
//! need not set anything else, and may stop when it has it. This is not only faster, it is visible:
//! a line that is broken behind its `status`, or any broken line under a plain `sum(…)`, counts
//! without an error. Loki does the same.

use super::row::{ERROR, EXTRACTED, RowLabels};

/// What a parser is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Only these names; `None`: whatever it finds.
    only: Option<Vec<String>>,
    /// Whether the query looks at `__error__`, so that an error is an answer and no failure.
    errors: bool,
}

impl Wanted {
    /// Whatever is found, for a query that reads these labels.
    pub(super) fn all(read: &[String]) -> Self {
        Self { only: None, errors: read.iter().any(|name| name == ERROR) }
    }

    /// Only these labels, and for a name that a collision made, the one that it was made from.
    pub(super) fn only(names: Vec<String>) -> Self {
        let originals = names.iter().filter_map(|name| name.strip_suffix(EXTRACTED));
        let mut wanted: Vec<String> = originals.map(str::to_owned).collect();
        let errors = names.iter().any(|name| name == ERROR);
        wanted.extend(names);
        Self { only: Some(wanted), errors }
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
