//! What people usually mean by what they wrote. Loki's errors do not say it; ours add it.

use crate::ast::{CompareOp, Expr};
use crate::error::ParseError;
use crate::lexer::QUOTES;
use crate::token::{Function, Keyword, Mark, TokenKind};

/// The keywords that start a stage.
pub(super) const STAGES: [Keyword; 10] = [
    Keyword::Json,
    Keyword::Logfmt,
    Keyword::Regexp,
    Keyword::Pattern,
    Keyword::Unpack,
    Keyword::LineFormat,
    Keyword::LabelFormat,
    Keyword::Decolorize,
    Keyword::Drop,
    Keyword::Keep,
];

/// Where our own stage may stand.
pub(super) const COUNT_PLACE: &str = "| count by (…) can only be the last stage of a query for \
     lines; elsewhere write sum by (…) (count_over_time({…} [5m]))";

/// What a function over a range takes.
pub(super) const RANGE_ARGUMENT: &str =
    "it takes lines and a range, such as {namespace=\"airflow\"} [5m]";

/// Words that differ in more letters than this are not the same word mistyped.
const DISTANCE_MAX: usize = 2;

/// Adds a hint, if there is one.
pub(super) fn add(error: ParseError, hint: Option<String>) -> ParseError {
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A word where a string should be.
pub(super) fn unquoted(word: &str) -> String {
    if word.starts_with('\'') { QUOTES.to_owned() } else { format!("put it in quotes: \"{word}\"") }
}

/// A token where a query, or an operand, should start.
pub(super) fn operand(token: &TokenKind, next: Option<&TokenKind>) -> Option<String> {
    let TokenKind::Identifier(name) = token else { return None };
    if Function::of(name).is_some() {
        return Some(match next {
            Some(TokenKind::Keyword(Keyword::By | Keyword::Without)) => {
                format!("put the labels in parentheses: {name} by (label) (…)")
            }
            _ => format!("{name} is a function: {name}(…)"),
        });
    }
    let is_call = next == Some(&TokenKind::Mark(Mark::OpenParen));
    match nearest(name, Function::all().map(Function::text)) {
        Some(known) => Some(format!("did you mean {known}?")),
        None if is_call => Some(format!("there is no function {name}")),
        None => Some("a query starts with a selector, such as {namespace=\"airflow\"}".to_owned()),
    }
}

/// A token that follows a whole query.
pub(super) fn after_query(expr: &Expr, token: &TokenKind) -> Option<String> {
    let is_log = matches!(expr, Expr::Log(_));
    match token {
        TokenKind::Range(_) if is_log => {
            Some("a range belongs into a function, such as rate({…} [5m])".to_owned())
        }
        TokenKind::Range(_) => {
            Some("LogQL has no subqueries: a range can only follow lines".to_owned())
        }
        TokenKind::String(_) if is_log => Some("say how to look for it: |= \"text\"".to_owned()),
        TokenKind::Identifier(name) if is_log => {
            Some(format!("a stage starts with a pipe: | {name} …"))
        }
        TokenKind::Keyword(keyword) if is_log && STAGES.contains(keyword) => {
            Some(format!("a stage starts with a pipe: | {}", keyword.text()))
        }
        _ => None,
    }
}

/// A token where a stage should start.
pub(super) fn stage(token: &TokenKind) -> Option<String> {
    match token {
        TokenKind::Keyword(Keyword::Unwrap) => Some(
            "unwrap belongs into a function, such as sum_over_time({…} | unwrap x [5m])".to_owned(),
        ),
        TokenKind::String(_) => Some("say how to look for it: |= \"text\"".to_owned()),
        TokenKind::Function(function) => Some(format!(
            "functions stand before the lines, not after: {}({{…}} [5m])",
            function.text()
        )),
        _ => None,
    }
}

/// A token after a name that should be compared with something.
pub(super) fn condition(name: &str, token: &TokenKind) -> Option<String> {
    let stages = STAGES.iter().map(|keyword| keyword.text());
    match nearest(name, stages) {
        Some(stage) => Some(format!("did you mean | {stage}?")),
        // What is left of 1mb or 100kb once the number has been read.
        None if name.eq_ignore_ascii_case("b") => {
            Some("units of size are written KB, MB, GB or KiB, MiB, GiB".to_owned())
        }
        None if *token == TokenKind::End => {
            Some(format!("compare the label with something: | {name}=\"value\""))
        }
        None => None,
    }
}

/// A token where the value of a condition should be.
pub(super) fn compared_value(name: &str, op: CompareOp, token: &TokenKind) -> Option<String> {
    match (op, token) {
        (CompareOp::Eq | CompareOp::NotEq, TokenKind::Identifier(value)) => {
            Some(format!("put the value in quotes: {name}{}\"{value}\"", single(op)))
        }
        (CompareOp::Eq, TokenKind::String(_)) => {
            Some("strings are compared with a single =".to_owned())
        }
        (_, TokenKind::String(_) | TokenKind::Identifier(_)) => {
            Some(format!("{op} compares numbers, durations and sizes, such as {name}{op}5"))
        }
        _ => None,
    }
}

fn single(op: CompareOp) -> &'static str {
    if op == CompareOp::Eq { "=" } else { op.text() }
}

/// Lines where numbers are asked for.
pub(super) fn lines_for_numbers(token: &TokenKind) -> &'static str {
    match token {
        TokenKind::Range(_) => {
            "count the lines first, with a function such as count_over_time({…} [5m])"
        }
        _ => "it takes numbers, not lines: count them first, as in count_over_time({…} [5m])",
    }
}

/// The word of some that is most like another, if one is like it at all.
fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    words
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance > 0 && *distance <= DISTANCE_MAX.min(candidate.len() / 3)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, put in or left out to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
