//! Go's literals: quoted strings, character constants and numbers, as `strconv` reads them.

use crate::ast::Number;

/// The bytes of a quoted (`"…"`) or raw (`` `…` ``) string with its quotes; `None` if an escape is
/// not one of Go's.
pub(crate) fn unquote(source: &str) -> Option<Vec<u8>> {
    let inner = source.get(1..source.len() - 1)?;
    if source.starts_with('`') {
        return Some(inner.bytes().filter(|b| *b != b'\r').collect());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (unit, after) = unescape(rest, '"')?;
        match unit {
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unit::Byte(b) => out.push(b),
        }
        rest = after;
    }
    Some(out)
}

/// A character constant (`'a'`) as a number.
pub(crate) fn character(source: &str) -> Result<Number, String> {
    let malformed = || format!("malformed character constant: {source}");
    let inner = source.get(1..source.len() - 1).ok_or_else(malformed)?;
    let (unit, after) = unescape(inner, '\'').ok_or_else(malformed)?;
    if !after.is_empty() {
        return Err(malformed());
    }
    let code = match unit {
        Unit::Char(c) => u32::from(c),
        Unit::Byte(b) => u32::from(b),
    };
    Ok(Number {
        source: source.into(),
        integer: Some(code.into()),
        float: code.into(),
        is_float: false,
    })
}

/// A number literal: decimal, `0x`, `0o`, `0b`, a leading 0 for octal, `_` between digits, or a
/// float.
pub(crate) fn number(source: &str) -> Result<Number, String> {
    if let Some(integer) = parse_int(source) {
        #[expect(clippy::cast_precision_loss, reason = "Go converts it in the same way")]
        let float = integer as f64;
        return Ok(Number {
            source: source.into(),
            integer: Some(integer),
            float,
            is_float: false,
        });
    }
    let Some(float) = parse_float(source) else {
        return Err(format!("bad number syntax: {source:?}"));
    };
    if !source.contains(['.', 'e', 'E', 'p', 'P']) {
        return Err(format!("integer overflow: {source:?}"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "a float too large fails the comparison")]
    let integer = Some(float as i64).filter(|integer| *integer as f64 == float);
    Ok(Number { source: source.into(), integer, float, is_float: true })
}

/// An integer as `strconv.ParseInt(text, 0, 64)` reads it.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (radix, digits, prefixed) = match prefix.as_str() {
        "0x" => (16, &digits[2..], true),
        "0b" => (2, &digits[2..], true),
        "0o" => (8, &digits[2..], true),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..], true),
        _ => (10, digits, false),
    };
    let digits = without_underscores(digits, prefixed)?;
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(&digits, radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A float as `strconv.ParseFloat(text, 64)` reads it, but for hexadecimal floats; `None` also when
/// it is out of range.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let finite = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let named = ["inf", "infinity", "nan"].iter().any(|name| unsigned.eq_ignore_ascii_case(name));
    if !finite && !named {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    (named || value.is_finite()).then_some(value)
}

/// Underscores may stand between digits, and between a prefix and the first digit.
fn without_underscores(digits: &str, prefixed: bool) -> Option<String> {
    if !digits.contains('_') {
        return Some(digits.to_owned());
    }
    let misplaced =
        digits.contains("__") || digits.ends_with('_') || (digits.starts_with('_') && !prefixed);
    (!misplaced).then(|| digits.replace('_', ""))
}

enum Unit {
    Char(char),
    Byte(u8),
}

/// The first character or escape of `text` and what follows it.
fn unescape(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first != '\\' {
        return Some((Unit::Char(first), chars.as_str()));
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let simple = |c| Some((Unit::Char(c), rest));
    match escape {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        '\\' => simple('\\'),
        '"' | '\'' if escape == quote => simple(quote),
        'x' => {
            let (code, rest) = code_point(rest, 2, 16)?;
            Some((Unit::Byte(u8::try_from(code).ok()?), rest))
        }
        'u' | 'U' => {
            let (code, rest) = code_point(rest, if escape == 'u' { 4 } else { 8 }, 16)?;
            Some((Unit::Char(char::from_u32(code)?), rest))
        }
        '0'..='7' => {
            let (code, rest) = code_point(&text[1..], 3, 8)?;
            Some((Unit::Byte(u8::try_from(code).ok()?), rest))
        }
        _ => None,
    }
}

fn code_point(text: &str, digits: usize, radix: u32) -> Option<(u32, &str)> {
    let code = text.get(..digits)?;
    if !code.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(code, radix).ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::{number, parse_float, parse_int, unquote};

    #[track_caller]
    fn check(source: &str, expect: Option<&[u8]>) {
        assert_eq!(unquote(source).as_deref(), expect, "{source}");
    }

    #[test]
    fn strings() {
        check(r#""a\tb\"c""#, Some(b"a\tb\"c"));
        check(r#""\x41\101\u017c\U0001F600""#, Some("AAż😀".as_bytes()));
        check(r#""\xff""#, Some(b"\xff"));
        check(r#""\'""#, None);
        check(r#""\y""#, None);
        check(r#""\xzz""#, None);
        check("`a\\n`", Some(b"a\\n"));
    }

    #[test]
    fn integers() {
        let cases = [
            ("0", Some(0)),
            ("-12", Some(-12)),
            ("+12", Some(12)),
            ("0x1F", Some(31)),
            ("0b101", Some(5)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("08", None),
            ("1_000", Some(1000)),
            ("1__0", None),
            ("", None),
            ("-", None),
            ("+-1", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse_int(text), expect, "{text}");
        }
    }

    #[test]
    fn floats() {
        assert_eq!(parse_float("1e3"), Some(1000.0));
        assert_eq!(parse_float(".5"), Some(0.5));
        assert_eq!(parse_float("1e999"), None);
        assert_eq!(parse_float("Inf"), Some(f64::INFINITY));
        assert_eq!(parse_float("x"), None);
        assert!(number("1e3").unwrap().is_float);
        assert_eq!(number("1e3").unwrap().integer, Some(1000));
        assert_eq!(number("1.5").unwrap().integer, None);
        assert!(number("99999999999999999999").is_err());
        assert!(number("0x").is_err());
    }
}
