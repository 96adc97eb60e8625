//! The words of LogQL, and the names they go by in Loki's errors.

use std::fmt;

use crate::ast::{RangeOp, SignedDuration, Span, VectorOp};
use crate::error::Position;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where, in bytes.
    pub span: Span,
    /// Where, as Loki reports it.
    pub position: Position,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenKind {
    /// The end of the text.
    End,
    /// A name, or anything that is no other token.
    Identifier(String),
    /// A string, unquoted.
    String(String),
    /// A number, as it is written.
    Number(String),
    /// A duration.
    Duration(SignedDuration),
    /// A size in bytes.
    Bytes(u64),
    /// `[5m]`
    Range(std::time::Duration),
    /// `--strict` or `--keep-empty`, as it is written.
    Flag(String),
    /// A punctuation mark or an operator.
    Mark(Mark),
    /// A reserved word.
    Keyword(Keyword),
    /// The name of a function, which is one only before a parenthesis.
    Function(Function),
}

words! {
    /// A punctuation mark or an operator.
    Mark {
        Comma = ",",
        Dot = ".",
        OpenBrace = "{",
        CloseBrace = "}",
        OpenParen = "(",
        CloseParen = ")",
        CloseBracket = "]",
        Eq = "=",
        NotEq = "!=",
        Re = "=~",
        NotRe = "!~",
        PipeExact = "|=",
        PipeMatch = "|~",
        PipePattern = "|>",
        NotPattern = "!>",
        Pipe = "|",
        CmpEq = "==",
        Gt = ">",
        Gte = ">=",
        Lt = "<",
        Lte = "<=",
        Add = "+",
        Sub = "-",
        Mul = "*",
        Div = "/",
        Mod = "%",
        Pow = "^",
    }
}

words! {
    /// A reserved word, in any case of letters.
    Keyword {
        And = "and",
        Or = "or",
        Unless = "unless",
        Bool = "bool",
        By = "by",
        Without = "without",
        On = "on",
        Ignoring = "ignoring",
        GroupLeft = "group_left",
        GroupRight = "group_right",
        Of = "of",
        Offset = "offset",
        Unwrap = "unwrap",
        Json = "json",
        Logfmt = "logfmt",
        Regexp = "regexp",
        Pattern = "pattern",
        Unpack = "unpack",
        LineFormat = "line_format",
        LabelFormat = "label_format",
        Decolorize = "decolorize",
        Drop = "drop",
        Keep = "keep",
    }
}

/// What can be called, or aggregate by labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `rate` and its kin.
    Range(RangeOp),
    /// `sum` and its kin.
    Vector(VectorOp),
    /// `vector`
    VectorOf,
    /// `label_replace`
    LabelReplace,
    /// `ip`
    Ip,
    /// `bytes`
    Bytes,
    /// `duration`
    Duration,
    /// `duration_seconds`
    DurationSeconds,
}

impl Function {
    /// The function of a name, in any case of letters.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::all().find(|function| function.text() == name)
    }

    /// Every function.
    pub fn all() -> impl Iterator<Item = Self> {
        let range = RangeOp::ALL.iter().map(|op| Self::Range(*op));
        let vector = VectorOp::ALL.iter().map(|op| Self::Vector(*op));
        range.chain(vector).chain([
            Self::VectorOf,
            Self::LabelReplace,
            Self::Ip,
            Self::Bytes,
            Self::Duration,
            Self::DurationSeconds,
        ])
    }

    /// As it is written in a query.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Range(op) => op.text(),
            Self::Vector(op) => op.text(),
            Self::VectorOf => "vector",
            Self::LabelReplace => "label_replace",
            Self::Ip => "ip",
            Self::Bytes => "bytes",
            Self::Duration => "duration",
            Self::DurationSeconds => "duration_seconds",
        }
    }
}

impl fmt::Display for TokenKind {
    /// The name that Loki's errors use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("$end"),
            Self::Identifier(_) => f.write_str("IDENTIFIER"),
            Self::String(_) => f.write_str("STRING"),
            Self::Number(_) => f.write_str("NUMBER"),
            Self::Duration(_) => f.write_str("DURATION"),
            Self::Bytes(_) => f.write_str("BYTES"),
            Self::Range(_) => f.write_str("RANGE"),
            Self::Flag(_) => f.write_str("FUNCTION_FLAG"),
            Self::Mark(mark) => f.write_str(mark.text()),
            Self::Keyword(keyword) => f.write_str(keyword.text()),
            Self::Function(function) => match function {
                Function::Ip => f.write_str("ip"),
                Function::Bytes | Function::Duration | Function::DurationSeconds => {
                    write!(f, "{}_CONV", function.text().to_uppercase())
                }
                _ => f.write_str(&function.text().to_uppercase()),
            },
        }
    }
}
