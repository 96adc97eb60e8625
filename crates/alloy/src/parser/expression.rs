//! Operators, members, calls and constants.

use super::cursor::Parser;
use crate::ast::{Expr, ExprKind, Literal, Name, UnaryOperator};
use crate::operator::BinaryOperator;
use crate::token::{Mark, TokenKind};

impl Parser<'_> {
    /// An expression; [`ExprKind::Missing`] where there is none, which is told.
    pub(super) fn expression(&mut self) -> Expr {
        self.nested(|parser| parser.binary(0)).unwrap_or_else(|| self.missing())
    }

    /// Operators that bind at least as tightly as `least`.
    fn binary(&mut self, least: u8) -> Expr {
        let mut left = self.unary();
        loop {
            let TokenKind::Mark(mark) = self.peek() else { return left };
            let Some(operator) = BinaryOperator::of(*mark) else { return left };
            let precedence = operator.precedence();
            if precedence < least {
                return left;
            }
            let at = self.advance();
            let next = if operator.is_right_associative() { precedence } else { precedence + 1 };
            let right = self.nested(|parser| parser.binary(next)).unwrap_or_else(|| self.missing());
            let span = left.span.to(right.span);
            let (left_box, right) = (Box::new(left), Box::new(right));
            left = self.made(ExprKind::Binary { operator, at, left: left_box, right }, span);
        }
    }

    fn unary(&mut self) -> Expr {
        let operator = match self.peek() {
            TokenKind::Mark(Mark::Not) => UnaryOperator::Not,
            TokenKind::Mark(Mark::Minus) => UnaryOperator::Negate,
            _ => return self.postfix(),
        };
        let start = self.advance();
        let value = self.nested(Self::unary).unwrap_or_else(|| self.missing());
        let span = start.to(value.span);
        self.made(ExprKind::Unary { operator, value: Box::new(value) }, span)
    }

    /// A value and its members, elements and calls.
    fn postfix(&mut self) -> Expr {
        let mut value = self.primary();
        loop {
            match self.peek() {
                TokenKind::Mark(Mark::Dot) => {
                    self.advance();
                    let TokenKind::Identifier(text) = self.peek() else {
                        self.expected("a name after \".\"");
                        return value;
                    };
                    let text = text.clone();
                    let span = self.advance();
                    let whole = value.span.to(span);
                    let name = Name { text, span };
                    value = self.made(ExprKind::Access { value: Box::new(value), name }, whole);
                }
                TokenKind::Mark(Mark::LeftBracket) => {
                    self.advance();
                    let index = Box::new(self.expression());
                    self.close(Mark::RightBracket);
                    let whole = value.span.to(self.previous());
                    value = self.made(ExprKind::Index { value: Box::new(value), index }, whole);
                }
                TokenKind::Mark(Mark::LeftParenthesis) => {
                    self.advance();
                    let arguments = self.arguments();
                    let whole = value.span.to(self.previous());
                    let function = Box::new(value);
                    value = self.made(ExprKind::Call { function, arguments }, whole);
                }
                _ => return value,
            }
        }
    }

    fn primary(&mut self) -> Expr {
        let literal = match self.peek() {
            TokenKind::Null => Literal::Null,
            TokenKind::Bool(value) => Literal::Bool(*value),
            TokenKind::Number(number) => Literal::Number(*number),
            TokenKind::String(text) => Literal::String(text.as_str().into()),
            TokenKind::Identifier(name) => {
                let kind = ExprKind::Identifier(name.clone());
                let span = self.advance();
                return self.made(kind, span);
            }
            TokenKind::Mark(Mark::LeftBracket) => return self.array(),
            TokenKind::Mark(Mark::LeftBrace) => return self.object(),
            TokenKind::Mark(Mark::LeftParenthesis) => return self.parentheses(),
            _ => {
                self.expected("a value");
                let missing = self.missing();
                // A comma or a closing bracket belongs to what is around the missing value.
                if let TokenKind::Mark(mark) = self.peek()
                    && BinaryOperator::of(*mark).is_some()
                {
                    self.advance();
                }
                return missing;
            }
        };
        let span = self.advance();
        self.made(ExprKind::Literal(literal), span)
    }

    fn parentheses(&mut self) -> Expr {
        let start = self.advance();
        let inner = Box::new(self.expression());
        self.close(Mark::RightParenthesis);
        let span = start.to(self.previous());
        self.made(ExprKind::Parentheses(inner), span)
    }

    /// The bracket that closes what has no commas.
    fn close(&mut self, mark: Mark) {
        if self.eat(mark) {
            return;
        }
        if *self.peek() == TokenKind::Terminator && *self.ahead(1) == TokenKind::Mark(mark) {
            let message = format!("\"{}\" must stand on the line of what it closes", mark.text());
            self.advance();
            let span = self.advance();
            self.error(span, message);
            return;
        }
        self.expected(&format!("\"{}\"", mark.text()));
    }
}
