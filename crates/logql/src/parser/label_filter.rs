//! Conditions on labels: `a="b" and c > 5`.

use crate::ast::{CompareOp, Comparison, LabelFilter, Span};
use crate::bytes;
use crate::error::ParseError;
use crate::token::{Function, Keyword, Mark, TokenKind};

use super::cursor::Parser;
use super::hint;
use super::selector::match_op;

/// What starts a condition.
pub(super) const OPERAND: &[&str] = &["IDENTIFIER", "("];

/// How tightly a condition's right-hand side binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Any,
    Or,
    And,
    Operand,
}

impl Parser<'_> {
    /// One or more conditions; `expecting` is what Loki lists where the first should start.
    pub(super) fn label_filter(&mut self, expecting: &[&str]) -> Result<LabelFilter, ParseError> {
        self.conditions(Binding::Any, expecting)
    }

    /// `and` binds tighter than `or`. A comma, or nothing, between two conditions means `and` too,
    /// but the generated grammar gives them no precedence: they take all that follows as their
    /// right-hand side, `a, b or c` is `a and (b or c)`.
    fn conditions(
        &mut self,
        binding: Binding,
        expecting: &[&str],
    ) -> Result<LabelFilter, ParseError> {
        let mut left = self.condition(expecting)?;
        loop {
            let is_start = matches!(self.peek(), TokenKind::Identifier(_));
            if self.is_mark(Mark::Comma) || is_start || self.is_mark(Mark::OpenParen) {
                self.eat(Mark::Comma)?;
                self.count_operator()?;
                let right = self.nested(|parser| parser.conditions(Binding::Any, OPERAND))?;
                return Ok(LabelFilter::And(Box::new(left), Box::new(right)));
            } else if self.is_keyword(Keyword::And) && binding <= Binding::And {
                self.advance()?;
                self.count_operator()?;
                let right = self.conditions(Binding::Operand, OPERAND)?;
                left = LabelFilter::And(Box::new(left), Box::new(right));
            } else if self.is_keyword(Keyword::Or) && binding <= Binding::Or {
                self.advance()?;
                self.count_operator()?;
                let right = self.conditions(Binding::And, OPERAND)?;
                left = LabelFilter::Or(Box::new(left), Box::new(right));
            } else {
                return Ok(left);
            }
        }
    }

    /// One condition, or several in parentheses.
    fn condition(&mut self, expecting: &[&str]) -> Result<LabelFilter, ParseError> {
        if self.eat(Mark::OpenParen)? {
            let inner = self.nested(|parser| parser.conditions(Binding::Any, OPERAND))?;
            self.expect(Mark::CloseParen, &[])?;
            return Ok(inner);
        }
        let (name, start) = self.name(expecting)?;
        let token = self.peek().clone();
        let Some(op) = compare_op(&token) else {
            return match match_op(&token) {
                Some(op) => {
                    self.advance()?;
                    self.matcher_value(name, op, start).map(LabelFilter::Matcher)
                }
                None => {
                    let hint = hint::condition(&name, &token);
                    Err(hint::add(self.unexpected(&[]), hint))
                }
            };
        };
        self.advance()?;
        match (match_op(&token), self.peek()) {
            (Some(op), TokenKind::String(_)) => {
                self.matcher_value(name, op, start).map(LabelFilter::Matcher)
            }
            (Some(_), TokenKind::Function(Function::Ip)) => {
                self.advance()?;
                let range = self.ip_argument()?;
                let negated = op == CompareOp::NotEq;
                Ok(LabelFilter::Ip { name, negated, range, span: self.since(start) })
            }
            _ => self.comparison(name, op, start),
        }
    }

    /// A number, duration or size, after the operator.
    fn comparison(
        &mut self,
        name: String,
        op: CompareOp,
        start: Span,
    ) -> Result<LabelFilter, ParseError> {
        match *self.peek() {
            TokenKind::Duration(value) => {
                self.advance()?;
                let span = self.since(start);
                Ok(LabelFilter::Duration(Comparison { name, op, value, span }))
            }
            TokenKind::Bytes(value) => {
                self.advance()?;
                let value = bytes::rounded(value);
                let span = self.since(start);
                Ok(LabelFilter::Bytes(Comparison { name, op, value, span }))
            }
            TokenKind::Number(_) | TokenKind::Mark(Mark::Add | Mark::Sub) => {
                let value = self.signed_number()?;
                let span = self.since(start);
                Ok(LabelFilter::Number(Comparison { name, op, value, span }))
            }
            _ => {
                let hint = hint::compared_value(&name, op, self.peek());
                Err(hint::add(self.unexpected(&[]), hint))
            }
        }
    }
}

fn compare_op(token: &TokenKind) -> Option<CompareOp> {
    match token {
        TokenKind::Mark(Mark::Eq | Mark::CmpEq) => Some(CompareOp::Eq),
        TokenKind::Mark(Mark::NotEq) => Some(CompareOp::NotEq),
        TokenKind::Mark(Mark::Gt) => Some(CompareOp::Gt),
        TokenKind::Mark(Mark::Gte) => Some(CompareOp::Gte),
        TokenKind::Mark(Mark::Lt) => Some(CompareOp::Lt),
        TokenKind::Mark(Mark::Lte) => Some(CompareOp::Lte),
        _ => None,
    }
}
