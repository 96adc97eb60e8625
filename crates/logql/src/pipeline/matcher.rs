//! `name = "value"` and its kin, ready to be asked many times: for selectors, label filters, `drop`
//! and `keep`.

use crate::ast::{MatchOp, Matcher};

use crate::regex::Regex;

use super::error::StageError;

/// A matcher whose regular expression is compiled.
#[derive(Debug, Clone)]
pub struct LabelMatcher {
    name: String,
    test: Test,
    negated: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Equals(String),
    Regex(Regex),
}

impl LabelMatcher {
    /// Compiles a matcher. In its regular expression `.` is any character, line breaks too.
    ///
    /// # Errors
    /// When the regular expression is none.
    pub fn new(matcher: &Matcher) -> Result<Self, StageError> {
        Self::compile(matcher, Regex::of_selector)
    }

    /// Compiles the matcher of a label filter: see [`Regex::of_label_filter`].
    ///
    /// # Errors
    /// As [`LabelMatcher::new`].
    pub(super) fn of_label_filter(matcher: &Matcher) -> Result<Self, StageError> {
        Self::compile(matcher, Regex::of_label_filter)
    }

    fn compile(
        matcher: &Matcher,
        regex_of: fn(&str) -> Result<Regex, String>,
    ) -> Result<Self, StageError> {
        let (regex, negated) = match matcher.op {
            MatchOp::Eq => (false, false),
            MatchOp::NotEq => (false, true),
            MatchOp::Re => (true, false),
            MatchOp::NotRe => (true, true),
        };
        let test = if regex {
            let compiled = regex_of(&matcher.value);
            Test::Regex(compiled.map_err(|error| StageError::new(matcher.span, error))?)
        } else {
            Test::Equals(matcher.value.clone())
        };
        Ok(Self { name: matcher.name.clone(), test, negated })
    }

    /// The label that is looked at.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a label with this value passes. A label that is not there has the value `""`.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let found = match &self.test {
            Test::Equals(wanted) => wanted == value,
            Test::Regex(regex) => regex.is_match(value),
        };
        found != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Span;

    #[track_caller]
    fn check(op: MatchOp, pattern: &str, value: &str, expect: bool) {
        let (name, span) = ("a".to_owned(), Span::default());
        let matcher = Matcher { name, op, value: pattern.to_owned(), span };
        assert_eq!(LabelMatcher::new(&matcher).unwrap().matches(value), expect, "for {value:?}");
    }

    #[test]
    fn compares_the_whole_value() {
        check(MatchOp::Eq, "air", "airflow", false);
        check(MatchOp::NotEq, "air", "airflow", true);
        check(MatchOp::Re, "air", "airflow", false);
        check(MatchOp::Re, "air.*|x", "airflow", true);
        check(MatchOp::NotRe, "air.*|x", "airflow", false);
        check(MatchOp::Re, "a.b", "a\nb", true);
    }

    #[test]
    fn a_missing_label_is_empty() {
        check(MatchOp::Eq, "", "", true);
        check(MatchOp::Re, ".*", "", true);
        check(MatchOp::Re, ".+", "", false);
    }
}
