//! What a regular expression comes down to, where that is something that can be found faster.
//!
//! All answers but `Requires` are exact: the expression may be thrown away.

use regex_syntax::hir::{Class, Hir, HirKind};

/// What an expression that is searched for comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// It is found in every text.
    Anything,
    /// It is found in the texts that contain one of these.
    ContainsAny(Vec<String>),
    /// It can be found only in texts that contain one of these.
    Requires(Vec<String>),
    /// None of these.
    Other,
}

/// What an expression that must match a whole text comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// Every text.
    Anything,
    /// Every text but the empty one.
    NonEmpty,
    /// One of these texts.
    OneOf(Vec<String>),
    /// The texts that start so.
    Prefix(String),
    /// None of these.
    Other,
}

/// More strings than this are not worth comparing one by one.
const STRINGS_MAX: usize = 64;

/// Expects an expression in the syntax of the crate.
pub(super) fn search(pattern: &str) -> Search {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Search::Other };
    let mut parts = concat(&hir);
    while parts.first().is_some_and(|part| is_dots(part, 0)) {
        parts.remove(0);
    }
    while parts.last().is_some_and(|part| is_dots(part, 0)) {
        parts.pop();
    }
    match strings(&parts) {
        Some(strings) if strings.iter().any(String::is_empty) => Search::Anything,
        Some(strings) => Search::ContainsAny(strings),
        None => required(&parts),
    }
}

/// Of all the runs of parts that stand for a few strings, the one whose shortest is longest.
fn required(parts: &[&Hir]) -> Search {
    let shortest = |strings: &Vec<String>| strings.iter().map(String::len).min().unwrap_or(0);
    let runs = (0..parts.len()).filter_map(|start| {
        let ends = (start + 1..=parts.len()).rev();
        ends.filter_map(|end| strings(&parts[start..end])).next()
    });
    match runs.max_by_key(shortest) {
        Some(strings) if shortest(&strings) > 0 => Search::Requires(strings),
        _ => Search::Other,
    }
}

/// Expects an expression in the syntax of the crate, anchored at both ends.
pub(super) fn whole(pattern: &str) -> Whole {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Whole::Other };
    let mut parts = concat(&hir);
    let is_look = |part: &&Hir| matches!(part.kind(), HirKind::Look(_));
    if parts.first().is_none_or(|part| !is_look(part)) || parts.last().is_none_or(|p| !is_look(p)) {
        return Whole::Other;
    }
    parts.pop();
    if !parts.is_empty() {
        parts.remove(0);
    }
    match parts.split_last() {
        _ if strings(&parts).is_some() => Whole::OneOf(strings(&parts).unwrap_or_default()),
        Some((last, [])) if is_every(last, 0) => Whole::Anything,
        Some((last, [])) if is_every(last, 1) => Whole::NonEmpty,
        Some((last, before)) if is_every(last, 0) => match strings(before).as_deref() {
            Some([prefix]) => Whole::Prefix(prefix.clone()),
            _ => Whole::Other,
        },
        _ => Whole::Other,
    }
}

/// The parts that follow one another, groups opened.
fn concat(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().flat_map(concat).collect(),
        HirKind::Capture(capture) => concat(&capture.sub),
        HirKind::Empty => Vec::new(),
        _ => vec![hir],
    }
}

/// `.*` or `.+`, whether or not `.` stands for a line break.
fn is_dots(hir: &Hir, min: u32) -> bool {
    is_repetition(hir, min, |class| is_all(class) || is_all_but_newline(class))
}

/// `.*` or `.+` where `.` stands for a line break too.
fn is_every(hir: &Hir, min: u32) -> bool {
    is_repetition(hir, min, is_all)
}

fn is_repetition(hir: &Hir, min: u32, is_of: impl Fn(&Class) -> bool) -> bool {
    let HirKind::Repetition(repetition) = hir.kind() else { return false };
    let is_unbounded = repetition.min == min && repetition.max.is_none();
    let mut sub = &*repetition.sub;
    while let HirKind::Capture(capture) = sub.kind() {
        sub = &capture.sub;
    }
    is_unbounded && matches!(sub.kind(), HirKind::Class(class) if is_of(class))
}

