//! Numbers, and lists of labels.

use crate::ast::{Grouping, MetricExpr};
use crate::error::ParseError;
use crate::float;
use crate::token::{Keyword, Mark, TokenKind};

use super::cursor::Parser;

impl Parser<'_> {
    /// `5`, `-5`, `+5`
    pub(super) fn literal(&mut self) -> Result<MetricExpr, ParseError> {
        self.signed_number().map(MetricExpr::Number)
    }

    /// A number with or without a sign, which belongs to it: `-2 ^ 2` is 4.
    pub(super) fn signed_number(&mut self) -> Result<f64, ParseError> {
        let negative = self.is_mark(Mark::Sub);
        let has_sign = negative || self.is_mark(Mark::Add);
        if has_sign {
            self.advance()?;
        }
        let number = self.number(if has_sign { &["NUMBER"] } else { &[] })?;
        Ok(if negative { -number } else { number })
    }

    /// A number without a sign.
    pub(super) fn number(&mut self, expecting: &[&str]) -> Result<f64, ParseError> {
        let TokenKind::Number(text) = self.peek() else {
            return Err(self.unexpected(expecting));
        };
        let number = float::parse(text);
        let token = self.advance()?;
        number.map_err(|error| {
            ParseError::new(format!("unable to parse float: {error}")).in_span(token.span)
        })
    }

    /// `by (a, b)` or `without (a, b)`, if it comes next.
    pub(super) fn grouping(&mut self) -> Result<Option<Grouping>, ParseError> {
        let without = self.is_keyword(Keyword::Without);
        if !without && !self.is_keyword(Keyword::By) {
            return Ok(None);
        }
        self.advance()?;
        let labels = self.labels()?;
        Ok(Some(Grouping { without, labels }))
    }

    /// `(a, b)` or `()`
    pub(super) fn labels(&mut self) -> Result<Vec<String>, ParseError> {
        self.expect(Mark::OpenParen, &["("])?;
        let mut labels = Vec::new();
        if !self.is_mark(Mark::CloseParen) {
            labels.push(self.name(&["IDENTIFIER", ")"])?.0);
            while self.eat(Mark::Comma)? {
                labels.push(self.name(&["IDENTIFIER"])?.0);
            }
            if !self.is_mark(Mark::CloseParen) {
                return Err(self.unexpected(&[",", ")"]));
            }
        }
        self.advance()?;
        Ok(labels)
    }
}
