//! The tokens, one ahead, and how a parser finds its way back after an error.

use crate::ast::{Expr, ExprKind};
use crate::diag::{Diagnostic, Diagnostics};
use crate::limits::{HEIGHT_MAX, NESTING_MAX};
use crate::source::Span;
use crate::token::{Mark, Token, TokenKind};

/// A parser at work on a file.
pub(super) struct Parser<'d> {
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    /// Where the last error was told: a second one at the same place says nothing new.
    told: Option<Span>,
    /// Whether the text nests too deep to be read any further.
    is_over: bool,
    /// Whether a statement begins here although its line did not: the list before is not closed.
    pub(super) is_resumed: bool,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl<'d> Parser<'d> {
    /// `tokens` ends with [`TokenKind::End`].
    pub(super) fn new(tokens: Vec<Token>, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            tokens,
            at: 0,
            nesting: 0,
            told: None,
            is_over: false,
            is_resumed: false,
            diagnostics,
        }
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> &TokenKind {
        self.ahead(0)
    }

    /// The token that comes that many after the next.
    pub(super) fn ahead(&self, count: usize) -> &TokenKind {
        self.tokens.get(self.at + count).map_or(&TokenKind::End, |token| &token.kind)
    }

    /// Where the next token stands.
    pub(super) fn span(&self) -> Span {
        self.tokens[self.at.min(self.tokens.len() - 1)].span
    }

    /// Where the last token stands that was taken.
    pub(super) fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    /// Takes the next token and returns its place.
    pub(super) fn advance(&mut self) -> Span {
        let span = self.span();
        if *self.peek() != TokenKind::End {
            self.at += 1;
        }
        span
    }

    pub(super) fn is(&self, mark: Mark) -> bool {
        *self.peek() == TokenKind::Mark(mark)
    }

    /// Takes a sign if it comes next.
    pub(super) fn eat(&mut self, mark: Mark) -> bool {
        let is_next = self.is(mark);
        if is_next {
            self.advance();
        }
        is_next
    }

    /// Passes over the ends of lines.
    pub(super) fn skip_terminators(&mut self) {
        while *self.peek() == TokenKind::Terminator {
            self.advance();
        }
    }

    /// Says that a statement begins here, and gives the end of the line before it back.
    pub(super) fn resume(&mut self) {
        self.is_resumed = true;
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        if before.is_some_and(|token| token.kind == TokenKind::Terminator) {
            self.at -= 1;
        }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::error(span, message));
    }

    pub(super) fn error_hint(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.tell(Diagnostic::error(span, message).hint(hint));
    }

    /// Tells what was expected in the place of the next token.
    pub(super) fn expected(&mut self, what: &str) {
        if self.told != Some(self.span()) {
            let message = format!("expected {what}, found {}", self.peek().describe());
            self.error(self.span(), message);
        }
    }

    fn tell(&mut self, problem: Diagnostic) {
        if !self.is_over {
            self.told = Some(problem.span);
            self.diagnostics.push(problem);
        }
    }

    /// Passes over the rest of a statement: to the end of a line outside of brackets, or to the
    /// brace that closes the block around it.
    pub(super) fn skip_statement(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Terminator if depth == 0 => return,
                TokenKind::Mark(Mark::RightBrace) if depth == 0 => return,
                TokenKind::Mark(Mark::LeftBrace | Mark::LeftBracket | Mark::LeftParenthesis) => {
                    depth += 1;
                }
                TokenKind::Mark(Mark::RightBrace | Mark::RightBracket | Mark::RightParenthesis) => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            self.advance();
        }
    }

    /// Runs a part of the parser one level deeper; `None` if that is too deep, which is told.
    pub(super) fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.nesting >= NESTING_MAX {
            let message = format!("nested more than {NESTING_MAX} deep, which is too deep");
            self.error(self.span(), message);
            // Whatever would be told of the brackets around it is a consequence.
            self.is_over = true;
            self.at = self.tokens.len() - 1;
            return None;
        }
        self.nesting += 1;
        let out = run(self);
        self.nesting -= 1;
        Some(out)
    }

    /// An expression of its parts, unless it is too high.
    pub(super) fn made(&mut self, kind: ExprKind, span: Span) -> Expr {
        let expr = Expr::new(kind, span);
        if expr.height <= HEIGHT_MAX {
            return expr;
        }
        let message = format!("the expression is more than {HEIGHT_MAX} operations deep");
        self.error_hint(span, message, "split it, or name parts of it");
        Expr::new(ExprKind::Missing, span)
    }
}
