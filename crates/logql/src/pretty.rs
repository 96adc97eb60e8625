//! A tree as a query over several lines, as Loki's `format_query` and `logcli fmt` lay it out: what
//! fits into [`LINE_MAX`] columns stays on one line, the rest is split and indented.

use std::fmt::Write;

use crate::ast::{
    Binary, CountStage, Expr, Grouping, LabelReplace, LogExpr, MetricExpr, RangeAggregation,
    SignedDuration, VectorAggregation,
};
use crate::print::Operator;
use crate::{duration, float};
use model::labels::Quoted;

/// What is longer than this is split.
pub const LINE_MAX: usize = 100;

/// Lays a query out.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    match expr {
        Expr::Log(log) => lines(log, 0),
        Expr::Metric(metric) => numbers(metric, 0),
        Expr::Count(count) => counted(count),
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// The node on one line, if it fits.
fn short(node: &impl ToString, level: usize) -> Option<String> {
    let text = node.to_string();
    (text.len() <= LINE_MAX).then(|| indent(level) + &text)
}

/// The selector, and each stage on a line of its own.
fn lines(log: &LogExpr, level: usize) -> String {
    short(log, level).unwrap_or_else(|| {
        let mut text = format!("{}{}", indent(level), log.selector);
        for stage in &log.stages {
            let _ = write!(text, "\n{}{stage}", indent(level + 1));
        }
        text
    })
}

fn counted(count: &CountStage) -> String {
    short(count, 0).unwrap_or_else(|| {
        let mut text = lines(&count.log, 0);
        let _ = write!(text, "\n{}| count{}", indent(1), grouped(count.grouping.as_ref()));
        text
    })
}

fn numbers(metric: &MetricExpr, level: usize) -> String {
    short(metric, level).unwrap_or_else(|| match metric {
        MetricExpr::Range(range) => range_aggregation(range, level),
        MetricExpr::Aggregate(aggregation) => vector_aggregation(aggregation, level),
        MetricExpr::Binary(binary) => operation(binary, level),
        MetricExpr::LabelReplace(replace) => label_replace(replace, level),
        MetricExpr::Number(_) | MetricExpr::Vector(_) => format!("{}{metric}", indent(level)),
    })
}

/// `op(`, the arguments on lines of their own, `)`.
fn call(name: &str, arguments: &[String], level: usize) -> String {
    format!("{}{name}(\n{}\n{})", indent(level), arguments.join(",\n"), indent(level))
}

fn range_aggregation(range: &RangeAggregation, level: usize) -> String {
    let mut lines = lines(&range.log, level + 1);
    if let Some(unwrap) = &range.unwrap {
        let _ = write!(lines, "\n{}{unwrap}", indent(level + 2));
    }
    let _ = write!(lines, " [{}]", duration::format_prometheus(range.range));
    if range.offset.0 != 0 {
        let _ = write!(lines, " offset {}", offset(range.offset));
    }
    let param = range.param.map(|param| indent(level + 1) + &float::format(param));
    let arguments: Vec<_> = param.into_iter().chain([lines]).collect();
    call(range.op.text(), &arguments, level) + &grouped(range.grouping.as_ref())
}

fn vector_aggregation(aggregation: &VectorAggregation, level: usize) -> String {
    let param = aggregation.param.map(|param| format!("{}{param}", indent(level + 1)));
    let inner = numbers(&aggregation.inner, level + 1);
    let arguments: Vec<_> = param.into_iter().chain([inner]).collect();
    let name = format!("{}{}", aggregation.op, grouped(aggregation.grouping.as_ref()));
    call(&name, &arguments, level)
}

fn label_replace(replace: &LabelReplace, level: usize) -> String {
    let strings = [&replace.dst, &replace.replacement, &replace.src, &replace.regex];
    let mut arguments = vec![numbers(&replace.inner, level + 1)];
    arguments.extend(strings.map(|text| format!("{}{}", indent(level + 1), Quoted(text))));
    call("label_replace", &arguments, level)
}

fn operation(binary: &Binary, level: usize) -> String {
    let precedence = binary.op.precedence();
    let is_right = binary.op.is_right_associative();
    let left = operand(&binary.left, precedence + u8::from(is_right), level + 1);
    let right = operand(&binary.right, precedence + u8::from(!is_right), level + 1);
    format!("{left}\n{}{}\n{right}", indent(level), Operator(binary))
}

/// A side of an operator; in parentheses where it would be read otherwise without them.
fn operand(metric: &MetricExpr, precedence: u8, level: usize) -> String {
    match metric {
        MetricExpr::Binary(binary)
            if binary.op.precedence() < precedence && short(metric, level).is_none() =>
        {
            format!("{}(\n{}\n{})", indent(level), operation(binary, level + 1), indent(level))
        }
        _ => numbers(metric, level),
    }
}

/// Prometheus' notation where it says all, `1h` rather than `1h0m0s`.
fn offset(offset: SignedDuration) -> String {
    let short =
        duration::format_prometheus(std::time::Duration::from_nanos(offset.0.unsigned_abs()));
    let short = if offset.0 < 0 { format!("-{short}") } else { short };
    if duration::parse(&short) == Ok(offset) { short } else { duration::format_go(offset) }
}

fn grouped(grouping: Option<&Grouping>) -> String {
    grouping.map_or(String::new(), |grouping| {
        let word = if grouping.without { "without" } else { "by" };
        format!(" {word} ({})", grouping.labels.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[track_caller]
    fn check(query: &str, expect: &str) {
        let tree = parse(query).unwrap();
        let laid_out = super::pretty(&tree);
        assert_eq!(laid_out, expect);
        assert_eq!(parse(&laid_out), Ok(tree));
    }

    #[test]
    fn lines() {
        check(
            r#"{namespace="airflow", container="worker"} |= "dag_id=etl"
                | pattern `<_> task_id=<task>` | task=~"load.*" | count by (task)"#,
            r#"{namespace="airflow", container="worker"}
  |= "dag_id=etl"
  | pattern "<_> task_id=<task>"
  | task=~"load.*"
  | count by (task)"#,
        );
    }

    #[test]
    fn functions() {
        check(
            r#"topk(3, quantile_over_time(0.99, {namespace="airflow", container="worker"} | json
                | unwrap duration(took) | __error__="" [1h] offset 1d) by (dag_id, task_id))"#,
            r#"topk(
  3,
  quantile_over_time(
    0.99,
    {namespace="airflow", container="worker"} | json
      | unwrap duration(took) | __error__="" [1h] offset 1d
  ) by (dag_id, task_id)
)"#,
        );
        check(
            r#"label_replace(sum by (pod) (rate({namespace="airflow", container="worker"}[5m])),
                "name", "$1", "pod", "(.*)-[a-z0-9]+")"#,
            r#"label_replace(
  sum by (pod)(rate({namespace="airflow", container="worker"}[5m])),
  "name",
  "$1",
  "pod",
  "(.*)-[a-z0-9]+"
)"#,
        );
    }

    #[test]
    fn operators_keep_their_order() {
        check(
            r#"(sum(count_over_time({namespace="airflow"} |= "ERROR"[5m]))
                + on () sum(count_over_time({namespace="airflow"} |= "CRITICAL"[5m]))) * 100"#,
            r#"  (
      sum(count_over_time({namespace="airflow"} |= "ERROR"[5m]))
    + on ()
      sum(count_over_time({namespace="airflow"} |= "CRITICAL"[5m]))
  )
*
  100"#,
        );
    }
}
