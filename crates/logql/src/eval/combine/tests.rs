//! The vector algebra, on two made-up leaves.

use std::time::Duration;

use super::*;
use crate::ast::Expr;

/// The series of the selectors `{a="l"}` and `{a="r"}`, at the times 1 and 2.
fn leaf(selector: &str) -> Vec<Series> {
    let series = |app: &str, pod: &str, points: [Option<f64>; 2]| Series {
        labels: Labels::new([("app", app), ("pod", pod)]),
        points: (1..).map(Timestamp).zip(points).filter_map(|(t, v)| Some((t, v?))).collect(),
    };
    match selector {
        "l" => vec![
            series("x", "1", [Some(1.0), Some(10.0)]),
            series("x", "2", [Some(2.0), None]),
            series("y", "3", [None, Some(30.0)]),
        ],
        _ => vec![series("x", "1", [Some(4.0), Some(5.0)]), series("z", "9", [Some(6.0), None])],
    }
}

/// Combines a query in which `L` and `R` stand for the leaves, at the given steps.
fn run(query: &str, steps: &Steps) -> Result<Value, EvalError> {
    let query = query
        .replace('L', r#"count_over_time({a="l"}[1m])"#)
        .replace('R', r#"count_over_time({a="r"}[1m])"#);
    let Ok(Expr::Metric(expr)) = crate::parse(&query) else { panic!("{query}") };
    let value_of = |agg: &RangeAggregation| leaf(&agg.log.selector.matchers[0].value);
    let leaves = leaves(&expr).into_iter().map(value_of).collect();
    combine(&expr, steps, leaves)
}

/// The answer over the steps 1 and 2, as `{labels} time:value …; …`.
#[track_caller]
fn check(query: &str, expect: &str) {
    let step = Duration::from_nanos(1);
    let steps = Steps { start: Timestamp(1), end: Timestamp(2), step };
    let shown = match run(query, &steps) {
        Ok(Value::Matrix(series)) => {
            let shown = series.iter().map(|series| {
                let points = series.points.iter().map(|(time, value)| format!(" {time}:{value}"));
                format!("{}{}", series.labels, points.collect::<String>())
            });
            shown.collect::<Vec<_>>().join("; ")
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expect, "for {query}");
}

#[test]
fn numbers_are_series_without_labels() {
    check("2", "{} 1:2 2:2");
    check("vector(2) + vector(1)", "{} 1:3 2:3");
    check("2 ^ 3 % 5", "{} 1:3 2:3");
}

#[test]
fn aggregates_step_by_step() {
    check("sum by (app) (L)", r#"{app="x"} 1:3 2:10; {app="y"} 2:30"#);
    check("sum without (pod) (R)", r#"{app="x"} 1:4 2:5; {app="z"} 1:6"#);
    check("count(L)", "{} 1:2 2:2");
    check("topk(1, L)", r#"{app="x", pod="2"} 1:2; {app="y", pod="3"} 2:30"#);
}

#[test]
fn calculates_with_numbers() {
    check("R * 2", r#"{app="x", pod="1"} 1:8 2:10; {app="z", pod="9"} 1:12"#);
    check("10 - sum(R)", "{} 1:0 2:5");
    check("sum(R) / 0", "{} 1:NaN 2:NaN");
    check("sum(R) % 0", "{} 1:NaN 2:NaN");
}

#[test]
fn comparisons_filter_or_say_0_and_1() {
    check("R > 5", r#"{app="z", pod="9"} 1:6"#);
    check("5 < R", r#"{app="z", pod="9"} 1:6"#);
    check("R == bool 5", r#"{app="x", pod="1"} 1:0 2:1; {app="z", pod="9"} 1:0"#);
    check("R > L", r#"{app="x", pod="1"} 1:4"#);
    check("R > bool L", r#"{app="x", pod="1"} 1:1 2:0"#);
}

#[test]
fn matches_series_by_all_or_some_labels() {
    check("L + R", r#"{app="x", pod="1"} 1:5 2:15"#);
    check("sum by (app) (L) + on (app) sum by (app) (R)", r#"{app="x"} 1:7 2:15"#);
    check(
        "L / on (app) group_left R",
        r#"{app="x", pod="1"} 1:0.25 2:2; {app="x", pod="2"} 1:0.5"#,
    );
    check(
        "sum by (app) (R) - on (app) group_right L",
        r#"{app="x", pod="1"} 1:3 2:-5; {app="x", pod="2"} 1:2"#,
    );
    check("sum by (app) (L) * on (app) group_left (pod) R", r#"{app="x", pod="1"} 1:12 2:50"#);
}

#[test]
fn refuses_ambiguous_matches() {
    check(
        "R + on (app) group_left L",
        "found duplicate series on the right hand-side;many-to-many matching not allowed: \
         matching labels must be unique on one side",
    );
    check(
        "L + on (app) R",
        "multiple matches for labels: many-to-one matching must be explicit \
         (group_left/group_right)",
    );
    check(
        "L * on (app) group_left (pod) R",
        "multiple matches for labels: grouping labels must ensure unique matches",
    );
}

#[test]
fn sets() {
    check("L and R", r#"{app="x", pod="1"} 1:1 2:10"#);
    check("L unless on (app) R", r#"{app="y", pod="3"} 2:30"#);
    check(
        "R or L",
        "{app=\"x\", pod=\"1\"} 1:4 2:5; {app=\"x\", pod=\"2\"} 1:2; \
         {app=\"y\", pod=\"3\"} 2:30; {app=\"z\", pod=\"9\"} 1:6",
    );
}

#[test]
fn an_instant_is_a_vector_in_the_order_of_labels_or_values() {
    let vector = |query| match run(query, &Steps::instant(Timestamp(1))) {
        Ok(Value::Vector(series)) => {
            series.iter().map(|series| series.points[0].1).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(vector("L or R"), [1.0, 2.0, 6.0]);
    assert_eq!(vector("sort_desc(L or R)"), [6.0, 2.0, 1.0]);
    assert_eq!(vector("topk(2, L or R)"), [2.0, 6.0]);
    let scalar = run("1 + 1", &Steps::instant(Timestamp(1)));
    assert_eq!(scalar, Ok(Value::Scalar(Timestamp(1), 2.0)));
}
