//! Reads a JSON object member by member, as leniently as Loki does, without building a tree.
//!
//! It takes what it needs and believes the rest: what follows the closing brace is not looked at,
//! nor what stands inside an array or object beyond its brackets and strings. The texts of the
//! errors are those of the library that Loki uses, since `__error_details__` shows them.

use std::borrow::Cow;

/// Why an object cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonError {
    #[error("Malformed JSON error")]
    Malformed,
    #[error("Value looks like object, but can't find closing '}}' symbol")]
    Object,
    #[error("Value is array, but can't find closing ']' symbol")]
    Array,
    #[error("Value is string, but can't find closing '\"' symbol")]
    String,
    #[error("Unknown value type")]
    UnknownType,
    #[error("Encountered an invalid escape sequence in a string")]
    Escape,
}

/// What kind of value a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

/// A value: its text as it stands in the document, of a string what is between the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

impl<'a> Value<'a> {
    /// The value as a label shows it: strings without their escapes, and nothing if those are
    /// broken.
    pub(super) fn to_label(self) -> Cow<'a, str> {
        match self.kind {
            Kind::Null => Cow::Borrowed(""),
            Kind::Number | Kind::Boolean | Kind::Object => Cow::Borrowed(self.text),
            Kind::String | Kind::Array => unescape(self.text).map(printable).unwrap_or_default(),
        }
    }
}

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Stop,
    /// It ends here, and the line is dropped.
    Refuse,
}

/// Shows the members of the object that a text begins with, in their order, until one stops it.
pub(super) fn for_each<'a>(
    text: &'a str,
    mut member: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<Flow, JsonError>,
) -> Result<Flow, JsonError> {
    let mut cursor = Cursor::new(text);
    if cursor.peek() != Some(b'{') {
        return Err(JsonError::Object);
    }
    cursor.at += 1;
    if cursor.peek().ok_or(JsonError::Malformed)? == b'}' {
        return Ok(Flow::Continue);
    }
    loop {
        match cursor.peek() {
            Some(b'"') => {}
            Some(b'}') => return Ok(Flow::Continue),
            Some(_) => return Err(JsonError::Object),
            None => return Err(JsonError::Array),
        }
        let key = cursor.key()?;
        let value = cursor.value()?;
        match member(key, value)? {
            Flow::Continue => {}
            end => return Ok(end),
        }
        match cursor.peek() {
            Some(b'}') => return Ok(Flow::Continue),
            Some(b',') => cursor.at += 1,
            Some(_) => return Err(JsonError::Object),
            None => return Err(JsonError::Array),
        }
    }
}

/// A place in a document.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Passes over spaces and says what follows.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        self.at += spaces.count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Reads a key and the colon after it. The cursor is at its opening quote.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let (key, has_escapes) = self.string_with_escapes().ok_or(JsonError::Malformed)?;
        let key = if has_escapes { unescape(key) } else { Some(Cow::Borrowed(key)) };
        let key = key.ok_or(JsonError::Escape)?;
        if self.peek() != Some(b':') {
            return Err(JsonError::Malformed);
        }
        self.at += 1;
        Ok(key)
    }

    /// Reads a value of any kind.
    pub(super) fn value(&mut self) -> Result<Value<'a>, JsonError> {
        let (kind, text) = match self.peek().ok_or(JsonError::Malformed)? {
            b'"' => (Kind::String, self.string().ok_or(JsonError::String)?),
            b'[' => (Kind::Array, self.block(b'[', b']').ok_or(JsonError::Array)?),
            b'{' => (Kind::Object, self.block(b'{', b'}').ok_or(JsonError::Object)?),
            first => self.literal(first)?,
        };
        Ok(Value { kind, text })
    }

    /// What is between the quotes; the cursor is at the first of them and ends behind the second.
    fn string(&mut self) -> Option<&'a str> {
        self.string_with_escapes().map(|(text, _)| text)
    }

    /// As [`Self::string`], and whether there are escapes in it.
    fn string_with_escapes(&mut self) -> Option<(&'a str, bool)> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut at, mut has_escapes) = (start, false);
        loop {
            at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes[at] == b'"' {
                self.at = at + 1;
                return Some((&self.text[start..at], has_escapes));
            }
            has_escapes = true;
            at += 2;
        }
    }

    /// An array or object with its brackets.
    fn block(&mut self, open: u8, close: u8) -> Option<&'a str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut level = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                byte if byte == open => level += 1,
                byte if byte == close => level -= 1,
                _ => {}
            }
            self.at += 1;
            if level == 0 {
                return Some(&self.text[start..self.at]);
            }
        }
        None
    }

    fn literal(&mut self, first: u8) -> Result<(Kind, &'a str), JsonError> {
        let rest = &self.text[self.at..];
        let end = rest.find([' ', '\n', '\r', '\t', ',', '}', ']']).unwrap_or(rest.len());
        let text = &rest[..end];
        let kind = match (first, text) {
            (b'0'..=b'9' | b'-', _) => Kind::Number,
            (_, "true" | "false") => Kind::Boolean,
            (_, "null") => Kind::Null,
            _ => return Err(JsonError::UnknownType),
        };
        self.at += end;
        Ok((kind, text))
    }
}

