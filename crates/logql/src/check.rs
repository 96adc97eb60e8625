//! What Loki refuses although it parses, in Loki's words.
//!
//! The parser asks for a part of it at the moment Loki does, so that of two mistakes the same one
//! is reported; [`query`] is the rest, for a tree that is whole: first the selectors, then the
//! stages.

mod stage;

use crate::ast::{
    BinaryOp, Expr, Grouping, LogExpr, MatchOp, Matcher, MetricExpr, RangeAggregation, RangeOp,
    Selector, Text, VectorOp,
};
use crate::error::ParseError;
use crate::float;
use crate::pattern::Pattern;
use crate::regex::Regex;

/// Checks the selectors and the stages of a query.
///
/// # Errors
/// The first thing that is wrong.
pub fn query(expr: &Expr) -> Result<(), ParseError> {
    let mut ranges = Vec::new();
    let logs: Vec<&LogExpr> = match expr {
        Expr::Log(log) => vec![log],
        Expr::Count(count) => vec![&count.log],
        Expr::Metric(metric) => {
            leaves(metric, &mut ranges);
            ranges.iter().map(|range| &range.log).collect()
        }
    };
    for log in &logs {
        selector(&log.selector)?;
    }
    for log in &logs {
        stage::stages(&log.stages)?;
    }
    for unwrap in ranges.iter().filter_map(|range| range.unwrap.as_ref()) {
        for filter in &unwrap.filters {
            stage::label_filter(filter)?;
        }
    }
    Ok(())
}

/// The parts of an expression that read lines.
fn leaves<'a>(metric: &'a MetricExpr, found: &mut Vec<&'a RangeAggregation>) {
    match metric {
        MetricExpr::Range(range) => found.push(range),
        MetricExpr::Aggregate(aggregation) => leaves(&aggregation.inner, found),
        MetricExpr::LabelReplace(replace) => leaves(&replace.inner, found),
        MetricExpr::Binary(binary) => {
            leaves(&binary.left, found);
            leaves(&binary.right, found);
        }
        MetricExpr::Number(_) | MetricExpr::Vector(_) => {}
    }
}

/// Loki's text for a selector that would read everything.
const TOO_WIDE: &str = "queries require at least one regexp or equality matcher that does not \
     have an empty-compatible value. For instance, app=~\".*\" does not meet this requirement, \
     but app=~\".+\" will";

/// Whether one matcher at least asks for a value that is not empty.
///
/// # Errors
/// When there is none.
pub fn selector(selector: &Selector) -> Result<(), ParseError> {
    if selector.matchers.iter().any(narrows) {
        return Ok(());
    }
    let hint = match selector.matchers.first() {
        Some(matcher) => {
            format!("add a label that every line must have, or {}=~\".+\"", matcher.name)
        }
        None => "name a label that every line must have, such as namespace=\"airflow\"".to_owned(),
    };
    Err(ParseError::new(TOO_WIDE).in_span(selector.span).hint(hint))
}

fn narrows(matcher: &Matcher) -> bool {
    let value = &matcher.value;
    let regex = || Regex::of_selector(value).map(|regex| regex.is_match(""));
    match matcher.op {
        MatchOp::Eq => !value.is_empty(),
        MatchOp::NotEq => value.is_empty(),
        MatchOp::Re => regex() == Ok(false),
        MatchOp::NotRe => regex() == Ok(true),
    }
}

/// Whether a matcher's value is a regular expression, where it must be one.
pub(crate) fn matcher(matcher: &Matcher) -> Result<(), ParseError> {
    if matches!(matcher.op, MatchOp::Re | MatchOp::NotRe) {
        Regex::of_selector(&matcher.value)
            .map_err(|error| ParseError::new(error).in_span(matcher.span))?;
    }
    Ok(())
}

/// Whether `| regexp` names something, and nothing twice.
pub(crate) fn regexp(text: &Text) -> Result<(), ParseError> {
    let invalid =
        |error: &str| ParseError::new(format!("invalid regexp parser: {error}")).in_span(text.span);
    let regex = Regex::new(&text.value).map_err(|error| invalid(&error))?;
    let names = regex.names();
    for (i, (_, name)) in names.iter().enumerate() {
        if names[..i].iter().any(|(_, before)| before == name) {
            return Err(invalid(&format!("duplicate extracted label name '{name}'")));
        }
    }
    match names {
        [] => {
            let hint = "name what to take out of the line: (?P<name>…)";
            Err(invalid("at least one named capture must be supplied").hint(hint))
        }
        _ => Ok(()),
    }
}

/// Whether `| pattern` names something, and nothing twice.
pub(crate) fn pattern(text: &Text) -> Result<(), ParseError> {
    let pattern = Pattern::parse(&text.value);
    pattern.and_then(|pattern| pattern.validate_for_parser()).map_err(|error| {
        ParseError::new(format!("invalid pattern parser: {error}")).in_span(text.span)
    })
}

