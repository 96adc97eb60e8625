//! Messages as RFC 5424 writes them.

use model::rfc3339;

use crate::syslog::message::{Element, Message};

/// What follows the priority. `None` if it is something else.
pub fn parse(mut message: Message, text: &str) -> Option<Message> {
    let (version, rest) = text.split_once(' ')?;
    let is_version =
        (1..=3).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit());
    if !is_version {
        return None;
    }
    let (time, rest) = rest.split_once(' ')?;
    message.timestamp = match time {
        "-" => None,
        time => Some(rfc3339::parse(time.as_bytes())?),
    };
    let mut rest = rest;
    for field in
        [&mut message.hostname, &mut message.app_name, &mut message.proc_id, &mut message.msg_id]
    {
        let (value, after) = rest.split_once(' ')?;
        *field = Some(value.to_owned()).filter(|value| !["-", ""].contains(&value.as_str()));
        rest = after;
    }
    let (data, rest) = structured_data(rest)?;
    message.data = data;
    let text = match rest.strip_prefix(' ') {
        Some(text) => text,
        None if rest.is_empty() => "",
        None => return None,
    };
    text.trim_start_matches('\u{feff}').clone_into(&mut message.text);
    Some(message)
}

/// The elements, and what follows.
fn structured_data(text: &str) -> Option<(Vec<Element>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some((Vec::new(), rest));
    }
    let (mut elements, mut rest) = (Vec::new(), text);
    while let Some(inner) = rest.strip_prefix('[') {
        let end = inner.find([' ', ']'])?;
        let mut element = (inner[..end].to_owned(), Vec::new());
        rest = &inner[end..];
        while let Some(inner) = rest.strip_prefix(' ') {
            let (name, inner) = inner.split_once("=\"")?;
            let (value, after) = value(inner)?;
            element.1.push((name.to_owned(), value));
            rest = after;
        }
        rest = rest.strip_prefix(']')?;
        elements.push(element);
    }
    (!elements.is_empty()).then_some((elements, rest))
}

/// A value up to its quote, in which `"`, `\` and `]` stand behind a `\`, and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                escaped @ ('"' | '\\' | ']') => out.push(escaped),
                other => out.extend(['\\', other]),
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use crate::syslog::message::{Format, Message, shown};

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(shown(&Message::parse(Format::Rfc5424, text, Timestamp(0))), expect);
    }

    #[test]
    fn messages() {
        check(
            "<165>1 2003-10-11T22:14:15.003Z host evntslog 8710 ID47 [x@32473 iut=\"3\" e=\"A \\\"\\] \\n\"][y] \u{feff}An event",
            "local4.notice 1065910455003000000 host evntslog 8710 ID47 [(\"x@32473\", [(\"iut\", \"3\"), (\"e\", \"A \\\"] \\\\n\")]), (\"y\", [])] \"An event\"",
        );
        check("<34>1 - - - - - -", "auth.critical - - - - - [] \"\"");
        check("<34>1 - - - - - - ", "auth.critical - - - - - [] \"\"");
        check(
            "<0>1 2003-10-11T22:14:15+02:00 h a - - - a b ",
            "kern.emergency 1065903255000000000 h a - - [] \"a b \"",
        );
    }

    #[test]
    fn what_is_odd_is_kept_whole() {
        let odd = |text: &str, priority: &str| {
            check(text, &format!("{priority} - - - - - [] {text:?} odd"));
        };
        odd("<34>Oct 11 22:14:15 host su: failed", "auth.critical");
        odd("<34>1 yesterday h a - - - x", "auth.critical");
        odd("<34>1 - h a - - [x a=\"b] x", "auth.critical");
        odd("<34>1 - h a - - [x a=\"b\"]x", "auth.critical");
        odd("<34>1 - h", "auth.critical");
        odd("<192>1 - h a - - - x", "-.-");
        odd("<+34>1 - h a - - - x", "-.-");
        odd("hello", "-.-");
        odd("", "-.-");
    }
}
