//! The tokens of a template and the position in them, with the names that are in scope there.

use std::collections::HashMap;

use crate::ast::Node;
use crate::dialect::Dialect;
use crate::lexer::{Failure, Kind, Token};

/// The state of a parse.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    /// Whose functions there are.
    pub(super) dialect: Dialect,
    pub(super) tokens: Vec<Token>,
    pub(super) next: usize,
    /// The variables in scope, innermost last.
    pub(super) variables: Vec<Box<str>>,
    pub(super) definitions: HashMap<String, Vec<Node>>,
    pub(super) depth: usize,
    /// How many `range` bodies are open: `break` and `continue` need one.
    pub(super) ranges: usize,
}

/// What a step of the parser gives, or where it failed and why.
pub(super) type Parse<T> = Result<T, Failure>;

impl<'t> Parser<'t> {
    pub(super) fn source(&self, token: Token) -> &'t str {
        &self.text[token.start..token.end]
    }

    pub(super) fn unexpected(&self, token: Token, context: &str) -> String {
        match token.kind {
            Kind::End => "unexpected EOF".into(),
            Kind::Keyword => format!("unexpected <{}> in {context}", self.source(token)),
            _ => format!("unexpected {:?} in {context}", self.source(token)),
        }
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Parse<()> {
        let token = self.next_solid();
        if token.kind == kind {
            return Ok(());
        }
        Err((token.start, self.unexpected(token, context)))
    }

    pub(super) fn peek(&self) -> Token {
        self.tokens[self.next]
    }

    /// The next token; the last one, which marks the end, comes again and again.
    pub(super) fn take(&mut self) -> Token {
        let token = self.tokens[self.next];
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    /// The next token that is not a space, without taking it.
    pub(super) fn peek_solid(&self) -> Token {
        let ahead = self.tokens[self.next];
        if ahead.kind == Kind::Space { self.tokens[self.next + 1] } else { ahead }
    }

    pub(super) fn peek_solid_advancing(&mut self) {
        if self.peek().kind == Kind::Space {
            self.take();
        }
    }

    pub(super) fn next_solid(&mut self) -> Token {
        self.peek_solid_advancing();
        self.take()
    }
}
