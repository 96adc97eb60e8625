//! Strings as they are written in a configuration.

use std::fmt::Write as _;

use crate::token::is_identifier;

/// A string in double quotes, with escapes where it needs them.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The key of an object: in quotes if it must be.
#[must_use]
pub fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quote(name) }
}
