//! The ways into the parser, and the production that all queries start with.

use crate::ast::{Expr, LogExpr, Selector};
use crate::check;
use crate::error::{ParseError, ParseErrorKind};
use crate::token::{Function, Mark, TokenKind};

use super::cursor::Parser;
use super::hint;
use super::pipeline::{Context, Tail};

/// Reads a query as `query` and `query_range` take it, and checks it.
///
/// # Errors
/// When it is not LogQL, or LogQL that makes no sense. The text of the error is Loki's.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let expr = whole(text)?;
    check::query(&expr)?;
    Ok(expr)
}

/// Reads a selector as `series`, `labels` and `volume` take it: one matcher at least must not
/// match the empty value.
///
/// # Errors
/// When it is not a selector.
pub fn parse_selector(text: &str) -> Result<Selector, ParseError> {
    let selector = parse_matchers(text)?;
    check::selector(&selector)?;
    Ok(selector)
}

/// Reads a selector, whatever it matches: `{}` too.
///
/// # Errors
/// When it is not a selector.
pub fn parse_matchers(text: &str) -> Result<Selector, ParseError> {
    match whole(text)? {
        Expr::Log(LogExpr { selector, stages, .. }) if stages.is_empty() => Ok(selector),
        _ => Err(ParseError {
            kind: ParseErrorKind::NotASelector,
            ..ParseError::new("only label matchers are supported")
        }
        .hint("only {name=\"value\", …} can be used here, without stages or functions")),
    }
}

/// Parses a query for lines of which the selector may match anything, and which is not checked any
/// further: what filters lines that are there already.
///
/// # Errors
/// When the text is no query, or one for numbers.
pub fn parse_lines(text: &str) -> Result<LogExpr, ParseError> {
    match whole(text)? {
        Expr::Log(log) => Ok(log),
        _ => Err(ParseError {
            kind: ParseErrorKind::NotASelector,
            ..ParseError::new("only a query for lines can be used here")
        }),
    }
}

fn whole(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text)?;
    let expr = parser.expression(0)?;
    match parser.peek() {
        TokenKind::End => Ok(expr),
        token => {
            let hint = hint::after_query(&expr, token);
            Err(hint::add(parser.unexpected(&[]), hint))
        }
    }
}

impl Parser<'_> {
    /// What stands between two operators.
    pub(super) fn operand(&mut self) -> Result<Expr, ParseError> {
        match self.peek() {
            TokenKind::Mark(Mark::OpenBrace) => self.log(),
            TokenKind::Mark(Mark::OpenParen) => {
                self.advance()?;
                let inner = self.nested(|parser| parser.expression(0))?;
                self.expect(Mark::CloseParen, &[])?;
                Ok(inner)
            }
            TokenKind::Mark(Mark::Add | Mark::Sub) | TokenKind::Number(_) => {
                self.literal().map(Expr::Metric)
            }
            TokenKind::Function(function) => match *function {
                Function::Range(op) => self.range_aggregation(op).map(Expr::Metric),
                Function::Vector(op) => self.vector_aggregation(op).map(Expr::Metric),
                Function::VectorOf => self.vector().map(Expr::Metric),
                Function::LabelReplace => self.label_replace().map(Expr::Metric),
                _ => Err(self.unexpected(&[])),
            },
            token => {
                let hint = hint::operand(token, self.peek_second().as_ref());
                Err(hint::add(self.unexpected(&[]), hint))
            }
        }
    }

    /// `{…} stage stage …`
    fn log(&mut self) -> Result<Expr, ParseError> {
        let selector = self.selector()?;
        let Tail { stages, count, .. } = self.stages(Context::Query)?;
        let start = selector.span;
        let log = LogExpr { selector, stages, span: self.since(start) };
        match count {
            Some(count) => Ok(Expr::Count(count.of(log))),
            None => Ok(Expr::Log(log)),
        }
    }
}
