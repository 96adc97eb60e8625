//! The tokens of a query, one ahead, and errors about the one that does not fit.

use crate::ast::{Span, Text};
use crate::error::ParseError;
use crate::lexer::Lexer;
use crate::token::{Keyword, Mark, Token, TokenKind};

use super::hint;

/// Parentheses, functions and right-hand sides within one another: what recursion may cost.
pub(super) const NESTING_MAX: usize = 64;
/// Operators in a query: each makes the tree one higher, and trees are walked by recursion.
pub(super) const OPERATORS_MAX: usize = 256;

/// A parser at work on a query.
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    /// The end of the token before.
    end: usize,
    nesting: usize,
    operators: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, ParseError> {
        let mut lexer = Lexer::new(text)?;
        let token = lexer.next_token()?;
        Ok(Self { lexer, token, end: 0, nesting: 0, operators: 0 })
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> &TokenKind {
        &self.token.kind
    }

    /// The token after the next, if there is one.
    pub(super) fn peek_second(&self) -> Option<TokenKind> {
        self.lexer.clone().next_token().ok().map(|token| token.kind)
    }

    /// Takes the next token.
    pub(super) fn advance(&mut self) -> Result<Token, ParseError> {
        let next = self.lexer.next_token()?;
        self.end = self.token.span.end;
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// Where the next token stands.
    pub(super) fn span(&self) -> Span {
        self.token.span
    }

    /// From a place to the end of the last token taken.
    pub(super) fn since(&self, start: Span) -> Span {
        Span { start: start.start, end: self.end.max(start.start) }
    }

    pub(super) fn is_mark(&self, mark: Mark) -> bool {
        *self.peek() == TokenKind::Mark(mark)
    }

    pub(super) fn is_keyword(&self, keyword: Keyword) -> bool {
        *self.peek() == TokenKind::Keyword(keyword)
    }

    /// Takes the mark, if it comes next.
    pub(super) fn eat(&mut self, mark: Mark) -> Result<bool, ParseError> {
        let is_next = self.is_mark(mark);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    /// Takes the keyword, if it comes next.
    pub(super) fn eat_keyword(&mut self, keyword: Keyword) -> Result<bool, ParseError> {
        let is_next = self.is_keyword(keyword);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    /// Takes the mark, which must come next; `expecting` is what Loki's error lists.
    pub(super) fn expect(&mut self, mark: Mark, expecting: &[&str]) -> Result<Span, ParseError> {
        if !self.is_mark(mark) {
            return Err(self.unexpected(expecting));
        }
        self.advance().map(|token| token.span)
    }

    /// Takes a name.
    pub(super) fn name(&mut self, expecting: &[&str]) -> Result<(String, Span), ParseError> {
        match self.peek() {
            TokenKind::Identifier(name) if model::labels::is_label_name(name) => {
                let name = name.clone();
                self.advance().map(|token| (name, token.span))
            }
            TokenKind::Identifier(_) => {
                let hint = "a label's name is made of the letters a-z and A-Z, digits and _";
                Err(self.unexpected(expecting).hint(hint))
            }
            _ => Err(self.unexpected(expecting)),
        }
    }

    /// Takes a string.
    pub(super) fn text(&mut self, expecting: &[&str]) -> Result<Text, ParseError> {
        match self.peek() {
            TokenKind::String(value) => {
                let value = value.clone();
                self.advance().map(|token| Text { value, span: token.span })
            }
            TokenKind::Identifier(name) => {
                let hint = hint::unquoted(name);
                Err(self.unexpected(expecting).hint(hint))
            }
            _ => Err(self.unexpected(expecting)),
        }
    }

    /// The error that the next token does not fit.
    pub(super) fn unexpected(&self, expecting: &[&str]) -> ParseError {
        let mut message = format!("syntax error: unexpected {}", self.peek());
        for (i, expected) in expecting.iter().enumerate() {
            message.push_str(if i == 0 { ", expecting " } else { " or " });
            message.push_str(expected);
        }
        // Loki's scanner has no place yet when the text is empty.
        if self.end == 0 && *self.peek() == TokenKind::End {
            return ParseError::new(message).in_span(self.span());
        }
        ParseError::new(message).at(self.token.position, self.span())
    }

    /// Whether this is the outermost level of the query.
    pub(super) fn is_outermost(&self) -> bool {
        self.nesting == 0
    }

    /// Does something one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.nesting == NESTING_MAX {
            let message = format!("query is nested too deeply (limit {NESTING_MAX})");
            return Err(ParseError::new(message).in_span(self.span()));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// Counts an operator.
    pub(super) fn count_operator(&mut self) -> Result<(), ParseError> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            let message = format!("query has too many operators (limit {OPERATORS_MAX})");
            return Err(ParseError::new(message).in_span(self.span()));
        }
        Ok(())
    }
}
