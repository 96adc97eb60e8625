//! `$1`, `${1}`, `$name` and `${name}` in a text, filled in with what groups of a regular
//! expression matched, as Go's `Expand` does.

use logql::regex::Regex;
use regex::Captures;

/// A text with groups to fill in.
#[derive(Debug, Clone)]
pub(crate) struct Expansion {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Groups of one name or number; none when there are no such.
    Groups(Vec<usize>),
}

impl Expansion {
    /// Reads a text; its names are those of the expression.
    pub(crate) fn parse(text: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('$') {
            push(&mut parts, literal);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                push(&mut parts, "$");
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                parts.push(Part::Groups(groups(name, regex)));
                rest = after;
            } else {
                push(&mut parts, "$");
            }
        }
        push(&mut parts, rest);
        Self { text: text.to_owned(), parts }
    }

    /// The text as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text filled in.
    pub(crate) fn expand(&self, captures: &Captures<'_>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Groups(groups) => {
                    let found = groups.iter().find_map(|group| captures.get(*group));
                    out.push_str(found.map_or("", |found| found.as_str()));
                }
            }
        }
        out
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// The name or number behind a `$`, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(braced) = text.strip_prefix('{') {
        let (name, rest) = braced.split_once('}')?;
        return (!name.is_empty() && name.chars().all(is_of_name)).then_some((name, rest));
    }
    let end = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn groups(name: &str, regex: &Regex) -> Vec<usize> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().into_iter().collect();
    }
    let names = regex.names().iter().filter(|(_, named)| named == name);
    names.map(|(group, _)| *group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let regex = Regex::anchored("(?P<first>a)(b)?(?P<last>c)").unwrap();
        let captures = regex.captures("ac").unwrap();
        assert_eq!(Expansion::parse(text, &regex).expand(&captures), expect, "for {text}");
    }

    #[test]
    fn groups_are_filled_in() {
        check("$1-$3", "a-c");
        check("${1}x${last}", "axc");
        check("$first.$last", "a.c");
        check("$1x", "");
        check("$2|$9|${none}", "||");
        check("$0", "ac");
        check("$$1 $ ${ ${} $-", "$1 $ ${ ${} $-");
        check("", "");
    }
}
