//! Text to tokens. A newline ends a statement only where one may end; comments are put aside for
//! the printer; what is no token is told and passed over.

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use crate::token::{Mark, Token, TokenKind, continues_identifier, starts_identifier};
use crate::value::Number;

/// What a text is made of.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// The tokens; the last is [`TokenKind::End`].
    pub tokens: Vec<Token>,
    /// The comments with their `//` or `/* */`.
    pub comments: Vec<Span>,
}

/// Takes a text apart.
pub fn scan(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Scanned {
    let mut scanner = Scanner { file, text, at: 0, out: Scanned::default(), diagnostics };
    // A mark of byte order may begin a file, as editors of another system write it.
    if text.starts_with('\u{feff}') {
        scanner.at = '\u{feff}'.len_utf8();
    }
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner.end_line();
    scanner.push(TokenKind::End, text.len());
    scanner.out
}

struct Scanner<'a, 'd> {
    file: FileId,
    text: &'a str,
    at: usize,
    out: Scanned,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Scanner<'a, '_> {
    /// One token, comment or white space.
    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        match first {
            '\n' => {
                self.end_line();
                self.at += 1;
            }
            ' ' | '\t' | '\r' => self.at += 1,
            '"' => self.string(),
            '`' => self.raw_string(),
            '\'' => self.single_quoted(),
            _ if rest.starts_with("//") => self.line_comment(),
            _ if rest.starts_with("/*") => self.block_comment(),
            _ if starts_identifier(first) => self.word(),
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
            _ => match Mark::ALL.iter().find(|mark| rest.starts_with(mark.text())) {
                Some(mark) => {
                    let start = self.at;
                    self.at += mark.text().len();
                    self.push(TokenKind::Mark(*mark), start);
                }
                None => self.stray(first),
            },
        }
    }

    /// A character that begins no token.
    fn stray(&mut self, c: char) {
        let span = self.span(self.at, self.at + c.len_utf8());
        if c == '#' {
            let problem = Diagnostic::error(span, "a comment begins with \"//\", not with \"#\"");
            self.diagnostics.push(problem.hint("write // in its place"));
            self.at += self.line_length();
            return;
        }
        self.at += c.len_utf8();
        let problem = match c {
            '\0' => Diagnostic::error(span, "a zero byte cannot stand in a configuration"),
            '|' | '&' => Diagnostic::error(span, format!("\"{c}\" is no operator"))
                .hint(format!("write \"{c}{c}\" for a logical operator")),
            ':' => Diagnostic::error(span, "\":\" is no part of the language")
                .hint("a key and its value are joined by \"=\""),
            ';' => Diagnostic::error(span, "\";\" is no part of the language")
                .hint("statements end with their line"),
            '“' | '”' | '‘' | '’' => Diagnostic::error(span, format!("{c} is no quote"))
                .hint("write strings in straight double quotes"),
            _ => Diagnostic::error(span, format!("unexpected character {c:?}")),
        };
        self.diagnostics.push(problem);
        if c == ':' {
            // It was meant as "=", so that what follows is read as its value.
            self.push(TokenKind::Mark(Mark::Assign), self.at - 1);
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| !continues_identifier(c)).unwrap_or(rest.len());
        self.at += length;
        let kind = match &rest[..length] {
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            "null" => TokenKind::Null,
            name => TokenKind::Identifier(name.to_owned()),
        };
        self.push(kind, start);
    }

    fn number(&mut self) {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let is_sign =
                matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E') && end > start;
            if !(byte.is_ascii_alphanumeric() || *byte == b'.' || is_sign) {
                break;
            }
            end += 1;
        }
        self.at = end;
        let text = &self.text[start..end];
        let number = parse_number(text).unwrap_or_else(|| {
            let problem =
                Diagnostic::error(self.span(start, end), format!("\"{text}\" is no number"));
            let hint = "durations and sizes are strings, such as \"30s\" or \"1MiB\"";
            self.diagnostics.push(problem.hint(hint));
            Number::Int(0)
        });
        self.push(TokenKind::Number(number), start);
    }

    fn string(&mut self) {
        let start = self.at;
        let inner = &self.text[start + 1..];
        let mut escaped = false;
        let end = inner.char_indices().find(|(_, c)| {
            let is_end = *c == '\n' || (*c == '"' && !escaped);
            escaped = *c == '\\' && !escaped;
            is_end
        });
        let (length, is_closed) = match end {
            Some((at, '"')) => (at, true),
            Some((at, _)) => (at, false),
            None => (inner.len(), false),
        };
        self.at = start + 1 + length + usize::from(is_closed);
        if !is_closed {
            let problem = Diagnostic::error(self.span(start, self.at), "the string is not closed");
            let hint =
                "end it with a double quote; a string over several lines stands in backquotes";
            self.diagnostics.push(problem.hint(hint));
        }
        let value = self.unescape(start + 1, &inner[..length]);
        self.push(TokenKind::String(value), start);
    }

    /// A string's value. What is no escape is told and left out.
    fn unescape(&mut self, start: usize, inner: &str) -> String {
        let mut out = Vec::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(at) = rest.find('\\') {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            let after = &rest[at..];
            let length = match escape(&after[1..]) {
                Ok((Unit::Char(c), length)) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    length
                }
                Ok((Unit::Byte(byte), length)) => {
                    out.push(byte);
                    length
                }
                Err(length) => {
                    let from = start + inner.len() - after.len();
                    self.bad_escape(from, &after[..=length]);
                    length
                }
            };
            rest = &after[1 + length..];
        }
        out.extend_from_slice(rest.as_bytes());
        String::from_utf8(out).unwrap_or_else(|error| {
            let span = self.span(start, start + inner.len());
            self.diagnostics.push(Diagnostic::error(span, "the string's bytes are not UTF-8"));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })
    }

    fn bad_escape(&mut self, from: usize, text: &str) {
        let span = self.span(from, from + text.len());
        let problem = Diagnostic::error(span, format!("\"{text}\" is no escape of a string"));
        let hint = "write a backslash as \\\\, or the string in backquotes, where it is itself";
        self.diagnostics.push(problem.hint(hint));
    }

    fn raw_string(&mut self) {
        let start = self.at;
        let inner = &self.text[start + 1..];
        let length = inner.find('`').unwrap_or(inner.len());
        self.at = (start + length + 2).min(self.text.len());
        if length == inner.len() {
            // The whole rest of the file is covered; only its beginning helps.
            let span = self.span(start, start + 1);
            let problem = Diagnostic::error(span, "the string in backquotes is not closed");
            self.diagnostics.push(problem.hint("end it with a backquote"));
        }
        // Go's raw strings have no carriage returns.
        self.push(TokenKind::String(inner[..length].replace('\r', "")), start);
    }

    /// What is in single quotes was meant as a string.
    fn single_quoted(&mut self) {
        let start = self.at;
        let line = &self.rest()[1..self.line_length()];
        let length = line.find('\'').unwrap_or(line.len());
        let inner = &line[..length];
        self.at = start + 1 + length + usize::from(length < line.len());
        let span = self.span(start, self.at);
        let problem =
            Diagnostic::error(span, "a string stands in double quotes, not in single ones");
        let hint = format!("write \"{}\"", inner.replace('\\', "\\\\").replace('"', "\\\""));
        self.diagnostics.push(problem.hint(hint));
        self.push(TokenKind::String(inner.to_owned()), start);
    }

    fn line_comment(&mut self) {
        let start = self.at;
        self.at += self.line_length();
        let end = start + self.text[start..self.at].trim_end().len();
        let span = self.span(start, end);
        self.out.comments.push(span);
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let Some(length) = self.text[start + 2..].find("*/") else {
            let span = self.span(start, start + 2);
            self.at = self.text.len();
            let problem = Diagnostic::error(span, "the comment is not closed");
            self.diagnostics.push(problem.hint("end it with */"));
            return;
        };
        self.at = start + 2 + length + 2;
        let span = self.span(start, self.at);
        self.out.comments.push(span);
        // As in Go, a comment that holds a newline is one.
        if self.text[start..self.at].contains('\n') {
            self.end_line_at(start);
        }
    }

    fn end_line(&mut self) {
        self.end_line_at(self.at);
    }

    fn end_line_at(&mut self, at: usize) {
        if self.out.tokens.last().is_some_and(|token| token.kind.ends_statement()) {
            let span = self.span(at, at);
            self.out.tokens.push(Token { kind: TokenKind::Terminator, span });
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = self.span(start, self.at);
        self.out.tokens.push(Token { kind, span });
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// How far the line still goes, without its newline.
    fn line_length(&self) -> usize {
        self.rest().find('\n').unwrap_or(self.rest().len())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: place(start), end: place(end) }
    }
}

