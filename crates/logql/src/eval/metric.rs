//! Metric queries.

use std::collections::{BTreeMap, BTreeSet};

use model::{Labels, Stream, Timestamp};

use crate::ast::{MetricExpr, RangeAggregation, RangeOp};
use crate::pipeline::{ERROR, PRESERVE_ERROR, RowLabels, Sampler};

use super::absent;
use super::combine::{combine, leaves};
use super::error::EvalError;
use super::params::Steps;
use super::push_down::push_down;
use super::range;
use super::select::{Selector, SelectorScope};
use super::supported::check_supported;
use super::value::{Series, Value};

/// The answer to a metric query: a vector or scalar at one instant, else a matrix.
///
/// # Errors
/// When a stage cannot be built, a line goes wrong in it, or series do not find each other.
pub fn metric(
    expr: &MetricExpr,
    streams: &[Stream],
    steps: &Steps,
    scope: SelectorScope,
) -> Result<Value, EvalError> {
    check_supported(expr)?;
    let expr = push_down(expr);
    let series: Result<Vec<_>, _> = leaves(&expr)
        .into_iter()
        .map(|leaf| range_series(leaf, steps, points(leaf, streams, steps, scope)?))
        .collect();
    combine(&expr, steps, series?)
}

/// The series of one range aggregation, as its windows give them.
fn points(
    agg: &RangeAggregation,
    streams: &[Stream],
    steps: &Steps,
    scope: SelectorScope,
) -> Result<Vec<Series>, EvalError> {
    let found = samples(agg, streams, steps, scope)?.into_iter().map(|(labels, mut samples)| {
        samples.sort_by_key(|(time, _)| *time);
        Series { labels, points: range::points(agg, &samples, steps) }
    });
    Ok(found.collect())
}

/// What a range aggregation hands on of the series that its windows gave.
///
/// # Errors
/// When a series carries an error that the query does not ask for.
pub fn range_series(
    agg: &RangeAggregation,
    steps: &Steps,
    mut series: Vec<Series>,
) -> Result<Vec<Series>, EvalError> {
    series.retain(|series| !series.points.is_empty());
    check_errors(&series)?;
    if agg.op == RangeOp::AbsentOverTime {
        let times = series.iter().flat_map(|series| &series.points).map(|(time, _)| *time);
        let present: BTreeSet<Timestamp> = times.collect();
        series = absent::series(agg, steps, &present).into_iter().collect();
    }
    if !steps.is_instant() {
        for series in &mut series {
            series.points.retain(|(time, _)| range::is_shown(agg, *time));
        }
        series.retain(|series| !series.points.is_empty());
    }
    Ok(series)
}

type Samples = BTreeMap<Labels, Vec<(Timestamp, f64)>>;

/// What the lines of all windows stand for, by series.
fn samples(
    agg: &RangeAggregation,
    streams: &[Stream],
    steps: &Steps,
    scope: SelectorScope,
) -> Result<Samples, EvalError> {
    let sampler = Sampler::new(agg)?.at(steps.end);
    let selector = Selector::new(&agg.log.selector, scope)?;
    let (after, _) = range::window(agg, steps.start);
    let (_, until) = range::window(agg, steps.end);
    let mut samples = Samples::new();
    let mut row = RowLabels::default();
    for (stream, entries) in selector.select(streams) {
        for entry in entries {
            let time = entry.timestamp;
            if time <= after || time > until {
                continue;
            }
            row.reset(stream, &entry.metadata);
            if let Some(value) = sampler.sample(time, &entry.line, &mut row) {
                samples.entry(sampler.series(&row)).or_default().push((time, value));
            }
        }
    }
    Ok(samples)
}

/// Refuses series that carry an error which the query does not ask for.
fn check_errors(series: &[Series]) -> Result<(), EvalError> {
    let failed = series.iter().find_map(|series| {
        let asked_for = series.labels.get(PRESERVE_ERROR).is_some();
        let error = series.labels.get(ERROR).filter(|_| !asked_for)?;
        Some((error, &series.labels))
    });
    match failed {
        Some((error, series)) => {
            Err(EvalError::Pipeline { error: error.to_owned(), series: series.clone() })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;
    use model::Entry;

    #[track_caller]
    fn check(query: &str, expect: &str) {
        let lines = [(1, "a=1"), (2, "a=2 b=x"), (3, "{\"a\":3}")];
        let entries = lines.map(|(secs, line)| Entry::new(Timestamp::from_secs(secs), line));
        let labels = Labels::new([("app", "web")]);
        let streams = [Stream { labels, entries: entries.to_vec() }];
        let Ok(Expr::Metric(expr)) = crate::parse(query) else { panic!("{query}") };
        let steps = Steps::instant(Timestamp::from_secs(3));
        let shown = match metric(&expr, &streams, &steps, SelectorScope::Labels) {
            Ok(Value::Vector(series)) => {
                let shown = series.iter().map(|s| format!("{} {}", s.labels, s.points[0].1));
                shown.collect::<Vec<_>>().join("; ")
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        };
        assert_eq!(shown, expect, "for {query}");
    }

    #[test]
    fn reads_the_lines_of_the_window() {
        check(r#"count_over_time({app="web"}[2s])"#, r#"{app="web"} 2"#);
        check(r#"count_over_time({app="web"}[3s] offset 1s)"#, r#"{app="web"} 2"#);
        check(r#"sum(sum_over_time({app="web"} | logfmt | unwrap a [1m]))"#, "{} 3");
        check(r#"absent_over_time({app="web"} |= "z" [1m])"#, r#"{app="web"} 1"#);
        check(r#"absent_over_time({app="web"}[1m])"#, "");
    }

    #[test]
    fn refuses_errors_in_the_window_that_are_not_asked_for() {
        let details = "Value looks like object, but can't find closing '}' symbol";
        let labels = format!(r#"__error__="JSONParserErr", __error_details__="{details}""#);
        let refused =
            format!("pipeline error: 'JSONParserErr' for series: '{{{labels}, app=\"web\"}}'.");
        check(r#"count_over_time({app="web"} | json [1m])"#, &refused);
        check(r#"count_over_time({app="web"} | json [1s])"#, r#"{a="3", app="web"} 1"#);
        check(r#"sum(count_over_time({app="web"} | json [1m]))"#, "{} 3");
        check(r#"sum(count_over_time({app="web"} | json | __error__!="" [1m]))"#, "{} 2");
    }
}