/// Whether the expression of `label_replace` is one. Loki shows it with its anchors.
pub(crate) fn label_replace(regex: &Text) -> Result<(), ParseError> {
    let anchored = format!("^(?:{})$", regex.value);
    Regex::new(&anchored).map_err(|error| ParseError::new(error).in_span(regex.span))?;
    Ok(())
}

/// The parameter of a function over a range, if it takes one.
pub(crate) fn range_parameter(op: RangeOp, param: Option<&str>) -> Result<Option<f64>, ParseError> {
    match (op, param) {
        (RangeOp::QuantileOverTime, Some(text)) => float::parse(text).map(Some).map_err(|error| {
            ParseError::new(format!("invalid parameter for operation {op}: {error}"))
        }),
        (RangeOp::QuantileOverTime, None) => {
            Err(ParseError::new(format!("parameter required for operation {op}"))
                .hint("say which quantile: quantile_over_time(0.99, {…} | unwrap x [5m])"))
        }
        (_, Some(text)) => {
            Err(ParseError::new(format!("parameter {text} not supported for operation {op}")))
        }
        (_, None) => Ok(None),
    }
}

/// Whether a function over a range gets what it can work on.
pub(crate) fn range_aggregation(range: &RangeAggregation) -> Result<(), ParseError> {
    let op = range.op;
    let error = |message: String| ParseError::new(message).in_span(range.span);
    if range.grouping.is_some() && !op.allows_grouping() {
        return Err(error(format!("grouping not allowed for {op} aggregation"))
            .hint(format!("aggregate around it: sum by (…) ({op}(…))")));
    }
    match range.unwrap {
        Some(_) if !op.allows_unwrap() => {
            Err(error(format!("invalid aggregation {op} with unwrap"))
                .hint(format!("{op} looks at lines: leave out the unwrap")))
        }
        None if !op.allows_lines() => {
            Err(error(format!("invalid aggregation {op} without unwrap"))
                .hint(format!("say which label holds the number: {op}({{…}} | unwrap label [5m])")))
        }
        _ => Ok(()),
    }
}

/// The parameter of an aggregation, if it takes one, and whether it may be grouped.
pub(crate) fn vector_parameter(
    op: VectorOp,
    param: Option<&str>,
    grouping: Option<&Grouping>,
) -> Result<Option<u64>, ParseError> {
    let refuse = |message: String| Err(ParseError::new(message));
    let takes_count = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    let param = match param {
        None if takes_count => {
            let error = ParseError::new(format!("parameter required for operation {op}"));
            return Err(error.hint(format!("say how many: {op}(10, …)")));
        }
        None => None,
        Some(text) if !takes_count => {
            return refuse(format!("unsupported parameter for operation {op}({text},"));
        }
        Some(text) => match text.parse::<i64>().map(u64::try_from) {
            Ok(Ok(count)) if count > 0 => Some(count),
            Ok(_) => {
                return refuse(format!("invalid parameter (must be greater than 0) {op}({text}"));
            }
            Err(_) => return refuse(format!("invalid parameter {op}({text},")),
        },
    };
    if op == VectorOp::ApproxTopk && grouping.is_some() {
        return refuse(format!("grouping not allowed for {op} aggregation"));
    }
    let is_sort = matches!(op, VectorOp::Sort | VectorOp::SortDesc);
    if is_sort && grouping.is_some_and(|grouping| !grouping.labels.is_empty()) {
        return refuse("sort and sort_desc doesn't allow grouping by ".to_owned());
    }
    Ok(param)
}

/// Whether both sides of an operator are numbers, and not literals where sets are compared.
pub(crate) fn legs(
    op: BinaryOp,
    left: Expr,
    right: Expr,
) -> Result<(MetricExpr, MetricExpr), ParseError> {
    let left = leg(op, left, "left")?;
    let right = leg(op, right, "right")?;
    if op.is_logical() {
        for (leg, side) in [(&left, "left"), (&right, "right")] {
            if let MetricExpr::Number(number) = leg {
                return Err(ParseError::new(format!(
                    "unexpected literal for {side} leg of logical/set binary operation ({op}): \
                     {number:.6}"
                ))
                .hint(format!("write vector({})", float::format(*number))));
            }
        }
    }
    Ok((left, right))
}

fn leg(op: BinaryOp, expr: Expr, side: &str) -> Result<MetricExpr, ParseError> {
    let kind = match &expr {
        Expr::Metric(_) => None,
        Expr::Log(log) | Expr::Count(crate::ast::CountStage { log, .. }) => {
            Some(if log.stages.is_empty() { "MatchersExpr" } else { "PipelineExpr" })
        }
    };
    match (expr, kind) {
        (Expr::Metric(metric), _) => Ok(metric),
        (_, kind) => Err(ParseError::new(format!(
            "unexpected type for {side} leg of binary operation ({op}): *syntax.{}",
            kind.unwrap_or_default()
        ))
        .hint("operators work on numbers, not lines: count them with count_over_time({…} [5m])")),
    }
}