/// A string without its escapes, or nothing where one is broken.
pub(super) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    let Some(first) = memchr::memchr(b'\\', text.as_bytes()) else {
        return Some(Cow::Borrowed(text));
    };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(escape) = rest.strip_prefix('\\') {
        let (c, used) = escaped(escape)?;
        plain.push(c);
        rest = &escape[used..];
        let next = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        plain.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Some(Cow::Owned(plain))
}

/// The character that an escape stands for, and how many bytes it takes without its backslash.
fn escaped(escape: &str) -> Option<(char, usize)> {
    let c = match escape.as_bytes().first()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(escape),
        _ => return None,
    };
    Some((c, 1))
}

/// `uXXXX`, or two of them where the first is half of a pair.
fn unicode(escape: &str) -> Option<(char, usize)> {
    let digits = |at: usize| {
        let digits = escape.get(at..at + 4)?;
        if digits.starts_with('+') { None } else { u16::from_str_radix(digits, 16).ok() }
    };
    let high = digits(1)?;
    if let Some(c) = char::from_u32(high.into()) {
        return Some((c, 5));
    }
    let low = if escape[5..].starts_with("\\u") { digits(7)? } else { return None };
    let c = char::decode_utf16([high, low]).next()?.ok()?;
    Some((c, 11))
}

/// Replaces the mark of an undecodable character by a space, as Loki does: Prometheus refuses it.
fn printable(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.contains(char::REPLACEMENT_CHARACTER) {
        true => Cow::Owned(text.replace(char::REPLACEMENT_CHARACTER, " ")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members as `key=value`, then the error if there was one.
    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut shown = Vec::new();
        let end = for_each(text, |key, value| {
            shown.push(format!("{key}={}", value.to_label()));
            Ok(Flow::Continue)
        });
        shown.extend(end.err().map(|error| error.to_string()));
        assert_eq!(shown.join("|"), expect, "for {text}");
    }

    #[test]
    fn shows_members() {
        check("{}", "");
        check(r#" { "a" : 1.50, "b":"x", "c":true,"d":null } rest"#, "a=1.50|b=x|c=true|d=");
        check(r#"{"a":{"b":"}"},"c":["]",1]}"#, r#"a={"b":"}"}|c=["]",1]"#);
        check(r#"{"a":1,}"#, "a=1");
    }

    #[test]
    fn undoes_escapes() {
        check(r#"{"a\"b":"\n\u0041\ud83d\ude00\/"}"#, "a\"b=\nA😀/");
        check(r#"{"a":"\ud83d","b":"\x","c":"�x"}"#, "a=|b=|c= x");
        check(r#"{"a":"ends in \\","b":1}"#, r"a=ends in \|b=1");
    }

    #[test]
    fn says_what_is_wrong() {
        check("", "Value looks like object, but can't find closing '}' symbol");
        check("[1]", "Value looks like object, but can't find closing '}' symbol");
        check("{", "Malformed JSON error");
        check(r#"{"a""#, "Malformed JSON error");
        check(r#"{"a":"#, "Malformed JSON error");
        check(r#"{"a":"x"#, "Value is string, but can't find closing '\"' symbol");
        check(r#"{"a":[1"#, "Value is array, but can't find closing ']' symbol");
        check(r#"{"a":1 "b":2}"#, "a=1|Value looks like object, but can't find closing '}' symbol");
        check(r#"{"a":"x""#, "a=x|Value is array, but can't find closing ']' symbol");
        check(r#"{"a":nope}"#, "Unknown value type");
        check(r#"{"\x":1}"#, "Encountered an invalid escape sequence in a string");
    }
}
