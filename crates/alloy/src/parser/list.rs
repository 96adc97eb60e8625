//! What stands between commas: elements, fields and arguments.

use super::cursor::Parser;
use crate::ast::{Expr, ExprKind, Field, Name};
use crate::source::Span;
use crate::token::{Mark, TokenKind};

/// How a list is called, and what closes it.
struct Shape {
    name: &'static str,
    element: &'static str,
    closer: Mark,
}

impl Parser<'_> {
    pub(super) fn array(&mut self) -> Expr {
        let start = self.advance();
        let mut elements = Vec::new();
        let shape = Shape { name: "array", element: "element", closer: Mark::RightBracket };
        self.list(&shape, start, |parser| {
            elements.push(parser.expression());
            true
        });
        let span = start.to(self.previous());
        self.made(ExprKind::Array(elements), span)
    }

    pub(super) fn object(&mut self) -> Expr {
        let start = self.advance();
        let mut fields = Vec::new();
        let shape = Shape { name: "object", element: "field", closer: Mark::RightBrace };
        self.list(&shape, start, |parser| {
            let field = parser.field();
            let is_read = field.is_some();
            fields.extend(field);
            is_read
        });
        let span = start.to(self.previous());
        self.made(ExprKind::Object(fields), span)
    }

    /// Arguments of a call, after its parenthesis.
    pub(super) fn arguments(&mut self) -> Vec<Expr> {
        let start = self.previous();
        let mut arguments = Vec::new();
        let shape = Shape {
            name: "list of arguments",
            element: "argument",
            closer: Mark::RightParenthesis,
        };
        self.list(&shape, start, |parser| {
            arguments.push(parser.expression());
            true
        });
        arguments
    }

    fn field(&mut self) -> Option<Field> {
        let (text, is_quoted) = match self.peek() {
            TokenKind::Identifier(name) => (name.clone(), false),
            TokenKind::String(text) => (text.clone(), true),
            _ => {
                self.expected("the name of a field");
                return None;
            }
        };
        let name = Name { text, span: self.advance() };
        if !self.eat(Mark::Assign) {
            self.expected(&format!("\"=\" after the field's name \"{}\"", name.text));
            // What was written in the place of "=" has been told if it is no token at all.
            if !self.starts_value() {
                return None;
            }
        }
        let value = self.expression();
        Some(Field { name, is_quoted, value })
    }

    /// Elements and their commas, and what closes them. Each turn takes at least one token.
    fn list(&mut self, shape: &Shape, open: Span, mut element: impl FnMut(&mut Self) -> bool) {
        loop {
            self.skip_terminators();
            if self.eat(shape.closer) {
                return;
            }
            if self.is_beyond(shape) || self.is_statement(shape, 0) {
                self.resume();
                self.unclosed(shape, open);
                return;
            }
            if self.is(Mark::Comma) {
                let span = self.advance();
                let message = format!("expected {} {} before \",\"", article(shape), shape.element);
                self.error(span, message);
                continue;
            }
            if !element(self) {
                self.skip_element(shape);
            }
            if !self.comma(shape, open) {
                return;
            }
        }
    }

    /// The comma after an element; whether the list goes on.
    fn comma(&mut self, shape: &Shape, open: Span) -> bool {
        if self.eat(Mark::Comma) {
            return true;
        }
        if self.eat(shape.closer) {
            return false;
        }
        let after = self.previous().after();
        if *self.peek() == TokenKind::Terminator {
            let is_last = *self.ahead(1) == TokenKind::Mark(shape.closer);
            let is_end = *self.ahead(1) == TokenKind::End || self.is_statement(shape, 1);
            if !is_last && is_end {
                self.unclosed(shape, open);
                return false;
            }
            let message = format!("missing \",\" after {} {}", article(shape), shape.element);
            let hint = format!(
                "in an {} of several lines each {} ends with a comma, the last one too",
                shape.name, shape.element
            );
            let hint = hint.replace("an list", "a list");
            self.error_hint(after, message, &hint);
            return true;
        }
        if self.is_statement(shape, 0) {
            self.resume();
            self.unclosed(shape, open);
            return false;
        }
        if self.starts_value() {
            let message = format!("missing \",\" between two {}s", shape.element);
            self.error_hint(after, message, "separate them with a comma");
            return true;
        }
        if self.is_beyond(shape) {
            self.unclosed(shape, open);
            return false;
        }
        self.expected(&format!("\",\" or \"{}\"", shape.closer.text()));
        self.skip_element(shape);
        true
    }

    fn unclosed(&mut self, shape: &Shape, open: Span) {
        let message = format!("the {} is not closed", shape.name);
        let hint = format!("end it with \"{}\"", shape.closer.text());
        self.error_hint(open, message, &hint);
    }

    /// Whether what comes next can only belong to what is around the list.
    fn is_beyond(&self, shape: &Shape) -> bool {
        match self.peek() {
            TokenKind::End => true,
            TokenKind::Mark(
                mark @ (Mark::RightBrace | Mark::RightBracket | Mark::RightParenthesis),
            ) => *mark != shape.closer,
            _ => false,
        }
    }

    /// Whether a statement begins at the token that comes that many after the next: then the list
    /// ended without its bracket.
    fn is_statement(&self, shape: &Shape, from: usize) -> bool {
        let mut at = from;
        while let TokenKind::Identifier(_) = self.ahead(at) {
            at += 1;
            match self.ahead(at) {
                TokenKind::Mark(Mark::Dot) => at += 1,
                TokenKind::Mark(Mark::Assign) => return shape.closer != Mark::RightBrace,
                TokenKind::Mark(Mark::LeftBrace) => return true,
                TokenKind::String(_) => {
                    return *self.ahead(at + 1) == TokenKind::Mark(Mark::LeftBrace);
                }
                _ => return false,
            }
        }
        false
    }

    fn starts_value(&self) -> bool {
        match self.peek() {
            TokenKind::Mark(mark) => matches!(
                mark,
                Mark::LeftBrace | Mark::LeftBracket | Mark::LeftParenthesis | Mark::Not
            ),
            TokenKind::Terminator | TokenKind::End => false,
            _ => true,
        }
    }

    /// Passes over what is left of an element that could not be read.
    fn skip_element(&mut self, shape: &Shape) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Terminator | TokenKind::Mark(Mark::Comma) if depth == 0 => return,
                TokenKind::Mark(mark) if *mark == shape.closer && depth == 0 => return,
                TokenKind::Mark(Mark::RightBrace | Mark::RightBracket | Mark::RightParenthesis)
                    if depth == 0 =>
                {
                    return;
                }
                TokenKind::Mark(Mark::LeftBrace | Mark::LeftBracket | Mark::LeftParenthesis) => {
                    depth += 1;
                }
                TokenKind::Mark(Mark::RightBrace | Mark::RightBracket | Mark::RightParenthesis) => {
                    depth -= 1;
                }
                _ => {}
            }
            self.advance();
        }
    }
}

fn article(shape: &Shape) -> &'static str {
    if shape.element.starts_with('f') { "a" } else { "an" }
}
