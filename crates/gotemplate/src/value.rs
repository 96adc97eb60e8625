//! What a template computes with: the few Go types that Loki's functions take and return.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::Scope;
use crate::time::Time;

/// A value. Strings are bytes, as in Go: `substr` may cut a character in two.
#[derive(Clone)]
pub(crate) enum Value<'a> {
    /// Nothing: `nil`, JSON's `null`, what a missing key of a JSON object gives.
    Nil,
    Bool(bool),
    /// Go's `int`: literals, `len`, `int`.
    Int(i64),
    /// Go's `int64`: what `add` and its like return. No function takes it where it wants an `int`.
    Int64(i64),
    /// Go's `uint8`: a byte of a string.
    Byte(u8),
    Float(f64),
    Str(Cow<'a, [u8]>),
    Time(Time),
    List(Rc<[Value<'a>]>),
    Map(Rc<BTreeMap<String, Value<'a>>>),
    /// The names and values that the template was given.
    Fields(&'a dyn Scope),
}

impl<'a> Value<'a> {
    /// A string value that owns its bytes.
    pub(crate) fn owned(text: impl Into<Vec<u8>>) -> Self {
        Self::Str(Cow::Owned(text.into()))
    }

    /// A string value that borrows.
    pub(crate) fn borrowed(text: &'a str) -> Self {
        Self::Str(Cow::Borrowed(text.as_bytes()))
    }

    /// The name of the type in Go, for error messages and `%T`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::Time(_) => "time.Time",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Fields(_) => "map[string]string",
        }
    }

    /// What `if` makes of it: false, zero and empty are false.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Time(_) => true,
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Fields(scope) => !scope.fields().is_empty(),
        }
    }

    /// The bytes of a string; no bytes for other types, which signatures rule out beforehand.
    pub(crate) fn bytes(&self) -> &[u8] {
        if let Self::Str(text) = self { text } else { b"" }
    }

    /// The text of a string, its invalid bytes replaced.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        lossy(self.bytes())
    }

    /// Any of the integer types as an integer; 0 for others, which signatures rule out beforehand.
    pub(crate) fn integer(&self) -> i64 {
        match self {
            Self::Int(value) | Self::Int64(value) => *value,
            Self::Byte(value) => i64::from(*value),
            _ => 0,
        }
    }

    /// A part of a string, without a copy where the string is borrowed.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Str(Cow::Borrowed(text)) => Self::Str(Cow::Borrowed(&text[start..end])),
            other => Self::owned(&other.bytes()[start..end]),
        }
    }
}

/// Bytes as text, with U+FFFD for *each* byte that is not UTF-8: Go counts so, and its JSON encoder
/// writes what a client sees. (`String::from_utf8_lossy` joins the bytes of a cut character.)
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

/// How many characters Go sees in these bytes: each invalid byte is one.
pub(crate) fn rune_count(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// How many bytes the first character has, without a look at the rest of a long text.
pub(crate) fn first_rune_length(bytes: &[u8]) -> usize {
    rune_offset(&bytes[..bytes.len().min(4)], 1)
}

/// The byte offset at which character `n` starts, or the length if there are not so many.
pub(crate) fn rune_offset(bytes: &[u8], n: usize) -> usize {
    let (mut left, mut at) = (n, 0);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if left == 0 {
                return at;
            }
            left -= 1;
            at += c.len_utf8();
        }
        let invalid = chunk.invalid().len().min(left);
        left -= invalid;
        at += invalid;
        if invalid < chunk.invalid().len() {
            return at;
        }
    }
    at
}
