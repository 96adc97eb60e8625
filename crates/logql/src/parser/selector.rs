//! `{name="value", …}`

use crate::ast::{MatchOp, Matcher, Selector};
use crate::check;
use crate::error::ParseError;
use crate::token::{Mark, TokenKind};

use super::cursor::Parser;

impl Parser<'_> {
    /// `{` matcher, … `}`
    pub(super) fn selector(&mut self) -> Result<Selector, ParseError> {
        let start = self.expect(Mark::OpenBrace, &["{"])?;
        let mut matchers = Vec::new();
        if !self.is_mark(Mark::CloseBrace) {
            matchers.push(self.matcher(&["IDENTIFIER", "}"])?);
            while self.eat(Mark::Comma)? {
                matchers.push(self.matcher(&["IDENTIFIER"])?);
            }
        }
        self.expect(Mark::CloseBrace, &["}", ","])?;
        Ok(Selector { matchers, span: self.since(start) })
    }

    /// name operator string; `expecting` is what else could start here.
    fn matcher(&mut self, expecting: &[&str]) -> Result<Matcher, ParseError> {
        let (name, start) = self.name(expecting)?;
        let Some(op) = match_op(self.peek()) else {
            let error = self.unexpected(&["=", "=~", "!~", "!="]);
            let is_double = self.is_mark(Mark::CmpEq);
            let hint = "a selector compares with a single =";
            return Err(if is_double { error.hint(hint) } else { error });
        };
        self.advance()?;
        self.matcher_value(name, op, start)
    }

    /// The string of a matcher.
    pub(super) fn matcher_value(
        &mut self,
        name: String,
        op: MatchOp,
        start: crate::ast::Span,
    ) -> Result<Matcher, ParseError> {
        let value = self.text(&["STRING"])?.value;
        let matcher = Matcher { name, op, value, span: self.since(start) };
        check::matcher(&matcher)?;
        Ok(matcher)
    }
}

/// The operator that a token is between a name and a string.
pub(super) fn match_op(token: &TokenKind) -> Option<MatchOp> {
    match token {
        TokenKind::Mark(Mark::Eq) => Some(MatchOp::Eq),
        TokenKind::Mark(Mark::NotEq) => Some(MatchOp::NotEq),
        TokenKind::Mark(Mark::Re) => Some(MatchOp::Re),
        TokenKind::Mark(Mark::NotRe) => Some(MatchOp::NotRe),
        _ => None,
    }
}
