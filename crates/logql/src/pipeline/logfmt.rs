//! `| logfmt`, `| logfmt --strict --keep-empty` and `| logfmt a, b="key"`.

use std::borrow::Cow;

use crate::ast;
use crate::logfmtkey;

use super::error::StageError;
use super::name;
use super::object;
use super::row::{Refused, RowLabels};
use super::wanted::Wanted;

/// The stage: all keys, or some.
#[derive(Debug)]
pub(super) struct Logfmt {
    strict: bool,
    keep_empty: bool,
    /// Labels and the keys that they are taken from; empty: all keys.
    keys: Vec<(String, String)>,
    wanted: Wanted,
}

impl Logfmt {
    pub(super) fn new(stage: &ast::Logfmt, wanted: &Wanted) -> Result<Self, StageError> {
        let keys = stage.extractions.iter().map(|extraction| {
            let key = logfmtkey::parse(&extraction.expression).map_err(|error| {
                let expression = &extraction.expression;
                let message = format!("cannot parse expression [{expression}]: {error}");
                StageError::new(extraction.span, message)
            })?;
            Ok((extraction.name.clone(), key))
        });
        Ok(Self {
            strict: stage.strict,
            keep_empty: stage.keep_empty,
            keys: keys.collect::<Result<_, _>>()?,
            wanted: wanted.clone(),
        })
    }

    /// Sets the labels. A pair that cannot be read is passed over, or, if strict, ends the reading
    /// and marks the row as an error.
    pub(super) fn process(&self, line: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        if self.wanted.satisfied(labels) {
            return Ok(());
        }
        for (label, _) in &self.keys {
            if !labels.is_base(label) {
                labels.extract_named(label, "");
            }
        }
        let mut pairs = Pairs::new(line);
        loop {
            match pairs.next() {
                Some(Ok((key, value))) => self.pair(key, &value, labels)?,
                Some(Err(error)) if self.strict => {
                    self.fail(&error, labels);
                    return Ok(());
                }
                Some(Err(_)) => {}
                None => return Ok(()),
            }
            if self.keys.is_empty() && self.wanted.satisfied(labels) {
                return Ok(());
            }
        }
    }

    fn pair(&self, key: &str, value: &str, labels: &mut RowLabels) -> Result<(), Refused> {
        // Prometheus refuses the mark of an undecodable character; Loki then has no value at all.
        let value = if value.contains(char::REPLACEMENT_CHARACTER) { "" } else { value };
        if self.keys.is_empty() {
            if value.is_empty() && !self.keep_empty {
                return Ok(());
            }
            let write_name = |name: &mut String| name::push_at(key, name.len(), name);
            return labels.extract(&self.wanted, write_name, value);
        }
        let mut sanitized = String::new();
        name::push(key, &mut sanitized);
        for (label, _) in self.keys.iter().filter(|(_, wanted)| *wanted == sanitized) {
            labels.extract_named(label, value);
        }
        Ok(())
    }

    fn fail(&self, error: &SyntaxError, labels: &mut RowLabels) {
        labels.set_error("LogfmtParserErr", &error.to_string());
        if self.wanted.error_is_answer() {
            labels.preserve_error();
        }
    }
}

/// Why a pair cannot be read; where is in bytes, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("logfmt syntax error at pos {at} : {what}")]
pub struct SyntaxError {
    at: usize,
    what: Cow<'static, str>,
}

/// Reads `key=value key="quoted value" key` one after the other.
#[derive(Debug)]
pub struct Pairs<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(&'a str, Cow<'a, str>), SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.line.as_bytes();
        self.at += bytes[self.at..].iter().position(|byte| *byte > b' ').or_else(|| {
            self.at = bytes.len();
            None
        })?;
        Some(self.key().and_then(|key| Ok((key, self.after_key()?))))
    }
}

