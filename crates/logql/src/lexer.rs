//! Text to tokens, one at a time, as Go's `text/scanner` and Loki's rules on top of it cut them.
//!
//! A name is a function only before `(`, `by (` or `without (`, so labels may be called `rate`,
//! `count` or `duration`. Positions are those that Loki reports, with its quirk: the line of a
//! token that was put together from several scans (`|=`, `[5m]`, `5s`) is reported as 0.

mod quote;
mod scan;

use model::limits::MAX_QUERY_BYTES;

use crate::error::ParseError;
use crate::token::{Function, Keyword, Mark, Token, TokenKind};
use crate::{bytes, duration};

use scan::{Scan, Scanner};

/// How strings are written, for those who wrote them otherwise.
pub(crate) const QUOTES: &str = "strings are written \"in double quotes\" or `in backquotes`";

/// Cuts a query into tokens.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of a query.
    ///
    /// # Errors
    /// When the query is longer than [`MAX_QUERY_BYTES`].
    pub fn new(text: &'a str) -> Result<Self, ParseError> {
        if text.len() > MAX_QUERY_BYTES {
            let message = format!("input size too long ({} > {MAX_QUERY_BYTES})", text.len());
            return Err(ParseError::new(message));
        }
        Ok(Self { scanner: Scanner::new(text) })
    }

    /// The next token; [`TokenKind::End`] at the end and ever after.
    ///
    /// # Errors
    /// When what follows is no token: an open string, a wrong escape, a range without a bracket.
    pub fn next_token(&mut self) -> Result<Token, ParseError> {
        let mut scan = self.scanner.scan()?;
        while scan == Scan::Other('#') {
            self.scanner.skip_line();
            scan = self.scanner.scan()?;
        }
        let kind = match scan {
            Scan::End => TokenKind::End,
            Scan::Number => self.number(),
            Scan::Text => TokenKind::String(self.string()?),
            Scan::Other('[') => self.range()?,
            Scan::Other('-') => self.minus(),
            Scan::Word | Scan::Char | Scan::Other(_) => self.word_or_mark(),
        };
        Ok(Token { kind, span: self.scanner.span(), position: self.scanner.position() })
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(message).at(self.scanner.position(), self.scanner.span())
    }

    fn string(&self) -> Result<String, ParseError> {
        quote::unquote(self.scanner.token()).map_err(|message| self.error(message))
    }

    fn number(&mut self) -> TokenKind {
        if let Some(duration) = self.duration() {
            return duration;
        }
        let number = self.scanner.token().to_owned();
        let length = self.scanner.ahead(|c| "BikKMGTP.".contains(c) || c.is_ascii_digit());
        let text = self.scanner.token_and(length);
        match bytes::parse(text) {
            Ok(size) if length > 0 => {
                self.scanner.take(length);
                TokenKind::Bytes(size)
            }
            _ => TokenKind::Number(number),
        }
    }

    /// The token and what follows it, if together they are a duration.
    fn duration(&mut self) -> Option<TokenKind> {
        let length = self.scanner.ahead(|c| c == '.' || c.is_numeric() || "nsumhµdwy".contains(c));
        let duration = duration::parse(self.scanner.token_and(length)).ok()?;
        (length > 0).then(|| {
            self.scanner.take(length);
            TokenKind::Duration(duration)
        })
    }

    /// A flag, a negative duration, or the sign.
    fn minus(&mut self) -> TokenKind {
        let length = self.scanner.ahead(|c| c == '-' || c.is_alphabetic());
        let flag = self.scanner.token_and(length);
        if matches!(flag, "--strict" | "--keep-empty") {
            let flag = flag.to_owned();
            self.scanner.take(length);
            return TokenKind::Flag(flag);
        }
        self.duration().unwrap_or(TokenKind::Mark(Mark::Sub))
    }

    /// `[5m]`; the bracket has been read.
    fn range(&mut self) -> Result<TokenKind, ParseError> {
        let length = self.scanner.ahead(|c| c != ']');
        let text = &self.scanner.token_and(length)[1..];
        let parsed = duration::parse_prometheus(text);
        self.scanner.take(length);
        if !self.scanner.take_char(']') {
            return Err(self.error("missing closing ']' in duration"));
        }
        parsed.map(TokenKind::Range).map_err(|message| {
            let hint = "a range is a whole number and a unit, such as [5m], [1h30m] or [7d]";
            self.error(message).hint(hint)
        })
    }

    fn word_or_mark(&mut self) -> TokenKind {
        let text = self.scanner.token();
        if let Some(next) = self.scanner.peek() {
            let pair = format!("{text}{next}");
            if let Some(mark) = Mark::ALL.iter().find(|mark| mark.text() == pair) {
                self.scanner.take_char(next);
                return TokenKind::Mark(*mark);
            }
        }
        if let Some(mark) = Mark::ALL.iter().find(|mark| mark.text() == text) {
            return TokenKind::Mark(*mark);
        }
        let is_text = |keyword: &&Keyword| keyword.text().eq_ignore_ascii_case(text);
        if let Some(keyword) = Keyword::ALL.iter().find(is_text) {
            return TokenKind::Keyword(*keyword);
        }
        match Function::of(text) {
            Some(function) if is_call(self.scanner.rest()) => TokenKind::Function(function),
            _ => TokenKind::Identifier(text.to_owned()),
        }
    }
}

/// Whether what follows a name makes it a function.
fn is_call(rest: &str) -> bool {
    let rest = rest.trim_start();
    let grouped = ["by", "without"].iter().any(|word| {
        let is_word = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        is_word && rest[word.len()..].trim_start().starts_with('(')
    });
    grouped || rest.starts_with('(')
}

#[cfg(test)]
mod tests;
