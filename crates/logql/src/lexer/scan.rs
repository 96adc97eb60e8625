//! The scanner underneath: words, numbers, strings and comments as Go's `text/scanner` cuts them.

use crate::ast::Span;
use crate::error::{ParseError, Position};

use super::QUOTES;

/// What was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    End,
    Word,
    Number,
    /// A string in double quotes or backquotes.
    Text,
    /// A character in single quotes, which no query can use.
    Char,
    /// Any other character.
    Other(char),
}

#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// The byte after what has been read.
    at: usize,
    /// Where the token starts.
    start: usize,
    /// The line and column of `start`, counted from 1.
    line: u32,
    col: u32,
    /// How far the counting of lines and columns has come.
    counted: usize,
    /// Whether characters were taken after the token was scanned.
    extended: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, start: 0, line: 1, col: 1, counted: 0, extended: false }
    }

    /// Scans the next token, passing over space and the comments `//` and `/* */`.
    pub(super) fn scan(&mut self) -> Result<Scan, ParseError> {
        self.extended = false;
        loop {
            self.at += self.ahead(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            self.start = self.at;
            self.count_to_start();
            if self.rest().starts_with("//") {
                self.skip_line();
            } else if self.rest().starts_with("/*") {
                self.skip_comment()?;
            } else {
                return self.token_at_start();
            }
        }
    }

    fn token_at_start(&mut self) -> Result<Scan, ParseError> {
        let Some(c) = self.peek() else { return Ok(Scan::End) };
        self.at += c.len_utf8();
        let is_point = c == '.' && self.peek().is_some_and(|next| next.is_ascii_digit());
        Ok(match c {
            c if c == '_' || c.is_alphabetic() => {
                self.at += self.ahead(|c| c == '_' || c.is_alphanumeric());
                Scan::Word
            }
            c if c.is_ascii_digit() || is_point => {
                self.at = self.start + number(&self.text.as_bytes()[self.start..]);
                Scan::Number
            }
            '"' => self.quoted('"').map(|_| Scan::Text)?,
            '\'' => match self.quoted('\'')? {
                1 => Scan::Char,
                _ => {
                    return Err(self.error("invalid char literal").hint(QUOTES));
                }
            },
            '`' => {
                self.at += self.ahead(|c| c != '`');
                if !self.rest().starts_with('`') {
                    return Err(self.error("literal not terminated"));
                }
                self.at += 1;
                Scan::Text
            }
            '\0' => return Err(self.error("invalid character NUL")),
            c => Scan::Other(c),
        })
    }

    /// Reads to the closing quote; gives the number of characters between.
    fn quoted(&mut self, quote: char) -> Result<usize, ParseError> {
        let mut count = 0;
        let mut wrong_escape = false;
        loop {
            match self.peek() {
                None | Some('\n') => return Err(self.error("literal not terminated")),
                Some('\\') => {
                    let length = escape_length(self.rest(), quote);
                    wrong_escape |= length.is_none();
                    self.at += length.unwrap_or(1);
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    if c == quote {
                        break;
                    }
                }
            }
            count += 1;
        }
        if wrong_escape {
            let hint = "in double quotes write \\\\ for a backslash, or use `backquotes`";
            return Err(self.error("invalid char escape").hint(hint));
        }
        Ok(count)
    }

    /// Passes over the rest of the line.
    pub(super) fn skip_line(&mut self) {
        self.at += self.ahead(|c| c != '\n');
    }

    fn skip_comment(&mut self) -> Result<(), ParseError> {
        match self.rest().find("*/") {
            Some(length) => {
                self.at += length + 2;
                Ok(())
            }
            None => {
                self.at = self.text.len();
                Err(self.error("comment not terminated"))
            }
        }
    }

    fn count_to_start(&mut self) {
        for c in self.text[self.counted..self.start].chars() {
            if c == '\n' {
                self.line += 1;
                self.col = 1;
            } else {
                self.col += 1;
            }
        }
        self.counted = self.start;
    }

    /// The token's text.
    pub(super) fn token(&self) -> &'a str {
        &self.text[self.start..self.at]
    }

    /// The token's text and so many bytes after it.
    pub(super) fn token_and(&self, length: usize) -> &'a str {
        &self.text[self.start..self.at + length]
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The length of the characters of a kind that come next.
    pub(super) fn ahead(&self, is_of: impl Fn(char) -> bool) -> usize {
        self.rest().find(|c| !is_of(c)).unwrap_or(self.rest().len())
    }

    /// Makes bytes that come next a part of the token.
    pub(super) fn take(&mut self, length: usize) {
        self.at += length;
        self.extended = true;
    }

    /// Makes a character a part of the token, if it comes next.
    pub(super) fn take_char(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.take(c.len_utf8());
        }
        is_next
    }

    /// Where the token stands, as Loki reports it.
    pub(super) fn position(&self) -> Position {
        Position { line: if self.extended { 0 } else { self.line }, col: self.col }
    }

    /// Where the token stands, in bytes.
    pub(super) fn span(&self) -> Span {
        Span { start: self.start, end: self.at }
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError::new(message).at(self.position(), self.span())
    }
}

/// The length of an escape, or nothing when Go has no such escape.
fn escape_length(text: &str, quote: char) -> Option<usize> {
    let after = &text[1..];
    let digits = |count: usize, radix: u32| {
        let found = after.chars().skip(1).take(count).take_while(|c| c.is_digit(radix)).count();
        (found == count).then_some(2 + count)
    };
    match after.chars().next()? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => Some(2),
        c if c == quote => Some(2),
        'x' => digits(2, 16),
        'u' => digits(4, 16),
        'U' => digits(8, 16),
        '0'..='7' => digits(2, 8),
        _ => None,
    }
}

/// The length of the number at the start of a text, as Go writes integers and floats.
fn number(text: &[u8]) -> usize {
    let run = |from: usize, is_digit: fn(&u8) -> bool| {
        from + text[from..].iter().take_while(|b| is_digit(b) || **b == b'_').count()
    };
    let is_letter =
        |at: usize, letter: u8| text.get(at).is_some_and(|b| b.to_ascii_lowercase() == letter);
    let is_hex = text[0] == b'0' && is_letter(1, b'x');
    let digit: fn(&u8) -> bool = if is_hex { u8::is_ascii_hexdigit } else { u8::is_ascii_digit };
    let has_prefix = text[0] == b'0' && [b'x', b'b', b'o'].iter().any(|p| is_letter(1, *p));
    let mut end = run(if has_prefix { 2 } else { 0 }, digit);
    if text.get(end) == Some(&b'.') {
        end = run(end + 1, digit);
    }
    if is_letter(end, if is_hex { b'p' } else { b'e' }) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        let after = run(exponent.min(text.len()), u8::is_ascii_digit);
        if after > exponent {
            end = after;
        }
    }
    end
}
