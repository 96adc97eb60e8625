//! JSON as Go's encoder writes it, so that what is compared or searched as text is found again.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes a value on one line.
///
/// # Errors
/// When the output cannot be written.
pub fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Go))?;
    writeln!(out)
}

/// Writes a value over several lines, indented by two spaces.
///
/// # Errors
/// When the output cannot be written.
pub fn indented(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Go escapes what could be taken for HTML, and the two line ends that JavaScript knows.
struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_escaped = |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let mut rest = fragment;
        while let Some(at) = rest.find(is_escaped) {
            let (plain, tail) = rest.split_at(at);
            let escaped = tail.chars().next().unwrap_or_default();
            write!(out, "{plain}\\u{:04x}", u32::from(escaped))?;
            rest = &tail[escaped.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut out = Vec::new();
        line(&mut out, &text).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expect}\n"));
        let back: String = serde_json::from_str(expect).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        check("in <module>", r#""in \u003cmodule\u003e""#);
        check("a&b", r#""a\u0026b""#);
        check("\u{2028}é", r#""\u2028é""#);
        check("a\"b\\c\n\t\u{1}", r#""a\"b\\c\n\t\u0001""#);
        check("", r#""""#);
    }
}
