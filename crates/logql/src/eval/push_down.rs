//! Moves the grouping of a `sum` into the range aggregation under it.

use crate::ast::{Binary, Grouping, MetricExpr, RangeAggregation, RangeOp, VectorOp};

/// The same query, where `sum by (x) (count_over_time(…))` and its kin have the `by (x)` inside
/// too.
///
/// This changes no number: a sum of sums is the same in any grouping. But parsers need only set the
/// labels of the grouping then, and lines that are broken elsewhere are no error any more. Loki
/// does the same, and people see it.
#[must_use]
pub fn push_down(expr: &MetricExpr) -> MetricExpr {
    let mut expr = expr.clone();
    rewrite(&mut expr);
    expr
}

fn rewrite(expr: &mut MetricExpr) {
    match expr {
        MetricExpr::Range(_) | MetricExpr::Number(_) | MetricExpr::Vector(_) => {}
        MetricExpr::LabelReplace(replace) => rewrite(&mut replace.inner),
        MetricExpr::Binary(binary) => {
            let Binary { left, right, .. } = binary.as_mut();
            rewrite(left);
            rewrite(right);
        }
        MetricExpr::Aggregate(aggregation) => match aggregation.inner.as_mut() {
            MetricExpr::Range(range) if aggregation.op == VectorOp::Sum && is_additive(range) => {
                let none = Grouping { without: false, labels: Vec::new() };
                range.grouping = Some(aggregation.grouping.clone().unwrap_or(none));
            }
            inner => rewrite(inner),
        },
    }
}

/// Whether the numbers of two groups of lines add up to that of both together.
fn is_additive(range: &RangeAggregation) -> bool {
    use RangeOp as Op;
    let adds = matches!(
        range.op,
        Op::CountOverTime | Op::Rate | Op::BytesOverTime | Op::BytesRate | Op::SumOverTime
    );
    adds && range.grouping.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;
    use crate::eval::leaves;

    #[track_caller]
    fn check(query: &str, expect: Option<&[&str]>) {
        let Ok(Expr::Metric(metric)) = crate::parse(query) else { panic!("{query}") };
        let pushed = push_down(&metric);
        let by = leaves(&pushed)[0].grouping.as_ref().map(|grouping| grouping.labels.clone());
        let expect =
            expect.map(|labels| labels.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(by, expect, "for {query}");
    }

    #[test]
    fn only_sums_of_what_adds_up() {
        check(r#"sum by (x) (rate({a="b"}[1m]))"#, Some(&["x"]));
        check(r#"sum(bytes_over_time({a="b"}[1m]))"#, Some(&[]));
        check(r#"1 + topk(2, sum by (x) (rate({a="b"}[1m])))"#, Some(&["x"]));
        check(r#"max by (x) (rate({a="b"}[1m]))"#, None);
        check(r#"sum by (x) (max_over_time({a="b"} | unwrap y [1m]))"#, None);
        check(r#"sum by (x) (max_over_time({a="b"} | unwrap y [1m]) by (z))"#, Some(&["z"]));
    }
}
