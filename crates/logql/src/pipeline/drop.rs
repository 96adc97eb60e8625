//! `| drop a, b="x"`: removes labels by name, or by name and value.

use crate::ast::DropKeep;

use super::error::StageError;
use super::matcher::LabelMatcher;
use super::row::{ERROR, ERROR_DETAILS, RowLabels};

/// What is removed.
#[derive(Debug)]
pub(super) struct Drop {
    targets: Vec<Target>,
}

/// A name, or a matcher, of `drop` and `keep`.
#[derive(Debug)]
pub(super) enum Target {
    Name(String),
    Matcher(LabelMatcher),
}

impl Target {
    pub(super) fn new(target: &DropKeep) -> Result<Self, StageError> {
        match target {
            DropKeep::Name(name) => Ok(Self::Name(name.clone())),
            DropKeep::Matcher(matcher) => LabelMatcher::new(matcher).map(Self::Matcher),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Matcher(matcher) => matcher.name(),
        }
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        match self {
            Self::Name(_) => true,
            Self::Matcher(matcher) => matcher.matches(value),
        }
    }
}

impl Drop {
    pub(super) fn new(targets: &[DropKeep]) -> Result<Self, StageError> {
        Ok(Self { targets: targets.iter().map(Target::new).collect::<Result<_, _>>()? })
    }

    /// Removes what is to go. Dropping `__error__` forgives the error.
    pub(super) fn process(&self, labels: &mut RowLabels) {
        for target in &self.targets {
            match target.name() {
                ERROR if target.matches(labels.error()) => labels.clear_error(),
                ERROR_DETAILS if target.matches(labels.error_details()) => {
                    labels.clear_error_details();
                }
                ERROR | ERROR_DETAILS => {}
                name => {
                    if labels.get(name).is_some_and(|value| target.matches(value)) {
                        labels.delete(name);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::check;

    #[test]
    fn removes_by_name_and_by_value() {
        check(
            "| logfmt | drop a, app, trace",
            "a=1 b=2",
            r#"a=1 b=2 stream {} metadata {} {b="2"}"#,
        );
        check("| logfmt | drop a=`1`, b=`1`", "a=1 b=2", r#"a=1 b=2 {b="2"}"#);
        check("| drop missing=``", "x", "x");
    }

    #[test]
    fn forgives_errors() {
        check("| json | drop __error__, __error_details__", "x", "x");
        check(
            "| json | drop __error__=`other`, __error_details__",
            "x",
            r#"x {__error__="JSONParserErr"}"#,
        );
    }
}
