//! Pattern expressions, `<ip> - <_> "<method> <path>"`: of the `pattern` parser and of the line
//! filters `|>` and `!>`.
//!
//! Only the syntax is here; matching is `pipeline/pattern.rs` and `pipeline/line_filter.rs`.

use std::fmt;

use memchr::memmem;

/// A pattern, in parts; two literals never follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that must be there.
    Literal(String),
    /// `<name>`: text that becomes a label.
    Capture(String),
    /// `<_>`: text that is passed over.
    Unnamed,
}

impl Pattern {
    /// Splits a pattern into its parts. What is not `<name>` is a literal.
    ///
    /// # Errors
    /// None today: every text is a pattern. Whether it is of use, the two `validate` methods say.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(name) = capture(rest) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                rest = &rest[name.len() + "<>".len()..];
                parts.push(match name {
                    "_" => Part::Unnamed,
                    name => Part::Capture(name.to_owned()),
                });
            } else {
                literal.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names of the captures, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Capture(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The named captures of a text that begins as the pattern does. Where a literal is missing,
    /// the capture before it takes the rest of the text and the reading ends. For patterns with a
    /// literal between any two captures.
    pub fn captures<'p, 't>(&'p self, text: &'t str) -> impl Iterator<Item = (&'p str, &'t str)> {
        let (mut rest, parts) = match self.parts.split_first() {
            Some((Part::Literal(literal), after)) => (text.strip_prefix(literal.as_str()), after),
            _ => (Some(text), self.parts.as_slice()),
        };
        let pairs = parts.chunks(2).map_while(move |pair| {
            let text = rest?;
            let (value, after) = match pair.get(1) {
                Some(Part::Literal(literal)) => split(text, literal),
                _ => (text, None),
            };
            rest = after;
            Some((&pair[0], value))
        });
        pairs.filter_map(|(part, value)| match part {
            Part::Capture(name) => Some((name.as_str(), value)),
            _ => None,
        })
    }

    /// Whether `| pattern` can use it: it names something, nothing twice, and a literal stands
    /// between any two captures.
    ///
    /// # Errors
    /// In Loki's words, what is wrong.
    pub fn validate_for_parser(&self) -> Result<(), String> {
        if self.parts.is_empty() {
            return Err("parse error at line 1, col 1: syntax error: unexpected $end, \
                 expecting IDENTIFIER or LITERAL"
                .to_owned());
        }
        if self.names().next().is_none() {
            return Err("at least one capture is required".to_owned());
        }
        self.validate_neighbours()?;
        let mut seen = Vec::new();
        for name in self.names() {
            if seen.contains(&name) {
                return Err(format!("duplicate capture name ({name}): invalid expression"));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// Whether `|>` can use it: it names nothing, and a literal stands between any two captures.
    ///
    /// # Errors
    /// In Loki's words, what is wrong.
    pub fn validate_for_filter(&self) -> Result<(), String> {
        self.validate_neighbours()?;
        match self.names().next() {
            Some(name) => Err(format!("named captures are not allowed: found '<{name}>'")),
            None => Ok(()),
        }
    }

    fn validate_neighbours(&self) -> Result<(), String> {
        for pair in self.parts.windows(2) {
            if let [a, b] = pair
                && !matches!(a, Part::Literal(_))
                && !matches!(b, Part::Literal(_))
            {
                return Err(format!("found consecutive capture '{a}{b}': invalid expression"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Capture(name) => write!(f, "<{name}>"),
            Self::Unnamed => f.write_str("<_>"),
        }
    }
}

/// What stands before a literal, and behind it if it is there.
fn split<'a>(text: &'a str, literal: &str) -> (&'a str, Option<&'a str>) {
    match memmem::find(text.as_bytes(), literal.as_bytes()) {
        Some(at) => (&text[..at], Some(&text[at + literal.len()..])),
        None => (text, None),
    }
}

/// The name of the capture that a text starts with.
fn capture(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('<')?.split_once('>')?;
    model::labels::is_label_name(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str, parser: Result<(), &str>, filter: Result<(), &str>) {
        let pattern = Pattern::parse(text).unwrap();
        let shown: Vec<_> = pattern.parts().iter().map(Part::to_string).collect();
        assert_eq!(shown.join("·"), expect, "{text}");
        assert_eq!(pattern.validate_for_parser(), parser.map_err(str::to_owned), "{text}");
        assert_eq!(pattern.validate_for_filter(), filter.map_err(str::to_owned), "{text}");
    }

    const NO_CAPTURE: Result<(), &str> = Err("at least one capture is required");

    #[test]
    fn parts() {
        let named = Err("named captures are not allowed: found '<ip>'");
        check("<ip> - <_>", "<ip>· - ·<_>", Ok(()), named);
        check("<_> a <_>", "<_>· a ·<_>", NO_CAPTURE, Ok(()));
        check("nocapture", "nocapture", NO_CAPTURE, Ok(()));
        check("a < b <1> <ip>", "a < b <1> ·<ip>", Ok(()), named);
        check("<<ip>>", "<·<ip>·>", Ok(()), named);
        check("ż<ip>", "ż·<ip>", Ok(()), named);
    }

    #[test]
    fn refused() {
        let empty = "parse error at line 1, col 1: syntax error: unexpected $end, \
                     expecting IDENTIFIER or LITERAL";
        check("", "", Err(empty), Ok(()));
        let neighbours = Err("found consecutive capture '<_><_>': invalid expression");
        check("<_><_>", "<_>·<_>", NO_CAPTURE, neighbours);
        let neighbours = Err("found consecutive capture '<a><_>': invalid expression");
        check("<a><_>", "<a>·<_>", neighbours, neighbours);
        let twice = Err("duplicate capture name (a): invalid expression");
        check("<a> <a>", "<a>· ·<a>", twice, Err("named captures are not allowed: found '<a>'"));
    }
}