/// A number as it stands in a configuration: decimal, as Go's `strconv` reads it.
pub(crate) fn parse_number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(value) = text.parse::<i64>() {
        return Some(Number::Int(value));
    }
    if let Ok(value) = text.parse::<u64>() {
        return Some(Number::Uint(value));
    }
    let value = text.parse::<f64>().ok()?;
    value.is_finite().then_some(Number::Float(value))
}

enum Unit {
    Char(char),
    Byte(u8),
}

/// What an escape stands for and how long it is without its backslash; the length alone if it is
/// none of Go's.
fn escape(text: &str) -> Result<(Unit, usize), usize> {
    let Some(letter) = text.chars().next() else { return Err(0) };
    let simple = |c| Ok((Unit::Char(c), 1));
    match letter {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        '\\' | '"' | '\'' => simple(letter),
        'x' => {
            let code = digits(&text[1..], 2, 16).and_then(|code| u8::try_from(code).ok());
            code.map(|code| (Unit::Byte(code), 3)).ok_or(1)
        }
        'u' | 'U' => {
            let count = if letter == 'u' { 4 } else { 8 };
            let code = digits(&text[1..], count, 16).and_then(char::from_u32);
            code.map(|code| (Unit::Char(code), 1 + count)).ok_or(1)
        }
        '0'..='7' => {
            let code = digits(text, 3, 8).and_then(|code| u8::try_from(code).ok());
            code.map(|code| (Unit::Byte(code), 3)).ok_or(1)
        }
        _ => Err(letter.len_utf8()),
    }
}

fn digits(text: &str, count: usize, radix: u32) -> Option<u32> {
    let code = text.get(..count)?;
    if !code.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(code, radix).ok()
}
