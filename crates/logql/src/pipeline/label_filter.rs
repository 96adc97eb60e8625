//! `| level = "error"`, `| status >= 500 and duration > 1s`, `| client = ip("10.0.0.0/8")`.

use crate::ast::{self, CompareOp, SignedDuration};
use crate::ipmatch::IpMatcher;
use crate::{bytes, duration, float};

use super::error::StageError;
use super::matcher::LabelMatcher;
use super::row::{ERROR, RowLabels};

/// A condition on labels, compiled.
#[derive(Debug)]
pub(super) enum LabelFilter {
    Matcher(LabelMatcher),
    Number { name: String, op: CompareOp, value: f64 },
    Duration { name: String, op: CompareOp, value: SignedDuration },
    Bytes { name: String, op: CompareOp, size: u64 },
    Ip { name: String, negated: bool, range: IpMatcher },
    And(Box<LabelFilter>, Box<LabelFilter>),
    Or(Box<LabelFilter>, Box<LabelFilter>),
}

impl LabelFilter {
    pub(super) fn new(filter: &ast::LabelFilter) -> Result<Self, StageError> {
        let both = |left: &ast::LabelFilter, right: &ast::LabelFilter| {
            Ok((Box::new(Self::new(left)?), Box::new(Self::new(right)?)))
        };
        Ok(match filter {
            ast::LabelFilter::Matcher(matcher) => {
                Self::Matcher(LabelMatcher::of_label_filter(matcher)?)
            }
            ast::LabelFilter::Number(number) => {
                Self::Number { name: number.name.clone(), op: number.op, value: number.value }
            }
            ast::LabelFilter::Duration(duration) => Self::Duration {
                name: duration.name.clone(),
                op: duration.op,
                value: duration.value,
            },
            ast::LabelFilter::Bytes(bytes) => {
                Self::Bytes { name: bytes.name.clone(), op: bytes.op, size: bytes.value }
            }
            ast::LabelFilter::Ip { name, negated, range, .. } => {
                let (name, negated) = (name.clone(), *negated);
                let range = IpMatcher::parse(&range.value)
                    .map_err(|error| StageError::new(range.span, error))?;
                Self::Ip { name, negated, range }
            }
            ast::LabelFilter::And(left, right) => {
                let (left, right) = both(left, right)?;
                Self::And(left, right)
            }
            ast::LabelFilter::Or(left, right) => {
                let (left, right) = both(left, right)?;
                Self::Or(left, right)
            }
        })
    }

    /// Whether the row passes. A value that is no number passes and is marked as an error.
    pub(super) fn process(&self, labels: &mut RowLabels) -> bool {
        match self {
            Self::Matcher(matcher) if matcher.name() == ERROR => matcher.matches(labels.error()),
            Self::Matcher(matcher) => {
                matcher.matches(labels.get(matcher.name()).unwrap_or_default())
            }
            Self::Number { name, op, value } => compare(labels, name, *op, value, float::parse),
            Self::Duration { name, op, value } => {
                compare(labels, name, *op, value, duration::parse_go)
            }
            Self::Bytes { name, op, size } => compare(labels, name, *op, size, bytes::parse),
            Self::Ip { name, negated, range } => {
                !labels.error().is_empty()
                    || labels.get(name).is_some_and(|value| range.matches_text(value) != *negated)
            }
            // Both sides run even if the left decides, for the error that the right may find.
            Self::And(left, right) => left.process(labels) & right.process(labels),
            Self::Or(left, right) => left.process(labels) || right.process(labels),
        }
    }
}

fn compare<T: PartialOrd>(
    labels: &mut RowLabels,
    name: &str,
    op: CompareOp,
    wanted: &T,
    read: fn(&str) -> Result<T, String>,
) -> bool {
    let Some(value) = labels.get(name) else { return false };
    match read(value) {
        Ok(value) => match op {
            CompareOp::Eq => value == *wanted,
            CompareOp::NotEq => value != *wanted,
            CompareOp::Gt => value > *wanted,
            CompareOp::Gte => value >= *wanted,
            CompareOp::Lt => value < *wanted,
            CompareOp::Lte => value <= *wanted,
        },
        Err(details) => {
            labels.set_error("LabelFilterErr", &details);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::testing::{check, run};

    #[track_caller]
    fn check_passes(filter: &str, passes: bool) {
        let line = "n=5 d=1.5s b=2KB ip=10.0.0.9 word=x";
        let passed = run(&format!("| logfmt | {filter}"), line) != "dropped";
        assert_eq!(passed, passes, "for {filter}");
    }

    #[test]
    fn compares() {
        check_passes("n = 5", true);
        check_passes("n > 5", false);
        check_passes("d >= 1500ms", true);
        check_passes("b <= 2KiB", true);
        check_passes("app = `web` and trace =~ `t.`", true);
        check_passes("word != `x` or n <= 5", true);
        check_passes("ip = ip(`10.0.0.0/24`)", true);
        check_passes("ip != ip(`10.0.0.1-10.0.0.9`)", false);
    }

    #[test]
    fn a_missing_label_is_empty_for_matchers_and_drops_for_numbers() {
        check_passes("missing = ``", true);
        check_passes("missing != 5", false);
        check_passes("missing != ip(`10.0.0.1`)", false);
    }

    #[test]
    fn what_is_no_number_stays_with_an_error() {
        let error =
            r#"__error__="LabelFilterErr", __error_details__="time: invalid duration \"x\"""#;
        check("| logfmt | w > 5s", "w=x", &format!(r#"w=x {{{error}, w="x"}}"#));
        check("| logfmt | w > 5s | __error__ = ``", "w=x", "dropped");
        check("| logfmt | w > 5s or w = `x`", "w=x", &format!(r#"w=x {{{error}, w="x"}}"#));
    }
}
