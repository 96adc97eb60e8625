//! `|= "a" or "b"` and its kin.

use crate::ast::{LineFilter, LineFilterOp, LineMatch};
use crate::error::ParseError;
use crate::token::{Function, Keyword, Mark, TokenKind};

use super::cursor::Parser;

/// What may follow the operator.
const OPERAND: &[&str] = &["STRING", "ip"];

impl Parser<'_> {
    /// A line filter, if one comes next.
    pub(super) fn line_filter(&mut self) -> Result<Option<LineFilter>, ParseError> {
        let op = match self.peek() {
            TokenKind::Mark(Mark::PipeExact) => LineFilterOp::Contains,
            TokenKind::Mark(Mark::NotEq) => LineFilterOp::NotContains,
            TokenKind::Mark(Mark::PipeMatch) => LineFilterOp::Re,
            TokenKind::Mark(Mark::NotRe) => LineFilterOp::NotRe,
            TokenKind::Mark(Mark::PipePattern) => LineFilterOp::Pattern,
            TokenKind::Mark(Mark::NotPattern) => LineFilterOp::NotPattern,
            _ => return Ok(None),
        };
        let start = self.advance()?.span;
        let mut alternatives = vec![self.line_match(op)?];
        while self.eat_keyword(Keyword::Or)? {
            alternatives.push(self.line_match(op)?);
        }
        Ok(Some(LineFilter { op, alternatives, span: self.since(start) }))
    }

    fn line_match(&mut self, op: LineFilterOp) -> Result<LineMatch, ParseError> {
        match self.peek() {
            TokenKind::Function(Function::Ip) => {
                self.advance()?;
                self.ip_argument().map(LineMatch::Ip)
            }
            TokenKind::End => {
                let hint = format!("say what to look for: {op} \"text\"");
                Err(self.unexpected(OPERAND).hint(hint))
            }
            _ => self.text(OPERAND).map(LineMatch::Text),
        }
    }

    /// `("192.0.2.0/24")`, after `ip`.
    pub(super) fn ip_argument(&mut self) -> Result<crate::ast::Text, ParseError> {
        self.expect(Mark::OpenParen, &["("])?;
        let range = self.text(&["STRING"])?;
        self.expect(Mark::CloseParen, &[")"])?;
        Ok(range)
    }
}
