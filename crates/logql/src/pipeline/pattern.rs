//! `` | pattern `<ip> - <_> "<method> <path>"` ``.

use crate::ast::Text;
use crate::pattern::Pattern as Expression;

use super::error::StageError;
use super::row::{Refused, RowLabels};
use super::wanted::Wanted;

/// The stage.
#[derive(Debug)]
pub(super) struct Pattern {
    expression: Expression,
    wanted: Wanted,
}

impl Pattern {
    pub(super) fn new(text: &Text, wanted: &Wanted) -> Result<Self, StageError> {
        let expression = Expression::parse(&text.value).and_then(|expression| {
            expression.validate_for_parser()?;
            Ok(expression)
        });
        let expression = expression.map_err(|error| StageError::new(text.span, error))?;
        Ok(Self { expression, wanted: wanted.clone() })
    }

    /// Sets a label for each named capture.
    pub(super) fn process(&self, line: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        if line.is_empty() || self.wanted.satisfied(labels) {
            return Ok(());
        }
        for (name, value) in self.expression.captures(line) {
            labels.extract(&self.wanted, |text| text.push_str(name), value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Span;
    use model::Labels;

    #[track_caller]
    fn check(pattern: &str, line: &str, expect: &str) {
        let text = Text { value: pattern.to_owned(), span: Span::default() };
        let mut labels = RowLabels::new(&Labels::new([("taken", "1")]), &Labels::default());
        Pattern::new(&text, &Wanted::all(&[])).unwrap().process(line, &mut labels).unwrap();
        assert_eq!(labels.result().parsed.to_string(), expect, "for {pattern:?} and {line:?}");
    }

    #[test]
    fn captures_between_literals() {
        check("<ip> - <_> <path>", "::1 - x /a b", r#"{ip="::1", path="/a b"}"#);
        check("a=<a>,", "a=1,b=2", r#"{a="1"}"#);
        check("<taken> <b>", "x y", r#"{b="y", taken_extracted="x"}"#);
    }

    #[test]
    fn a_leading_literal_must_lead() {
        check("a=<a>", "b a=1", "{}");
    }

    #[test]
    fn a_missing_literal_ends_the_reading() {
        check("<a> <b>;<c>", "x y z", r#"{a="x", b="y z"}"#);
        check("<a> <b>", "", "{}");
    }
}
