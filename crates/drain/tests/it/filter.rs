//! LogQL's `|>`, small: the judge of what templates print.

/// What a pattern consists of.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Anything,
}

/// Whether a pattern passes a line. The rules are those of Loki: a `<_>` takes at least one byte,
/// up to the first place where the text behind it is found, and the line must end where the
/// pattern does. We also ask that both begin together.
pub fn passes(pattern: &str, line: &str) -> Result<bool, String> {
    let parts = parse(pattern)?;
    let mut rest = line;
    for (at, part) in parts.iter().enumerate() {
        let Part::Literal(literal) = part else { continue };
        match rest.find(literal) {
            Some(found) if (found > 0) == (at > 0) => rest = &rest[found + literal.len()..],
            _ => return Ok(false),
        }
    }
    Ok(rest.is_empty() != matches!(parts.last(), Some(Part::Anything)))
}

fn parse(pattern: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let (mut literal, mut at) = (0, 0);
    while at < pattern.len() {
        let Some(name) = capture(&pattern[at..]) else {
            at += pattern[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if name != "_" {
            return Err(format!("named captures are not allowed: found '<{name}>'"));
        }
        if literal < at {
            parts.push(Part::Literal(&pattern[literal..at]));
        } else if !parts.is_empty() {
            return Err("found consecutive capture".to_owned());
        }
        parts.push(Part::Anything);
        at += "<_>".len();
        literal = at;
    }
    if literal < at {
        parts.push(Part::Literal(&pattern[literal..]));
    }
    Ok(parts)
}

fn capture(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('<')?.split_once('>')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(is_word);
    (is_name && !name.is_empty()).then_some(name)
}

#[track_caller]
fn check(pattern: &str, line: &str, expect: Result<bool, &str>) {
    assert_eq!(passes(pattern, line), expect.map_err(str::to_owned), "{pattern:?} for {line:?}");
}

#[test]
fn the_judge_judges_as_loki_does() {
    check("<_> b <_>", "a b c", Ok(true));
    check("<_> b", "a b c", Ok(false));
    check("a <_>", "xa b", Ok(false));
    check("<_>a", "a", Ok(false));
    check("a<_>b", "ab", Ok(false));
    check("a<_>", "a", Ok(false));
    check("<_>", "x", Ok(true));
    check("<_>b", "abcb", Ok(false));
    check("<<_>>", "<x>", Ok(true));
    check("a", "a", Ok(true));
    check("<_><_>", "ab", Err("found consecutive capture"));
    check("in <module>", "x", Err("named captures are not allowed: found '<module>'"));
}