impl<'a> Pairs<'a> {
    /// The pairs of a line.
    #[must_use]
    pub fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    /// Reads up to the `=`, a space or the end.
    fn key(&mut self) -> Result<&'a str, SyntaxError> {
        let start = self.at;
        self.at = self.until(|byte| byte <= b' ' || byte == b'=' || byte == b'"');
        match self.line.as_bytes().get(self.at) {
            Some(b'"') => return Err(self.unexpected('"')),
            Some(b'=') if self.at == start => return Err(self.unexpected('=')),
            _ => {}
        }
        let key = &self.line[start..self.at];
        if key.contains(char::REPLACEMENT_CHARACTER) {
            return Err(self.error("invalid key"));
        }
        Ok(key)
    }

    /// Reads the value, if the key has one.
    fn after_key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let bytes = self.line.as_bytes();
        if bytes.get(self.at) != Some(&b'=') {
            return Ok(Cow::Borrowed(""));
        }
        self.at += 1;
        if bytes.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let start = self.at;
        self.at = self.until(|byte| byte <= b' ' || byte == b'=' || byte == b'"');
        match bytes.get(self.at) {
            Some(b'=') => Err(self.unexpected('=')),
            Some(b'"') => Err(self.unexpected('"')),
            _ => Ok(Cow::Borrowed(&self.line[start..self.at])),
        }
    }

    /// Reads a value in quotes, with JSON's escapes.
    fn quoted(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let bytes = self.line.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        while let Some(found) = bytes.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
        {
            end += found;
            if bytes[end] == b'"' {
                self.at = end + 1;
                let text = &self.line[start..end];
                return object::unescape(text).ok_or_else(|| self.error("invalid quoted value"));
            }
            end += 2;
        }
        self.at = bytes.len();
        Err(self.error("unterminated quoted value"))
    }

    fn until(&self, stops: impl Fn(u8) -> bool) -> usize {
        let rest = &self.line.as_bytes()[self.at..];
        self.at + rest.iter().position(|byte| stops(*byte)).unwrap_or(rest.len())
    }

    /// The error of a character that may not be here; what is left of the word is passed over.
    fn unexpected(&mut self, c: char) -> SyntaxError {
        let error = SyntaxError { at: self.at + 1, what: format!("unexpected '{c}'").into() };
        self.at = self.until(|byte| byte <= b' ');
        error
    }

    fn error(&self, what: &'static str) -> SyntaxError {
        SyntaxError { at: self.at + 1, what: Cow::Borrowed(what) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let shown: Vec<String> = Pairs { line, at: 0 }
            .map(|pair| match pair {
                Ok((key, value)) => format!("{key}={value}"),
                Err(error) => error.to_string(),
            })
            .collect();
        assert_eq!(shown.join("|"), expect, "for {line:?}");
    }

    #[test]
    fn reads_pairs() {
        check("a=1 b=\"two words\"  c", "a=1|b=two words|c=");
        check("a= b=\"\" ", "a=|b=");
        check(r#"a="q\"\n\u0041""#, "a=q\"\nA");
        check("\t\n", "");
    }

    #[test]
    fn passes_over_what_it_cannot_read() {
        check("a=b=c d=1", "logfmt syntax error at pos 4 : unexpected '='|d=1");
        check("=x d=1", "logfmt syntax error at pos 1 : unexpected '='|d=1");
        check("a\"b\" d=1", "logfmt syntax error at pos 2 : unexpected '\"'|d=1");
        check("a=\"x", "logfmt syntax error at pos 5 : unterminated quoted value");
        check(r#"a="\x" d=1"#, "logfmt syntax error at pos 7 : invalid quoted value|d=1");
    }

    use crate::pipeline::testing::check as check_stage;

    #[test]
    fn sets_all_keys() {
        check_stage(
            "| logfmt",
            "a=1 a=2 1x=y b app=z",
            r#"a=1 a=2 1x=y b app=z {_1x="y", a="1", app_extracted="z"}"#,
        );
        check_stage("| logfmt --keep-empty", "a= b", r#"a= b {a="", b=""}"#);
        check_stage("| logfmt", "a=�", "a=�");
    }

    #[test]
    fn sets_some_keys() {
        check_stage("| logfmt a, x=`b`, c", "a=1 b=2", r#"a=1 b=2 {a="1", c="", x="2"}"#);
        check_stage("| logfmt app=`b`", "b=2", r#"b=2 {app_extracted="2"}"#);
    }

    #[test]
    fn strict_stops_at_the_first_error() {
        let details = "logfmt syntax error at pos 8 : unexpected '='";
        let error = format!("__error__=\"LogfmtParserErr\", __error_details__=\"{details}\"");
        check_stage(
            "| logfmt --strict",
            "a=1 b=2=3 c=4",
            &format!(r#"a=1 b=2=3 c=4 {{{error}, a="1"}}"#),
        );
    }
}
