//! What parses, and makes sense, but is answered nowhere.

use crate::ast::{MetricExpr, VectorOp};

use super::error::EvalError;

/// Refuses what Loki has no evaluator for: a number where series are needed (`sum(1)`), and
/// `approx_topk`, which it answers only with its limit `shard_aggregations` changed.
///
/// # Errors
/// [`EvalError::Literal`] or [`EvalError::ApproxTopk`].
pub fn check_supported(expr: &MetricExpr) -> Result<(), EvalError> {
    match expr {
        MetricExpr::Range(_) | MetricExpr::Number(_) | MetricExpr::Vector(_) => Ok(()),
        MetricExpr::Aggregate(aggregation) if aggregation.op == VectorOp::ApproxTopk => {
            Err(EvalError::ApproxTopk)
        }
        MetricExpr::Aggregate(aggregation) => series(aggregation.op.text(), &aggregation.inner),
        MetricExpr::LabelReplace(replace) => series("label_replace", &replace.inner),
        MetricExpr::Binary(binary) => {
            check_supported(&binary.left)?;
            check_supported(&binary.right)
        }
    }
}

fn series(function: &'static str, argument: &MetricExpr) -> Result<(), EvalError> {
    match argument {
        MetricExpr::Number(_) => Err(EvalError::Literal { function }),
        argument => check_supported(argument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Expr;

    #[track_caller]
    fn check(query: &str, expect: &str) {
        let Ok(Expr::Metric(expr)) = crate::parse(query) else { panic!("{query}") };
        let refusal = check_supported(&expr).err().map(|error| error.to_string());
        assert!(refusal.unwrap_or_default().starts_with(expect), "for {query}");
    }

    #[test]
    fn refuses_numbers_in_the_place_of_series() {
        check("sum(1)", "sum needs series");
        check(r#"1 + label_replace(2, "a", "b", "c", "d")"#, "label_replace needs series");
        check("topk(1, vector(1)) > 1 + 1", "");
    }

    #[test]
    fn refuses_approx_topk() {
        check(r#"sum(approx_topk(1, rate({a="b"}[1m])))"#, "approx_topk is not enabled");
    }
}
