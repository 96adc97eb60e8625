//! Operators between expressions, by their precedence.

use crate::ast::{Binary, BinaryOp, Cardinality, Expr, Matching, MetricExpr};
use crate::check;
use crate::error::ParseError;
use crate::token::{Keyword, Mark, TokenKind};

use super::cursor::Parser;

/// `bool on (…) group_left (…)`
struct Modifiers {
    return_bool: bool,
    matching: Option<Matching>,
}

impl Parser<'_> {
    /// Operands and the operators between them, of a precedence or a higher one.
    pub(super) fn expression(&mut self, precedence: u8) -> Result<Expr, ParseError> {
        let start = self.span();
        let mut left = self.operand()?;
        while let Some(op) = binary_op(self.peek()) {
            if op.precedence() < precedence {
                break;
            }
            self.advance()?;
            self.count_operator()?;
            let Modifiers { return_bool, matching } = self.modifiers()?;
            let next = op.precedence() + u8::from(!op.is_right_associative());
            let right = self.nested(|parser| parser.expression(next))?;
            let span = self.since(start);
            let (left_leg, right_leg) =
                check::legs(op, left, right).map_err(|error| error.in_span(span))?;
            left = Expr::Metric(match (left_leg, right_leg) {
                (MetricExpr::Number(a), MetricExpr::Number(b)) => match op.apply(a, b) {
                    Some(number) => MetricExpr::Number(number),
                    None => return Err(self.unexpected(&[])),
                },
                (left, right) => MetricExpr::Binary(Box::new(Binary {
                    op,
                    return_bool,
                    matching,
                    left,
                    right,
                    span,
                })),
            });
        }
        Ok(left)
    }

    fn modifiers(&mut self) -> Result<Modifiers, ParseError> {
        let return_bool = self.eat_keyword(Keyword::Bool)?;
        let on = self.is_keyword(Keyword::On);
        if !on && !self.is_keyword(Keyword::Ignoring) {
            return Ok(Modifiers { return_bool, matching: None });
        }
        self.advance()?;
        let labels = self.labels()?;
        let card = match self.peek() {
            TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
            TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
            _ => Cardinality::OneToOne,
        };
        let mut include = Vec::new();
        if card != Cardinality::OneToOne {
            self.advance()?;
            if self.is_mark(Mark::OpenParen) {
                include = self.labels()?;
            }
        }
        let matching = Some(Matching { on, labels, card, include });
        Ok(Modifiers { return_bool, matching })
    }
}

fn binary_op(token: &TokenKind) -> Option<BinaryOp> {
    Some(match token {
        TokenKind::Keyword(Keyword::Or) => BinaryOp::Or,
        TokenKind::Keyword(Keyword::And) => BinaryOp::And,
        TokenKind::Keyword(Keyword::Unless) => BinaryOp::Unless,
        TokenKind::Mark(mark) => match mark {
            Mark::Add => BinaryOp::Add,
            Mark::Sub => BinaryOp::Sub,
            Mark::Mul => BinaryOp::Mul,
            Mark::Div => BinaryOp::Div,
            Mark::Mod => BinaryOp::Mod,
            Mark::Pow => BinaryOp::Pow,
            Mark::CmpEq => BinaryOp::Eq,
            Mark::NotEq => BinaryOp::NotEq,
            Mark::Gt => BinaryOp::Gt,
            Mark::Gte => BinaryOp::Gte,
            Mark::Lt => BinaryOp::Lt,
            Mark::Lte => BinaryOp::Lte,
            _ => return None,
        },
        _ => return None,
    })
}
