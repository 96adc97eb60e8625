//! Aggregations of vectors, `vector` and `label_replace`.

use crate::ast::{Expr, LabelReplace, MetricExpr, VectorAggregation, VectorOp};
use crate::check;
use crate::error::ParseError;
use crate::token::{Mark, TokenKind};

use super::cursor::Parser;
use super::hint;

impl Parser<'_> {
    /// `sum by (a) (…)`, `topk(5, …) by (a)`
    pub(super) fn vector_aggregation(&mut self, op: VectorOp) -> Result<MetricExpr, ParseError> {
        let start = self.advance()?.span;
        let before = self.grouping()?;
        self.expect(Mark::OpenParen, &["("])?;
        let param = self.parameter()?;
        let inner = self.metric()?;
        self.expect(Mark::CloseParen, &[])?;
        let grouping = match before {
            Some(grouping) => Some(grouping),
            None => self.grouping()?,
        };
        let span = self.since(start);
        let param = check::vector_parameter(op, param.as_deref(), grouping.as_ref())
            .map_err(|error| error.in_span(span))?;
        let inner = Box::new(inner);
        Ok(MetricExpr::Aggregate(VectorAggregation { op, param, grouping, inner, span }))
    }

    /// `5,` as it is written, if it comes next.
    fn parameter(&mut self) -> Result<Option<String>, ParseError> {
        match (self.peek(), self.peek_second()) {
            (TokenKind::Number(text), Some(TokenKind::Mark(Mark::Comma))) => {
                let text = text.clone();
                self.advance()?;
                self.advance()?;
                Ok(Some(text))
            }
            _ => Ok(None),
        }
    }

    /// An expression for numbers, as an argument.
    fn metric(&mut self) -> Result<MetricExpr, ParseError> {
        match self.nested(|parser| parser.expression(0))? {
            Expr::Metric(metric) => Ok(metric),
            Expr::Log(_) | Expr::Count(_) => {
                let hint = hint::lines_for_numbers(self.peek());
                Err(self.unexpected(&[]).hint(hint))
            }
        }
    }

    /// `vector(5)`
    pub(super) fn vector(&mut self) -> Result<MetricExpr, ParseError> {
        self.advance()?;
        self.expect(Mark::OpenParen, &["("])?;
        let number = self.number(&["NUMBER"])?;
        self.expect(Mark::CloseParen, &[")"])?;
        Ok(MetricExpr::Vector(number))
    }

    /// `label_replace(…, "dst", "replacement", "src", "regex")`
    pub(super) fn label_replace(&mut self) -> Result<MetricExpr, ParseError> {
        let start = self.advance()?.span;
        self.expect(Mark::OpenParen, &["("])?;
        let inner = Box::new(self.metric()?);
        self.expect(Mark::Comma, &[])?;
        let dst = self.text(&["STRING"])?.value;
        self.expect(Mark::Comma, &[","])?;
        let replacement = self.text(&["STRING"])?.value;
        self.expect(Mark::Comma, &[","])?;
        let src = self.text(&["STRING"])?.value;
        self.expect(Mark::Comma, &[","])?;
        let regex = self.text(&["STRING"])?;
        self.expect(Mark::CloseParen, &[")"])?;
        check::label_replace(&regex)?;
        let (regex, span) = (regex.value, self.since(start));
        let replace = LabelReplace { inner, dst, replacement, src, regex, span };
        Ok(MetricExpr::LabelReplace(replace))
    }
}
