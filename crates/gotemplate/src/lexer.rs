//! Text to tokens, by the rules of Go's template lexer: text outside the delimiters, tokens inside,
//! spaces kept (they separate operands), trim markers and comments already applied.

/// What a token is. The text of a token is the span `start..end` of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Bool,
    Character,
    Dot,
    Field,
    Identifier,
    Keyword,
    Nil,
    Number,
    String,
    RawString,
    Variable,
    Assign,
    Declare,
    Comma,
    Pipe,
    LeftParen,
    RightParen,
    End,
}

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// An error of the lexer: a byte offset and what is wrong there.
pub(crate) type Failure = (usize, String);

const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// All tokens of a template, the last one of kind [`Kind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Failure> {
    let mut lexer = Lexer { text, at: 0, parens: 0, tokens: Vec::new() };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    parens: usize,
    tokens: Vec<Token>,
}

impl<'t> Lexer<'t> {
    fn run(&mut self) -> Result<(), Failure> {
        let mut trim_start = false;
        while let Some(found) = self.rest().find("{{") {
            let open = self.at + found;
            let after = &self.text[open + 2..];
            let trim_end = has_left_trim_marker(after);
            self.push_text(open, trim_start, trim_end);
            self.at = open + 2 + if trim_end { 2 } else { 0 };
            trim_start = if self.rest().starts_with("/*") {
                self.comment(open)?
            } else {
                self.push(Kind::LeftDelimiter, open);
                self.action()?
            };
        }
        self.push_text(self.text.len(), trim_start, false);
        self.at = self.text.len();
        self.push(Kind::End, self.at);
        Ok(())
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, start, end: self.at });
    }

    fn push_text(&mut self, end: usize, trim_start: bool, trim_end: bool) {
        let (mut start, mut end) = (self.at, end);
        if trim_start {
            start += count_spaces(&self.text[start..end]);
        }
        if trim_end {
            end = start + self.text[start..end].trim_end_matches(is_space).len();
        }
        if start < end {
            self.tokens.push(Token { kind: Kind::Text, start, end });
        }
    }

    /// Skips a comment; says whether the text after it loses its leading space.
    fn comment(&mut self, open: usize) -> Result<bool, Failure> {
        let Some(close) = self.rest().find("*/") else {
            return Err((open, "unclosed comment".into()));
        };
        self.at += close + 2;
        match self.right_delimiter() {
            Some(length) => {
                self.at += length;
                Ok(length > 2)
            }
            None => Err((open, "comment ends before closing delimiter".into())),
        }
    }

    /// The length of the closing delimiter here, 4 with a trim marker.
    fn right_delimiter(&self) -> Option<usize> {
        let rest = self.rest();
        if rest.starts_with("}}") {
            return Some(2);
        }
        let mut chars = rest.chars();
        let marked = chars.next().is_some_and(is_space) && chars.as_str().starts_with("-}}");
        marked.then_some(4)
    }

    /// The tokens up to and with the closing delimiter; says whether that trims.
    fn action(&mut self) -> Result<bool, Failure> {
        self.parens = 0;
        loop {
            let start = self.at;
            if let Some(length) = self.right_delimiter() {
                if self.parens > 0 {
                    return Err((start, "unclosed left paren".into()));
                }
                self.at += length;
                self.push(Kind::RightDelimiter, start);
                return Ok(length > 2);
            }
            let Some(c) = self.rest().chars().next() else {
                return Err((start, "unclosed action".into()));
            };
            self.token(start, c)?;
        }
    }

    fn token(&mut self, start: usize, c: char) -> Result<(), Failure> {
        let kind = match c {
            _ if is_space(c) => self.spaces(),
            '=' => self.one(Kind::Assign),
            ':' => return self.declare(start),
            '|' => self.one(Kind::Pipe),
            ',' => self.one(Kind::Comma),
            '"' => self.quoted(start, '"', "unterminated quoted string", Kind::String)?,
            '\'' => self.quoted(start, '\'', "unterminated character constant", Kind::Character)?,
            '`' => self.raw(start)?,
            '$' => self.name(start, Kind::Variable)?,
            '.' if !self.rest()[1..].starts_with(|d: char| d.is_ascii_digit()) => {
                self.name(start, Kind::Field)?
            }
            '.' | '+' | '-' | '0'..='9' => self.number(start)?,
            '(' => {
                self.parens += 1;
                self.one(Kind::LeftParen)
            }
            ')' if self.parens == 0 => return Err((start, "unexpected right paren".into())),
            ')' => {
                self.parens -= 1;
                self.one(Kind::RightParen)
            }
            _ if is_alphanumeric(c) => self.identifier(start)?,
            _ => return Err((start, format!("unrecognized character in action: {}", unicode(c)))),
        };
        self.push(kind, start);
        Ok(())
    }

    fn one(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn declare(&mut self, start: usize) -> Result<(), Failure> {
        if !self.rest().starts_with(":=") {
            return Err((start, "expected :=".into()));
        }
        self.at += 2;
        self.push(Kind::Declare, start);
        Ok(())
    }

    /// A run of spaces; the one that belongs to a trim marker is left for the delimiter.
    fn spaces(&mut self) -> Kind {
        while self.rest().starts_with(is_space) && self.right_delimiter().is_none() {
            self.at += 1;
        }
        Kind::Space
    }

    fn quoted(
        &mut self,
        start: usize,
        quote: char,
        unterminated: &str,
        kind: Kind,
    ) -> Result<Kind, Failure> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' if chars.next().is_some_and(|(_, escaped)| escaped != '\n') => {}
                '\\' | '\n' => break,
                _ if c == quote => {
                    self.at += offset + 1;
                    return Ok(kind);
                }
                _ => {}
            }
        }
        Err((start, unterminated.into()))
    }

    fn raw(&mut self, start: usize) -> Result<Kind, Failure> {
        match self.rest()[1..].find('`') {
            Some(length) => {
                self.at += length + 2;
                Ok(Kind::RawString)
            }
            None => Err((start, "unterminated raw quoted string".into())),
        }
    }

    /// `.field`, `$variable`, or the bare `.` and `$`.
    fn name(&mut self, start: usize, kind: Kind) -> Result<Kind, Failure> {
        self.at += 1;
        self.at += alphanumeric_length(self.rest());
        self.check_terminator()?;
        let bare = self.at == start + 1;
        Ok(if bare && kind == Kind::Field { Kind::Dot } else { kind })
    }

    fn identifier(&mut self, start: usize) -> Result<Kind, Failure> {
        self.at += alphanumeric_length(self.rest());
        self.check_terminator()?;
        Ok(match &self.text[start..self.at] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        })
    }

    /// A number as far as its characters go; whether it is one, the parser finds out.
    fn number(&mut self, start: usize) -> Result<Kind, Failure> {
        let bytes = self.rest().as_bytes();
        let mut length = usize::from(matches!(bytes[0], b'+' | b'-'));
        let hex = matches!(bytes.get(length..length + 2), Some(b"0x" | b"0X"));
        while let Some(&b) = bytes.get(length) {
            let exponent = if hex { b"pP" } else { b"eE" };
            let sign =
                matches!(b, b'+' | b'-') && length > 0 && exponent.contains(&bytes[length - 1]);
            if !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_') || sign) {
                break;
            }
            length += 1;
        }
        self.at += length;
        if self.rest().starts_with(is_alphanumeric) || length == 0 {
            return Err((start, format!("bad number syntax: {:?}", &self.text[start..self.at])));
        }
        Ok(Kind::Number)
    }

    /// A name must be followed by something that cannot be a part of it.
    fn check_terminator(&self) -> Result<(), Failure> {
        let rest = self.rest();
        match rest.chars().next() {
            Some(c) if is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(') => Ok(()),
            Some(_) if rest.starts_with("}}") => Ok(()),
            Some(c) => Err((self.at, format!("bad character {}", unicode(c)))),
            None => Ok(()),
        }
    }
}

