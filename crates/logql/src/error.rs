//! Why a text is not a query, in Loki's words, and what its author may have meant.

use std::fmt;

use crate::ast::Span;

/// A query that cannot be understood. Always the fault of the query: to be shown to its author,
/// never to be tried again.
///
/// `Display` gives exactly Loki's text; the hint is for faces that can show more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without the position.
    pub message: String,
    /// Where, as Loki counts it. Absent for what is found out after parsing.
    pub position: Option<Position>,
    /// Where, in bytes of the query.
    pub span: Option<Span>,
    /// What the author may have meant.
    pub hint: Option<String>,
    /// Which of Loki's forms the text has.
    pub kind: ParseErrorKind,
}

/// Which of Loki's forms the text of an error has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Text that is not LogQL: `parse error …`.
    Query,
    /// A query where only a selector may stand: the message alone.
    NotASelector,
}

/// A place in a query, as Loki's scanner reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1; 0 for a token of more than one character that is not a word, of whose line
    /// Loki's scanner has lost track.
    pub line: u32,
    /// In characters, counted from 1.
    pub col: u32,
}

impl ParseError {
    /// An error without a place.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
            span: None,
            hint: None,
            kind: ParseErrorKind::Query,
        }
    }

    /// The same error, at a place that Loki reports too.
    #[must_use]
    pub fn at(mut self, position: Position, span: Span) -> Self {
        self.position = Some(position);
        self.span = Some(span);
        self
    }

    /// The same error, at a place that Loki does not report.
    #[must_use]
    pub fn in_span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same error, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.position) {
            (ParseErrorKind::NotASelector, _) => f.write_str(&self.message),
            (_, None) => write!(f, "parse error : {}", self.message),
            (_, Some(Position { line, col })) => {
                write!(f, "parse error at line {line}, col {col}: {}", self.message)
            }
        }
    }
}

impl std::error::Error for ParseError {}
