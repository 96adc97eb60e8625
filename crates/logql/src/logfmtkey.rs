//! The key expressions of `| logfmt a="key", b="\"odd key\""`.

/// Reads the key that is looked for.
///
/// # Errors
/// In Loki's words, what is wrong with it.
pub fn parse(text: &str) -> Result<String, String> {
    let mut keys = tokens(text)?.into_iter();
    match (keys.next(), keys.next()) {
        (None, _) => Err("syntax error: unexpected $end, expecting STRING or KEY".to_owned()),
        (Some(key), None) => Ok(key.value),
        (Some(_), Some(extra)) => Err(format!("syntax error: unexpected {}", extra.name())),
    }
}

struct Key {
    value: String,
    quoted: bool,
}

impl Key {
    fn name(&self) -> &'static str {
        if self.quoted { "STRING" } else { "KEY" }
    }
}

fn tokens(text: &str) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => {}
            '"' => keys.push(Key { value: quoted(&mut chars)?, quoted: true }),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut value = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    value.push(c);
                }
                keys.push(Key { value, quoted: false });
            }
            other => return Err(format!("unexpected char {other}")),
        }
    }
    Ok(keys)
}

fn quoted(chars: &mut impl Iterator<Item = char>) -> Result<String, String> {
    let mut value = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(value),
            '\\' => value.extend(chars.next()),
            other => value.push(other),
        }
    }
    Err("unterminated string".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, &str>) {
        assert_eq!(parse(text), expect.map(str::to_owned).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn keys() {
        check("status", Ok("status"));
        check(" _a1 ", Ok("_a1"));
        check(r#""a b""#, Ok("a b"));
        check(r#""a\"b""#, Ok("a\"b"));
    }

    #[test]
    fn refused() {
        check("", Err("syntax error: unexpected $end, expecting STRING or KEY"));
        check("a b", Err("syntax error: unexpected KEY"));
        check("a \"b\"", Err("syntax error: unexpected STRING"));
        check("key.with.dots", Err("unexpected char ."));
        check("key-with-dash", Err("unexpected char -"));
        check("\"a", Err("unterminated string"));
    }
}
