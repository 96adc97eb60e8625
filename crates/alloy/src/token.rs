//! The tokens of Alloy's language.

use crate::source::Span;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// What a token is. Texts of literals are kept as they were written, for the printer.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenKind {
    /// A name.
    Identifier(String),
    /// A whole number or one with a fraction or exponent.
    Number(crate::value::Number),
    /// A string, unquoted.
    String(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A sign.
    Mark(Mark),
    /// The end of a line after which a statement may end.
    Terminator,
    /// The end of the text.
    End,
}

impl TokenKind {
    /// The token as an error names it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Identifier(name) => format!("\"{name}\""),
            Self::Number(number) => format!("the number {number}"),
            Self::String(_) => "a string".to_owned(),
            Self::Bool(value) => format!("{value}"),
            Self::Null => "null".to_owned(),
            Self::Mark(mark) => format!("\"{}\"", mark.text()),
            Self::Terminator => "the end of the line".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }

    /// Whether a newline after this token ends a statement, as in Go.
    #[must_use]
    pub fn ends_statement(&self) -> bool {
        match self {
            Self::Mark(mark) => {
                matches!(mark, Mark::RightBrace | Mark::RightBracket | Mark::RightParenthesis)
            }
            Self::Terminator | Self::End => false,
            _ => true,
        }
    }
}

macro_rules! marks {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The signs of the language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mark {
            $($(#[$doc])* $name,)*
        }

        impl Mark {
            /// As it is written.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// All of them; a longer one comes before those it begins with.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

marks! {
    /// `||`
    Or = "||",
    /// `&&`
    And = "&&",
    /// `==`
    Equal = "==",
    /// `!=`
    NotEqual = "!=",
    /// `<=`
    LessOrEqual = "<=",
    /// `>=`
    GreaterOrEqual = ">=",
    /// `<`
    Less = "<",
    /// `>`
    Greater = ">",
    /// `!`
    Not = "!",
    /// `+`
    Plus = "+",
    /// `-`
    Minus = "-",
    /// `*`
    Star = "*",
    /// `/`
    Slash = "/",
    /// `%`
    Percent = "%",
    /// `^`
    Caret = "^",
    /// `=`
    Assign = "=",
    /// `{`
    LeftBrace = "{",
    /// `}`
    RightBrace = "}",
    /// `(`
    LeftParenthesis = "(",
    /// `)`
    RightParenthesis = ")",
    /// `[`
    LeftBracket = "[",
    /// `]`
    RightBracket = "]",
    /// `,`
    Comma = ",",
    /// `.`
    Dot = ".",
}

/// Whether a text is an identifier: what may be a name, a label, or an object's key without quotes.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(starts_identifier)
        && chars.all(continues_identifier)
        && !matches!(text, "true" | "false" | "null")
}

pub(crate) fn starts_identifier(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

pub(crate) fn continues_identifier(c: char) -> bool {
    starts_identifier(c) || c.is_numeric()
}
