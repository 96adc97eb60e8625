//! Functions over a range of lines: `rate({…} | unwrap x [5m] offset 1h)`.

use std::time::Duration;

use crate::ast::{
    Conversion, LogExpr, MetricExpr, RangeAggregation, RangeOp, SignedDuration, Span, Unwrap,
};
use crate::check;
use crate::error::ParseError;
use crate::token::{Function, Keyword, Mark, TokenKind};

use super::cursor::Parser;
use super::hint;
use super::label_filter;
use super::pipeline::Context;

/// What stands between the parentheses of a function over a range.
struct Range {
    log: LogExpr,
    unwrap: Option<Unwrap>,
    /// The range and the offset, once they have come.
    window: Option<(Duration, SignedDuration)>,
}

impl Parser<'_> {
    /// `op([param,] range) [by (…)]`
    pub(super) fn range_aggregation(&mut self, op: RangeOp) -> Result<MetricExpr, ParseError> {
        let start = self.advance()?.span;
        self.expect(Mark::OpenParen, &["("])?;
        let param = match self.peek() {
            TokenKind::Number(text) => Some(text.clone()),
            _ => None,
        };
        if param.is_some() {
            self.advance()?;
            self.expect(Mark::Comma, &[","])?;
        }
        let expecting: &[&str] = if param.is_some() { &["{", "("] } else { &["NUMBER", "{", "("] };
        let Range { log, unwrap, window } = self.nested(|parser| parser.range(expecting))?;
        let Some((range, offset)) = window else {
            return Err(self.without_range(unwrap.is_some()));
        };
        self.expect(Mark::CloseParen, &[")"])?;
        let grouping = self.grouping()?;
        let span = self.since(start);
        let param =
            check::range_parameter(op, param.as_deref()).map_err(|error| error.in_span(span))?;
        let aggregation =
            RangeAggregation { op, param, log, unwrap, range, offset, grouping, span };
        check::range_aggregation(&aggregation)?;
        Ok(MetricExpr::Range(Box::new(aggregation)))
    }

    /// Lines with their window, in parentheses or not; `expecting` is what could come first.
    fn range(&mut self, expecting: &[&str]) -> Result<Range, ParseError> {
        let mut range = match self.peek() {
            TokenKind::Mark(Mark::OpenBrace) => self.lines()?,
            TokenKind::Mark(Mark::OpenParen) => {
                self.advance()?;
                let inner = self.nested(|parser| parser.range(&["{", "("]))?;
                self.expect(Mark::CloseParen, &[])?;
                inner
            }
            _ => return Err(self.unexpected(expecting).hint(hint::RANGE_ARGUMENT)),
        };
        if range.window.is_none() {
            self.window(&mut range)?;
        }
        Ok(range)
    }

    fn lines(&mut self) -> Result<Range, ParseError> {
        let selector = self.selector()?;
        let start = selector.span;
        let tail = self.stages(Context::Range)?;
        let log = LogExpr { selector, stages: tail.stages, span: self.since(start) };
        Ok(Range { log, unwrap: tail.unwrap, window: None })
    }

    /// `[5m] offset 1h`, if it comes next, and stages that were put behind it.
    fn window(&mut self, range: &mut Range) -> Result<(), ParseError> {
        let TokenKind::Range(length) = *self.peek() else { return Ok(()) };
        self.advance()?;
        let mut offset = SignedDuration(0);
        if self.eat_keyword(Keyword::Offset)? {
            let TokenKind::Duration(by) = *self.peek() else {
                let hint = "an offset is a number and a unit, such as offset 1h";
                return Err(self.unexpected(&["DURATION"]).hint(hint));
            };
            self.advance()?;
            offset = by;
        }
        range.window = Some((length, offset));
        if range.unwrap.is_none() {
            let tail = self.stages(Context::Range)?;
            if !tail.stages.is_empty() {
                range.log.stages.extend(tail.stages);
                range.log.span = self.since(range.log.span);
            }
            range.unwrap = tail.unwrap;
        }
        Ok(())
    }

    fn without_range(&self, has_unwrap: bool) -> ParseError {
        let expecting: &[&str] = if has_unwrap { &["RANGE", "|"] } else { &[] };
        self.unexpected(expecting).hint("add the range to look at, such as [5m], after the stages")
    }

    /// `unwrap conversion(label) | filter | filter`; the pipe has been taken.
    pub(super) fn unwrap(&mut self, start: Span) -> Result<Unwrap, ParseError> {
        self.advance()?;
        let conversion = match self.peek() {
            TokenKind::Function(Function::Bytes) => Conversion::Bytes,
            TokenKind::Function(Function::Duration) => Conversion::Duration,
            TokenKind::Function(Function::DurationSeconds) => Conversion::DurationSeconds,
            _ => Conversion::None,
        };
        let label = if conversion == Conversion::None {
            let conversions = ["BYTES_CONV", "DURATION_CONV", "DURATION_SECONDS_CONV"];
            let [bytes, duration, seconds] = conversions;
            self.name(&["IDENTIFIER", bytes, duration, seconds])?.0
        } else {
            self.advance()?;
            self.expect(Mark::OpenParen, &["("])?;
            let (label, _) = self.name(&["IDENTIFIER"])?;
            self.expect(Mark::CloseParen, &[")"])?;
            label
        };
        let mut filters = Vec::new();
        while self.eat(Mark::Pipe)? {
            filters.push(self.label_filter(label_filter::OPERAND)?);
        }
        Ok(Unwrap { label, conversion, filters, span: self.since(start) })
    }
}
