//! Advice on a query that runs but hardly says what its author means.
//!
//! `` | pattern `dag_id=<dag_id>` `` is all over the recipes, and matches nothing: a pattern that
//! starts with a literal must match at the very beginning of the line. Loki says nothing of it.

use logql::ast::{LogExpr, Stage, Text};
use logql::pattern::{Part, Pattern};
use logql::pipeline::{Pipeline, RowLabels};
use model::{Labels, Timestamp};

/// How many of the lines that reach a pattern are looked at.
pub(crate) const SAMPLE_LINES: usize = 200;

/// What may end a captured value in a log line, likelier ones first.
const ENDS: [&str; 7] = [", ", ",", " ", "\"", "'", ")", ">"];

/// The part of a query that leads to a pattern which starts with a literal, and that pattern.
pub(crate) fn suspect(log: &LogExpr) -> Option<(LogExpr, &Text)> {
    let (at, text) = log.stages.iter().enumerate().find_map(|(at, stage)| match stage {
        Stage::Pattern(text) if starts_with_literal(&text.value) => Some((at, text)),
        _ => None,
    })?;
    let mut before = log.clone();
    before.stages.truncate(at);
    Some((before, text))
}

/// The advice, when the pattern matched none of these lines, which reached it.
pub(crate) fn advice(pattern: &Text, lines: &[String]) -> Option<String> {
    if lines.is_empty() || matches(&pattern.value, lines) > 0 {
        return None;
    }
    let literal = &pattern.value;
    let (count, working) = (lines.len(), working_form(literal, lines));
    Some(format!(
        "the pattern `{literal}` matched none of the {count} newest lines that reached it: a \
         pattern that starts with a literal must match at the beginning of the line; use | pattern \
         `{working}`"
    ))
}

/// A form of the pattern that matches anywhere in the line, its last value ended by what ends it
/// in most of these lines (or by the likeliest end, when none of them shows it).
fn working_form(pattern: &str, lines: &[String]) -> String {
    let parsed = Pattern::parse(pattern);
    let ends_open = parsed.is_ok_and(|pattern| pattern.parts().last().is_some_and(is_capture));
    if !ends_open {
        return format!("<_>{pattern}");
    }
    let forms = ENDS.iter().map(|end| format!("<_>{pattern}{end}<_>"));
    let scored = forms.map(|form| (clean_matches(&form, lines), form));
    // Of equally good forms the first: `max_by_key` alone would take the last.
    let best = scored.rev().max_by_key(|(score, _)| *score);
    best.map_or_else(String::new, |(_, form)| form)
}

fn starts_with_literal(pattern: &str) -> bool {
    let parsed = Pattern::parse(pattern);
    parsed.is_ok_and(|pattern| matches!(pattern.parts().first(), Some(Part::Literal(_))))
}

fn is_capture(part: &Part) -> bool {
    !matches!(part, Part::Literal(_))
}

/// How many lines the pattern takes anything from.
fn matches(pattern: &str, lines: &[String]) -> usize {
    captured(pattern, lines).filter(|values| !values.is_empty()).count()
}

/// How many lines the pattern takes values from that look like one word each.
fn clean_matches(pattern: &str, lines: &[String]) -> usize {
    let is_word = |value: &String| {
        !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || ",\"'()<>".contains(c))
    };
    captured(pattern, lines)
        .filter(|values| !values.is_empty() && values.iter().all(is_word))
        .count()
}

/// The values that the pattern takes from each line.
fn captured<'a>(pattern: &str, lines: &'a [String]) -> impl Iterator<Item = Vec<String>> + 'a {
    let names: Vec<String> =
        Pattern::parse(pattern).map(|p| p.names().map(str::to_owned).collect()).unwrap_or_default();
    let text = Text { value: pattern.to_owned(), span: logql::ast::Span::default() };
    let stage = Pipeline::new(&[Stage::Pattern(text)]).ok();
    lines.iter().map(move |line| {
        let mut labels = RowLabels::new(&Labels::default(), &Labels::default());
        if let Some(stage) = &stage {
            stage.process(Timestamp::default(), line, &mut labels);
        }
        names.iter().filter_map(|name| labels.get(name).map(str::to_owned)).collect()
    })
}

#[cfg(test)]
mod tests {
    use logql::ast::Expr;

    use super::*;

    #[track_caller]
    fn check(query: &str, lines: &[&str], expect: Option<&str>) {
        let Expr::Log(log) = logql::parse(query).unwrap() else { panic!("not a log query") };
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let seen = suspect(&log).and_then(|(_, text)| advice(text, &lines));
        assert_eq!(seen.as_deref().map(|text| text.rsplit("; ").next().unwrap()), expect);
    }

    #[test]
    fn a_literal_at_the_start_that_matches_nothing_gets_the_working_form() {
        let line = "INFO - DagRun Finished: dag_id=etl, run_id=r1, state=success";
        let query = "{a=\"b\"} | pattern `dag_id=<dag_id>`";
        check(query, &[line], Some("use | pattern `<_>dag_id=<dag_id>, <_>`"));
        check(query, &["dag_id=etl"], None);
        check(query, &[], None);
        let two = "{a=\"b\"} | pattern `dag_id=<dag_id>, run_id=<run_id>`";
        check(two, &[line], Some("use | pattern `<_>dag_id=<dag_id>, run_id=<run_id>, <_>`"));
        check("{a=\"b\"} | pattern `<_>dag_id=<dag_id>`", &[line], None);
    }

    #[test]
    fn where_no_line_shows_the_end_the_likeliest_is_named() {
        let query = "{a=\"b\"} | pattern `nowhere=<x>`";
        check(query, &["dag_id=etl"], Some("use | pattern `<_>nowhere=<x>, <_>`"));
        let query = "{a=\"b\"} | pattern `x=<x>;`";
        check(query, &["dag_id=etl"], Some("use | pattern `<_>x=<x>;`"));
    }
}