fn is_all(class: &Class) -> bool {
    matches!(class, Class::Unicode(class)
        if matches!(class.ranges(), [all] if all.start() == '\0' && all.end() == char::MAX))
}

fn is_all_but_newline(class: &Class) -> bool {
    matches!(class, Class::Unicode(class) if matches!(class.ranges(), [before, after]
        if before.start() == '\0' && before.end() == '\t'
            && after.start() == '\x0b' && after.end() == char::MAX))
}

/// All the strings that a sequence can match, if they are few.
fn strings(parts: &[&Hir]) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for part in parts {
        let next = strings_of(part)?;
        if all.len() * next.len() > STRINGS_MAX {
            return None;
        }
        all = all.iter().flat_map(|a| next.iter().map(move |b| format!("{a}{b}"))).collect();
    }
    Some(all)
}

fn strings_of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Class(class) => characters(class),
        HirKind::Capture(capture) => strings_of(&capture.sub),
        HirKind::Concat(parts) => strings(&parts.iter().collect::<Vec<_>>()),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(strings_of(branch)?);
                if all.len() > STRINGS_MAX {
                    return None;
                }
            }
            Some(all)
        }
        HirKind::Repetition(repetition) if repetition.max == Some(1) && repetition.min == 0 => {
            let mut all = vec![String::new()];
            all.extend(strings_of(&repetition.sub)?);
            Some(all)
        }
        HirKind::Repetition(_) | HirKind::Look(_) => None,
    }
}

fn characters(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else { return None };
    let count: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
    if count > STRINGS_MAX {
        return None;
    }
    let each = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    Some(each.map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Regex;
    use super::*;

    fn owned(strings: &[&str]) -> Vec<String> {
        strings.iter().map(|s| (*s).to_owned()).collect()
    }

    #[track_caller]
    fn check_search(pattern: &str, expect: &Search) {
        assert_eq!(Regex::new(pattern).unwrap().as_search(), *expect, "{pattern}");
    }

    #[test]
    fn searches() {
        check_search("error", &Search::ContainsAny(owned(&["error"])));
        check_search(".*error.*", &Search::ContainsAny(owned(&["error"])));
        check_search("(ERROR|WARN)", &Search::ContainsAny(owned(&["ERROR", "WARN"])));
        check_search("a.?", &Search::Requires(owned(&["a"])));
        check_search("(?i)ab", &Search::ContainsAny(owned(&["AB", "Ab", "aB", "ab"])));
        check_search("colou?r", &Search::ContainsAny(owned(&["color", "colour"])));
        check_search("dag_id=(a|b) +took", &Search::Requires(owned(&["dag_id=a", "dag_id=b"])));
        check_search("^error", &Search::Requires(owned(&["error"])));
        check_search(".*", &Search::Anything);
        check_search("", &Search::Anything);
        check_search(".+", &Search::Other);
        check_search("[a-z]+[0-9]*", &Search::Other);
    }

    #[track_caller]
    fn check_whole(pattern: &str, expect: &Whole) {
        assert_eq!(Regex::of_selector(pattern).unwrap().as_whole(), *expect, "{pattern}");
    }

    #[test]
    fn wholes() {
        check_whole(".*", &Whole::Anything);
        check_whole("(.*)", &Whole::Anything);
        check_whole(".+", &Whole::NonEmpty);
        check_whole("", &Whole::OneOf(owned(&[""])));
        check_whole("a|bc", &Whole::OneOf(owned(&["a", "bc"])));
        check_whole("etl_(a|b)", &Whole::OneOf(owned(&["etl_a", "etl_b"])));
        check_whole("etl_.*", &Whole::Prefix("etl_".to_owned()));
        check_whole("etl_.+", &Whole::Other);
        check_whole("^a$", &Whole::Other);
        check_whole("a{2,}", &Whole::Other);
    }

    #[test]
    fn dots_do_not_reach_over_line_breaks_in_label_filters() {
        assert_eq!(Regex::anchored(".*").unwrap().as_whole(), Whole::Other);
    }
}
