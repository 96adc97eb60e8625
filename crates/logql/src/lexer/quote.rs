//! Strings: what stands between the quotes.

/// Takes off the quotes and resolves the escapes. The scanner has seen to it that the quotes match
/// and that each escape is one of Go's.
///
/// # Errors
/// When the escapes stand for something that is not text.
pub(super) fn unquote(literal: &str) -> Result<String, &'static str> {
    let inner = &literal[1..literal.len() - 1];
    if literal.starts_with('`') || !inner.contains('\\') {
        return Ok(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        rest = &rest[escape(rest, &mut bytes)?..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| "invalid UTF-8 rune")
}

/// Writes what an escape stands for; gives its length without the backslash.
fn escape(text: &str, bytes: &mut Vec<u8>) -> Result<usize, &'static str> {
    let code =
        |digits: &str, radix| u32::from_str_radix(digits, radix).map_err(|_| "invalid syntax");
    let plain = match text.as_bytes().first() {
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 0x0b,
        // One byte, which may be a part of a character.
        Some(b'x') => {
            bytes.push(u8::try_from(code(&text[1..3], 16)?).map_err(|_| "invalid syntax")?);
            return Ok(3);
        }
        Some(b'0'..=b'7') => {
            bytes.push(u8::try_from(code(&text[..3], 8)?).map_err(|_| "invalid syntax")?);
            return Ok(3);
        }
        Some(letter @ (b'u' | b'U')) => {
            let length = if *letter == b'u' { 5 } else { 9 };
            let code = code(&text[1..length], 16)?;
            if code > u32::from(char::MAX) {
                return Err("invalid syntax");
            }
            // Half of a surrogate pair is no character: Go writes the replacement character.
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(length);
        }
        Some(other) => *other,
        None => return Err("invalid syntax"),
    };
    bytes.push(plain);
    Ok(1)
}