fn has_left_trim_marker(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}

fn count_spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn alphanumeric_length(text: &str) -> usize {
    text.find(|c| !is_alphanumeric(c)).unwrap_or(text.len())
}

/// A character the way Go's `%#U` shows it.
pub(crate) fn unicode(c: char) -> String {
    if c.is_control() {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("U+{:04X} '{c}'", u32::from(c))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let got: Vec<&str> =
            tokens(text).unwrap().iter().map(|token| &text[token.start..token.end]).collect();
        assert_eq!(got, expect, "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, expect: &str) {
        assert_eq!(tokens(text).unwrap_err().1, expect, "{text}");
    }

    #[test]
    fn text_and_actions() {
        check("plain", &["plain", ""]);
        check("a{{.b}}c", &["a", "{{", ".b", "}}", "c", ""]);
        check("{{ $x := 1 }}", &["{{", " ", "$x", " ", ":=", " ", "1", " ", "}}", ""]);
        check("{{f(1)|g}}", &["{{", "f", "(", "1", ")", "|", "g", "}}", ""]);
    }

    #[test]
    fn trim_markers_eat_the_text_beside_them() {
        check("a  {{- .b -}}  c", &["a", "{{- ", ".b", " -}}", "c", ""]);
        check("a {{-3}}", &["a ", "{{", "-3", "}}", ""]);
        check("a {{- /* x */ -}} b", &["a", "b", ""]);
        check("{{.b  -}} c", &["{{", ".b", " ", " -}}", "c", ""]);
    }

    #[test]
    fn kinds_of_words() {
        use Kind::*;
        let text = "{{if true nil x . .y $ 'a' `r`}}";
        let kinds: Vec<_> =
            tokens(text).unwrap().iter().map(|t| t.kind).filter(|k| *k != Space).collect();
        let expect = [
            LeftDelimiter,
            Keyword,
            Bool,
            Nil,
            Identifier,
            Dot,
            Field,
            Variable,
            Character,
            RawString,
            RightDelimiter,
            End,
        ];
        assert_eq!(kinds, expect);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        check_error("{{", "unclosed action");
        check_error("{{/* x", "unclosed comment");
        check_error("{{/* x */ y}}", "comment ends before closing delimiter");
        check_error("{{\"x}}", "unterminated quoted string");
        check_error("{{`x}}", "unterminated raw quoted string");
        check_error("{{'x}}", "unterminated character constant");
        check_error("{{(.x}}", "unclosed left paren");
        check_error("{{.x)}}", "unexpected right paren");
        check_error("{{.x\"y\"}}", "bad character U+0022 '\"'");
        check_error("{{#}}", "unrecognized character in action: U+0023 '#'");
    }
}
