//! The formats in which targets tell their metrics: Prometheus' text format and OpenMetrics, as far
//! as samples go. A text that has an error is refused as a whole, as Prometheus does.

use model::Labels;

use crate::prometheus::sample::{Exposed, NAME};

/// How OpenMetrics ends. Its times are in seconds, those of Prometheus' own format in milliseconds.
const END: &str = "# EOF";

/// Names of labels, and their values.
type Pairs<'a> = Vec<(&'a str, String)>;

/// The samples of a text, in its order.
///
/// # Errors
/// The first line that is none, and why, for people.
pub fn parse(text: &str) -> Result<Vec<Exposed>, String> {
    let is_open = text.trim_end().ends_with(END);
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let sample = |(at, line)| {
        sample(line, is_open).map_err(|why| format!("line {} of its metrics: {why}", at + 1))
    };
    lines.map(sample).collect()
}

fn sample(line: &str, is_open: bool) -> Result<Exposed, String> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !is_name(name, true) {
        return Err(format!("{name:?} is no name of a metric"));
    }
    let (pairs, rest) = match rest.trim_start().strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let mut fields = rest.split_whitespace();
    let value = fields.next().ok_or("a value is missing")?;
    let value = value.parse().map_err(|_| format!("{value:?} is no number"))?;
    // What follows a "#" is an example of what was counted.
    let time = fields.next().filter(|field| *field != "#");
    let time_ms = time.map(|text| time_ms(text, is_open)).transpose()?;
    if time_ms.is_some() && fields.next().is_some_and(|field| field != "#") {
        return Err("there is more than a value and a time".to_owned());
    }
    let own = [(NAME, name)].into_iter();
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(Exposed { labels: Labels::new(own.chain(pairs)), value, time_ms })
}

fn time_ms(text: &str, is_open: bool) -> Result<i64, String> {
    let wrong = |_| format!("{text:?} is no time");
    if is_open {
        let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no time"))?;
        return Ok((seconds * 1000.0).round() as i64);
    }
    text.parse().map_err(wrong)
}

/// The labels up to the brace that closes them, and what comes after it.
fn labels(mut rest: &str) -> Result<(Pairs<'_>, &str), String> {
    let mut pairs = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((pairs, after));
        }
        let (name, after) = rest.split_once('=').ok_or("a \"}\" is missing")?;
        let name = name.trim();
        if !is_name(name, false) {
            return Err(format!("{name:?} is no name of a label"));
        }
        let quoted = after.trim_start().strip_prefix('"');
        let (value, after) = unquoted(quoted.ok_or_else(|| format!("{name} has no value"))?)?;
        pairs.push((name, value));
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after);
        if rest.len() == after.len() && !rest.starts_with('}') {
            return Err(format!("a \",\" is missing after the label {name}"));
        }
    }
}

/// The text up to the quote that closes it, and what comes after that.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some(c @ ('\\' | '"')) => value.push(c),
                // Prometheus leaves a backslash that escapes nothing as it is.
                Some(c) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a quote is missing".to_owned())
}

fn is_name(name: &str, may_have_colons: bool) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || may_have_colons && c == ':';
    let mut chars = name.chars();
    chars.next().is_some_and(is_start) && chars.all(|c| is_start(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let shown = match parse(text) {
            Ok(found) => {
                let one = |it: &Exposed| {
                    let time = it.time_ms.map(|time| format!(" @{time}")).unwrap_or_default();
                    format!("{} {}{time}", it.labels, it.value)
                };
                found.iter().map(one).collect::<Vec<_>>().join("; ")
            }
            Err(why) => why,
        };
        assert_eq!(shown, expect, "for {text:?}");
    }

    #[test]
    fn samples() {
        check("", "");
        check(
            "# HELP a_total what\n# TYPE a_total counter\n\na_total 1\n",
            r#"{__name__="a_total"} 1"#,
        );
        check("a 1.5e3 1000", r#"{__name__="a"} 1500 @1000"#);
        check(
            "a{} +Inf\nb NaN\nc -Inf",
            r#"{__name__="a"} inf; {__name__="b"} NaN; {__name__="c"} -inf"#,
        );
        check(r#"a:b { x = "1" , y="2", } 3 -4"#, r#"{__name__="a:b", x="1", y="2"} 3 @-4"#);
        check(r#"a{x="}\"\\\n\d",empty=""} 0"#, r#"{__name__="a", x="}\"\\\n\\d"} 0"#);
        check(
            "a 1 2.5 # {id=\"7\"} 1 3\nb 1 # {} 1\n# EOF\n",
            r#"{__name__="a"} 1 @2500; {__name__="b"} 1"#,
        );
    }

    #[test]
    fn what_is_none() {
        check("a 1\n1a 2", "line 2 of its metrics: \"1a\" is no name of a metric");
        check("a", "line 1 of its metrics: a value is missing");
        check("a x", "line 1 of its metrics: \"x\" is no number");
        check("a 1 2.5", "line 1 of its metrics: \"2.5\" is no time");
        check("a 1 2 3", "line 1 of its metrics: there is more than a value and a time");
        check(
            "a{x=\"1\" y=\"2\"} 1",
            "line 1 of its metrics: a \",\" is missing after the label x",
        );
        check("a{x=\"1} 1", "line 1 of its metrics: a quote is missing");
        check("a{x=1} 1", "line 1 of its metrics: x has no value");
        check("a{x:y=\"1\"} 1", "line 1 of its metrics: \"x:y\" is no name of a label");
        check("a{x", "line 1 of its metrics: a \"}\" is missing");
        check("<html>", "line 1 of its metrics: \"<html>\" is no name of a metric");
    }

    proptest! {
        /// A target may say anything.
        #[test]
        fn whatever_is_said_it_ends(text in "[a{}=\",\\\\ n1#\n]{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn values_are_what_was_written(value in "[^\r]{1,20}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let found = parse(&format!("a{{x=\"{escaped}\"}} 1")).unwrap();
            prop_assert_eq!(found[0].labels.get("x"), Some(value.as_str()));
        }
    }
}
