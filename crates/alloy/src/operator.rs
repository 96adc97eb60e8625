//! The operators between two operands, and how tightly they bind.

use crate::token::Mark;

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `^`
    Power,
}

impl BinaryOperator {
    /// The operator that a sign stands for.
    pub(crate) fn of(mark: Mark) -> Option<Self> {
        Some(match mark {
            Mark::Or => Self::Or,
            Mark::And => Self::And,
            Mark::Equal => Self::Equal,
            Mark::NotEqual => Self::NotEqual,
            Mark::Less => Self::Less,
            Mark::LessOrEqual => Self::LessOrEqual,
            Mark::Greater => Self::Greater,
            Mark::GreaterOrEqual => Self::GreaterOrEqual,
            Mark::Plus => Self::Add,
            Mark::Minus => Self::Subtract,
            Mark::Star => Self::Multiply,
            Mark::Slash => Self::Divide,
            Mark::Percent => Self::Remainder,
            Mark::Caret => Self::Power,
            _ => return None,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        }
    }

    /// How tightly it binds: the larger, the tighter.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
            Self::Power => 6,
        }
    }

    /// Whether `a op b op c` is `a op (b op c)`.
    pub(crate) fn is_right_associative(self) -> bool {
        self == Self::Power
    }
}
