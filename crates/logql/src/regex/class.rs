//! Character classes and escapes of Go's regular expressions.

use super::translate::{fail, push_literal};

/// Writes the class `[…]` that a text starts with; gives the length of what was read.
pub(super) fn bracket(text: &str, out: &mut String) -> Result<usize, String> {
    let missing = || fail("missing closing ]", text);
    let mut rest = &text[1..];
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut is_first = true;
    loop {
        if rest.is_empty() {
            return missing();
        }
        if rest.starts_with(']') && !is_first {
            out.push(']');
            return Ok(text.len() - rest.len() + 1);
        }
        is_first = false;
        if let Some(length) = posix(rest, out)? {
            rest = &rest[length..];
        } else if let Some(length) = shorthand(rest, out)? {
            rest = &rest[length..];
        } else {
            let Some(length) = range(rest, out)? else { return missing() };
            rest = &rest[length..];
        }
    }
}

/// Writes `a` or `a-b`; nothing when the text ends too early.
fn range(text: &str, out: &mut String) -> Result<Option<usize>, String> {
    let (low, mut length) = character(text)?;
    push_literal(out, low);
    let after = &text[length..];
    if after.len() >= 2 && after.starts_with('-') && !after.starts_with("-]") {
        let (high, width) = character(&after[1..])?;
        length += 1 + width;
        if high < low {
            return fail("invalid character class range", &text[..length]);
        }
        out.push('-');
        push_literal(out, high);
    }
    Ok((length <= text.len()).then_some(length))
}

fn character(text: &str) -> Result<(char, usize), String> {
    match text.chars().next() {
        Some('\\') => escape(text),
        Some(c) => Ok((c, c.len_utf8())),
        None => fail("missing closing ]", text),
    }
}

/// Writes `[:name:]` or `[:^name:]` within a class.
fn posix(text: &str, out: &mut String) -> Result<Option<usize>, String> {
    let Some(end) = text.strip_prefix("[:").and_then(|after| after.find(":]")) else {
        return Ok(None);
    };
    let length = end + "[::]".len();
    let name = &text[2..2 + end];
    let is_known = POSIX.contains(&name.strip_prefix('^').unwrap_or(name));
    if !is_known {
        return fail("invalid character class range", &text[..length]);
    }
    out.push_str(&text[..length]);
    Ok(Some(length))
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Writes `\d`, `\pL`, `\p{Greek}` and their kin, in a class or out of it.
pub(super) fn shorthand(text: &str, out: &mut String) -> Result<Option<usize>, String> {
    let class = match text.as_bytes() {
        [b'\\', b'd', ..] => "[0-9]",
        [b'\\', b'D', ..] => "[^0-9]",
        [b'\\', b's', ..] => r"[\t\n\f\r ]",
        [b'\\', b'S', ..] => r"[^\t\n\f\r ]",
        [b'\\', b'w', ..] => "[0-9A-Za-z_]",
        [b'\\', b'W', ..] => "[^0-9A-Za-z_]",
        [b'\\', b'p' | b'P', ..] => return unicode(text, out).map(Some),
        _ => return Ok(None),
    };
    out.push_str(class);
    Ok(Some(2))
}

fn unicode(text: &str, out: &mut String) -> Result<usize, String> {
    let after = &text[2..];
    let (name, length) = match after.strip_prefix('{') {
        Some(braced) => match braced.find('}') {
            Some(end) => (&braced[..end], end + 4),
            None => return fail("invalid character class range", text),
        },
        None => {
            let length = after.chars().next().map_or(0, char::len_utf8);
            (&after[..length], 2 + length)
        }
    };
    let (caret, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let negated = caret != text.starts_with(r"\P");
    let class = format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' });
    if regex_syntax::parse(&class).is_err() {
        return fail("invalid character class range", &text[..length]);
    }
    out.push_str(&class);
    Ok(length)
}

/// The character that an escape stands for, and the escape's length.
pub(super) fn escape(text: &str) -> Result<(char, usize), String> {
    let after = &text[1..];
    let Some(c) = after.chars().next() else {
        return fail("trailing backslash at end of expression", "");
    };
    let invalid = |length: usize| fail("invalid escape sequence", &text[..length]);
    let plain = |c| Ok((c, 2));
    match c {
        '0'..='7' => {
            let digits = after.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            // One digit but zero would refer back to a group, which RE2 does not have.
            if digits == 1 && c != '0' {
                return invalid(2);
            }
            code(&after[..digits], 8).map_or_else(|| invalid(2), |c| Ok((c, 1 + digits)))
        }
        'x' => hexadecimal(text),
        'a' => plain('\x07'),
        'f' => plain('\x0c'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\x0b'),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => plain(c),
        c => invalid(1 + c.len_utf8()),
    }
}

/// `\x41` and `\x{1F600}`.
fn hexadecimal(text: &str) -> Result<(char, usize), String> {
    let after = &text[2..];
    let (digits, length) = match after.strip_prefix('{').map(|braced| braced.split_once('}')) {
        Some(Some((digits, _))) => (digits, digits.len() + 4),
        Some(None) => ("", text.len()),
        None => (after.get(..2).unwrap_or(""), 4),
    };
    match code(digits, 16) {
        Some(c) => Ok((c, length)),
        None => fail("invalid escape sequence", text.get(..length).unwrap_or(text)),
    }
}

fn code(digits: &str, radix: u32) -> Option<char> {
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32))?
}
