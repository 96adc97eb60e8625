//! Go's regular expressions (RE2) in the words of the `regex` crate. They differ in little: Go's
//! `\d \w \s \b` are ASCII, `\Q…\E` quotes, `[` needs no escape in a class, and a `{` that opens no
//! repetition is a plain character.

use regex_syntax::ast::{ErrorKind, parse::Parser};

/// A Go pattern as the `regex` crate reads it.
pub(crate) fn translate(go: &str) -> String {
    let mut out = String::with_capacity(go.len() + 16);
    let mut rest = go;
    let mut class_start = None;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(&mut out, after, class_start.is_some()),
            '[' if class_start.is_none() => {
                out.push('[');
                let (negation, after) = split_prefix(after, "^");
                out.push_str(negation);
                // A `]` that comes first is a member of the class.
                let (bracket, after) = split_prefix(after, "]");
                out.push_str(if bracket.is_empty() { "" } else { "\\]" });
                class_start = Some(out.len());
                after
            }
            '[' if after.starts_with(':') && after.contains(":]") => {
                let end = after.find(":]").map_or(after.len(), |at| at + 2);
                out.push('[');
                out.push_str(&after[..end]);
                &after[end..]
            }
            ']' if class_start.is_some() => {
                out.push(']');
                class_start = None;
                after
            }
            '[' | '&' | '~' if class_start.is_some() => {
                out.push('\\');
                out.push(c);
                after
            }
            '{' if class_start.is_none() && !opens_repetition(after) => {
                out.push_str("\\{");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// Why a pattern does not compile, as Go says it where the reasons are the same.
pub(crate) fn explain(go: &str, translated: &str, error: &regex::Error) -> String {
    let Err(syntax) = Parser::new().parse(translated) else {
        return format!("error parsing regexp: {error}");
    };
    let at =
        |text: &str| syntax.pattern().get(syntax.span().start.offset..).unwrap_or(text).to_owned();
    let span = syntax.pattern().get(syntax.span().start.offset..syntax.span().end.offset);
    let reason = match syntax.kind() {
        ErrorKind::GroupUnclosed => format!("missing closing ): `{go}`"),
        ErrorKind::GroupUnopened => format!("unexpected ): `{go}`"),
        ErrorKind::ClassUnclosed => format!("missing closing ]: `{}`", at(go)),
        // The span is the empty operand before the operator.
        ErrorKind::RepetitionMissing => {
            let operator: String = at(go).chars().take(1).collect();
            format!("missing argument to repetition operator: `{operator}`")
        }
        ErrorKind::EscapeUnrecognized => {
            format!("invalid escape sequence: `{}`", span.unwrap_or(go))
        }
        ErrorKind::EscapeUnexpectedEof => "trailing backslash at end of expression: ``".to_owned(),
        ErrorKind::ClassRangeInvalid => {
            format!("invalid character class range: `{}`", span.unwrap_or(go))
        }
        other => format!("{other}: `{go}`"),
    };
    format!("error parsing regexp: {reason}")
}

/// An escape, after its backslash; returns what follows it.
fn escape<'p>(out: &mut String, rest: &'p str, in_class: bool) -> &'p str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = &rest[c.len_utf8()..];
    let class = match c {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => "\\t\\n\\f\\r ",
        'b' | 'B' if !in_class => {
            out.push_str(if c == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
            return after;
        }
        'Q' => {
            let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(literal));
            return after;
        }
        c => {
            out.push('\\');
            out.push(c);
            return after;
        }
    };
    match (c.is_ascii_uppercase(), in_class) {
        (true, _) => out.extend(["[^", class, "]"]),
        (false, true) => out.push_str(class),
        (false, false) => out.extend(["[", class, "]"]),
    }
    after
}

fn opens_repetition(after: &str) -> bool {
    let Some((count, _)) = after.split_once('}') else { return false };
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

fn split_prefix<'t>(text: &'t str, prefix: &str) -> (&'t str, &'t str) {
    let length = if text.starts_with(prefix) { prefix.len() } else { 0 };
    text.split_at(length)
}

#[cfg(test)]
mod tests {
    use super::{explain, translate};

    #[track_caller]
    fn check(go: &str, expect: &str) {
        let translated = translate(go);
        assert_eq!(translated, expect, "{go}");
        regex::bytes::Regex::new(&translated).unwrap();
    }

    #[track_caller]
    fn check_error(go: &str, expect: &str) {
        let translated = translate(go);
        let error = regex::bytes::Regex::new(&translated).unwrap_err();
        assert_eq!(explain(go, &translated, &error), format!("error parsing regexp: {expect}"));
    }

    #[test]
    fn classes_are_ascii() {
        check(r"\d+", "[0-9]+");
        check(r"[\w-]", "[0-9A-Za-z_-]");
        check(r"\bx\B", r"(?-u:\b)x(?-u:\B)");
        check(r"[^\D]", "[^[^0-9]]");
    }

    #[test]
    fn plain_characters_stay_plain() {
        check(r"[[a]", r"[\[a]");
        check(r"[]a]", r"[\]a]");
        check(r"[^]a]", r"[^\]a]");
        check(r"[[:alpha:]_]", "[[:alpha:]_]");
        check(r"a{2,3}{x}", r"a{2,3}\{x}");
        check(r"\Qa.b\E.", r"a\.b.");
    }

    #[test]
    fn errors_in_the_words_of_go() {
        check_error("(", "missing closing ): `(`");
        check_error("a)", "unexpected ): `a)`");
        check_error("a[b", "missing closing ]: `[b`");
        check_error("*a", "missing argument to repetition operator: `*`");
        check_error(r"\y", r"invalid escape sequence: `\y`");
    }
}
