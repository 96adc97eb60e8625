//! The path expressions of `| json a="b.c[0][\"d e\"]"`: where in a document a label is taken from.
//!
//! Only the syntax is here; following a path through a document is `pipeline/json.rs`.

use std::iter::Peekable;
use std::str::Chars;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name` or `["name"]`: a member of an object.
    Field(String),
    /// `[3]`: an element of an array, from 0.
    Index(usize),
}

/// Reads a path.
///
/// # Errors
/// In Loki's words, what is wrong with the path.
pub fn parse(text: &str) -> Result<Vec<Segment>, String> {
    let mut tokens = Tokens { chars: text.chars().peekable() };
    let mut segments = vec![first(&mut tokens)?];
    loop {
        match tokens.next()? {
            Token::End => return Ok(segments),
            Token::Dot => match tokens.next()? {
                Token::Field(name) => segments.push(Segment::Field(name)),
                other => return Err(unexpected(&other, ", expecting FIELD")),
            },
            Token::Open => segments.push(bracket(&mut tokens)?),
            other => return Err(unexpected(&other, "")),
        }
    }
}

/// What a path may start with: a name or a bracket.
fn first(tokens: &mut Tokens<'_>) -> Result<Segment, String> {
    match tokens.next()? {
        Token::Field(name) => Ok(Segment::Field(name)),
        Token::Open => bracket(tokens),
        other => Err(unexpected(&other, ", expecting LSB or FIELD")),
    }
}

/// What follows a `[`.
fn bracket(tokens: &mut Tokens<'_>) -> Result<Segment, String> {
    let segment = match tokens.next()? {
        Token::Text(name) => Segment::Field(name),
        Token::Index(index) => Segment::Index(index),
        other => return Err(unexpected(&other, ", expecting STRING or INDEX")),
    };
    match tokens.next()? {
        Token::Close => Ok(segment),
        other => Err(unexpected(&other, ", expecting RSB")),
    }
}

fn unexpected(token: &Token, expecting: &str) -> String {
    format!("syntax error: unexpected {}{expecting}", token.name())
}

enum Token {
    Dot,
    Open,
    Close,
    Text(String),
    Field(String),
    Index(usize),
    End,
}

impl Token {
    /// The name that Loki's messages use.
    fn name(&self) -> &'static str {
        match self {
            Self::Dot => "DOT",
            Self::Open => "LSB",
            Self::Close => "RSB",
            Self::Text(_) => "STRING",
            Self::Field(_) => "FIELD",
            Self::Index(_) => "INDEX",
            Self::End => "$end",
        }
    }
}

struct Tokens<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Tokens<'_> {
    fn next(&mut self) -> Result<Token, String> {
        while self.chars.next_if(|c| matches!(c, ' ' | '\t' | '\n')).is_some() {}
        let Some(&c) = self.chars.peek() else { return Ok(Token::End) };
        match c {
            '0'..='9' => self.index(),
            '"' => self.text(),
            'a'..='z' | 'A'..='Z' | '_' => Ok(Token::Field(self.word())),
            '.' | '[' | ']' => {
                self.chars.next();
                Ok(match c {
                    '.' => Token::Dot,
                    '[' => Token::Open,
                    _ => Token::Close,
                })
            }
            other => Err(format!("unexpected char {other}")),
        }
    }

    fn index(&mut self) -> Result<Token, String> {
        let mut digits = String::new();
        while let Some(digit) = self.chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().map(Token::Index).map_err(|_| format!("value out of range: {digits}"))
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            word.push(c);
        }
        word
    }

    /// A quoted name; a backslash takes the next character as it is.
    fn text(&mut self) -> Result<Token, String> {
        self.chars.next();
        let mut text = String::new();
        while let Some(c) = self.chars.next() {
            match c {
                '"' => return Ok(Token::Text(text)),
                '\\' => text.extend(self.chars.next()),
                other => text.push(other),
            }
        }
        Err("unterminated string".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, &str>) {
        let shown = parse(text).map(|segments| {
            let show = |segment: &Segment| match segment {
                Segment::Field(name) => format!("<{name}>"),
                Segment::Index(index) => format!("{index}"),
            };
            segments.iter().map(show).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown.as_deref(), expect.map_err(str::to_owned).as_ref().copied(), "{text}");
    }

    #[test]
    fn paths() {
        check("status", Ok("<status>"));
        check("user.roles[0]", Ok("<user> <roles> 0"));
        check(r#"["key with space"]"#, Ok("<key with space>"));
        check(r#"user["roles"][0]"#, Ok("<user> <roles> 0"));
        check("error_detail[0].frames[12].lineno", Ok("<error_detail> 0 <frames> 12 <lineno>"));
        check(r#" a . b [ "c\"d" ] "#, Ok(r#"<a> <b> <c"d>"#));
    }

    #[test]
    fn refused() {
        check("", Err("syntax error: unexpected $end, expecting LSB or FIELD"));
        check("a[b]", Err("syntax error: unexpected FIELD, expecting STRING or INDEX"));
        check("[a", Err("syntax error: unexpected FIELD, expecting STRING or INDEX"));
        check("a b", Err("syntax error: unexpected FIELD"));
        check("a..b", Err("syntax error: unexpected DOT, expecting FIELD"));
        check("a[1", Err("syntax error: unexpected $end, expecting RSB"));
        check("a-b", Err("unexpected char -"));
        check("a[\"b", Err("unterminated string"));
        check("a[99999999999999999999999]", Err("value out of range: 99999999999999999999999"));
    }
}
