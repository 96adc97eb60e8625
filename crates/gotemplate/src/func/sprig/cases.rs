//! `untitle`, `swapcase`, `camelcase`, `snakecase` and `kebabcase`: words by their cases.

use crate::func::function::{Function, Param};
use crate::func::string::{lower_char, map_chars, title_char, upper_char};
use crate::value::Value;

use Param::Str;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("untitle", &[Str], |_, args| Ok(untitle(&args[0]))),
    Function::new("swapcase", &[Str], |_, args| Ok(swapcase(&args[0]))),
    Function::new("camelcase", &[Str], |_, args| Ok(Value::owned(camelcase(&args[0].text())))),
    Function::new("snakecase", &[Str], |_, args| Ok(Value::owned(parted(&args[0].text(), '_')))),
    Function::new("kebabcase", &[Str], |_, args| Ok(Value::owned(parted(&args[0].text(), '-')))),
];

fn untitle<'a>(text: &Value<'a>) -> Value<'a> {
    let starts = std::cell::Cell::new(true);
    map_chars(text, |c| if starts.replace(c.is_whitespace()) { lower_char(c) } else { c })
}

/// Upper to lower case and back; what begins a word goes to title case.
fn swapcase<'a>(text: &Value<'a>) -> Value<'a> {
    let starts = std::cell::Cell::new(true);
    map_chars(text, |c| {
        let is_title = title_char(c) == c && lower_char(c) != c;
        if c.is_uppercase() || is_title {
            starts.set(false);
            lower_char(c)
        } else if c.is_lowercase() {
            if starts.replace(false) { title_char(c) } else { upper_char(c) }
        } else {
            starts.set(c.is_whitespace());
            c
        }
    })
}

/// `http_server` to `HttpServer`. Connectors at the start stay, and all but one of several.
fn camelcase(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches(is_connector);
    out.push_str(&text[..text.len() - rest.len()]);
    let Some(first) = rest.chars().next() else { return out };
    rest = &rest[first.len_utf8()..];
    let mut shouts = first.is_uppercase();
    let mut before = upper_char(first);
    for mut c in rest.chars() {
        match (is_connector(before), is_connector(c)) {
            (true, true) => out.push(before),
            (true, false) => {
                shouts = c.is_uppercase();
                c = upper_char(c);
            }
            (false, _) => {
                shouts &= c.is_uppercase();
                c = if shouts { lower_char(c) } else { c };
                out.push(before);
            }
        }
        before = c;
    }
    out.push(before);
    out
}

/// Words in lower case with the connector between them: `HTTPServer` to `http_server`.
fn parted(text: &str, connector: char) -> String {
    let words: Vec<(Kind, &str)> = words(text);
    let mut out = String::with_capacity(text.len() + 8);
    let kind = |at: usize| words.get(at).map(|(kind, _)| *kind);
    let mut at = 0;
    while at < words.len() {
        let (now, word) = words[at];
        push_lower(&mut out, now, word, connector);
        at += 1;
        if matches!(now, Kind::Connector | Kind::Punctuation) {
            continue;
        }
        let mut joins = now == Kind::Number;
        // A number belongs to the word before it, unless small letters follow: `bld4`, `http_2xx`.
        if !joins && kind(at) == Some(Kind::Number) {
            if kind(at + 1) == Some(Kind::Lower) {
                out.push(connector);
                joins = true;
            }
            push_lower(&mut out, Kind::Number, words[at].1, connector);
            at += 1;
        }
        while joins && matches!(kind(at), Some(Kind::Lower | Kind::Number)) {
            push_lower(&mut out, Kind::Lower, words[at].1, connector);
            at += 1;
        }
        if !matches!(kind(at), None | Some(Kind::Connector | Kind::Punctuation)) {
            out.push(connector);
        }
    }
    out
}

fn push_lower(out: &mut String, kind: Kind, word: &str, connector: char) {
    match kind {
        Kind::Connector => out.extend(word.chars().map(|_| connector)),
        Kind::Upper => out.extend(word.chars().map(lower_char)),
        _ => out.push_str(word),
    }
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Capitals, or one capital and the letters after it.
    Upper,
    Lower,
    Number,
    Connector,
    Punctuation,
    Other,
}

fn words(mut text: &str) -> Vec<(Kind, &str)> {
    let mut words = Vec::new();
    while let Some(first) = text.chars().next() {
        let kind = kind_of(first);
        let length = |kind: Kind| prefix(text, |c| kind_of(c) == kind);
        let end = match (kind, length(Kind::Upper)) {
            (Kind::Upper, capitals) if capitals > first.len_utf8() => {
                // The last capital begins the next word if letters follow: `HTTP` and `Server`.
                let last = text[..capitals].chars().next_back().map_or(0, char::len_utf8);
                let goes_on = text[capitals..].starts_with(|c| kind_of(c) == Kind::Lower);
                if goes_on { capitals - last } else { capitals }
            }
            (Kind::Upper, capital) => {
                capital + prefix(&text[capital..], |c| kind_of(c) == Kind::Lower)
            }
            (kind, _) => length(kind),
        };
        words.push((kind, &text[..end]));
        text = &text[end..];
    }
    words
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn kind_of(c: char) -> Kind {
    if is_connector(c) {
        Kind::Connector
    } else if is_punctuation(c) {
        Kind::Punctuation
    } else if c.is_uppercase() {
        Kind::Upper
    } else if c.is_alphabetic() {
        Kind::Lower
    } else if c.is_numeric() {
        Kind::Number
    } else {
        Kind::Other
    }
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// The ASCII characters that Unicode calls punctuation: others are symbols. Beyond ASCII the usual
/// ones will do.
fn is_punctuation(c: char) -> bool {
    match c {
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => false,
        c if c.is_ascii() => c.is_ascii_punctuation(),
        c => matches!(c, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}'),
    }
}
