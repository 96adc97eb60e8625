//! What the recorded answers do not show: trees, precedence, our own stage, limits, hints.

use std::time::Duration;

use super::cursor::{NESTING_MAX, OPERATORS_MAX};
use super::*;
use crate::ast::Expr;

/// The canonical print shows how a query was read.
#[track_caller]
fn check(query: &str, expect: &str) {
    let printed = match parse(query) {
        Ok(tree) => tree.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(printed, expect, "{query}");
}

#[test]
fn conditions() {
    let check = |filter: &str, expect: &str| {
        check(&format!("{{a=\"b\"}} | {filter}"), &format!("{{a=\"b\"}} | {expect}"));
    };
    check("a=1 and b>=2 or c<3", "( ( a==1 , b>=2 ) or c<3 )");
    check("a=1 or b=2 and c=3", "( a==1 or ( b==2 , c==3 ) )");
    check("a=1, b=2 or c=3", "( a==1 , ( b==2 or c==3 ) )");
    check("a=1 b=2 c=3", "( a==1 , ( b==2 , c==3 ) )");
    check("a=1 or b=2, c=3", "( a==1 or ( b==2 , c==3 ) )");
    check("(a=1 or b=2) and c=3", "( ( a==1 or b==2 ) , c==3 )");
    check("a = 5s", "a==5s");
    check("a > 1.5KiB", "a>1.5kB");
    check("a > -1h", "a>-1h0m0s");
    check("a < -5", "a<-5");
    check("a != ip(\"10.0.0.0/8\")", "a!=ip(\"10.0.0.0/8\")");
    check("count > 5 | rate = \"x\"", "count>5 | rate=\"x\"");
}

#[test]
fn operators() {
    check(
        "vector(1) + vector(2) * vector(3)",
        "(vector(1.000000) + (vector(2.000000) * vector(3.000000)))",
    );
    check(
        "vector(1) ^ vector(2) ^ vector(3)",
        "(vector(1.000000) ^ (vector(2.000000) ^ vector(3.000000)))",
    );
    check("vector(1) - vector(2) - 3", "((vector(1.000000) - vector(2.000000)) - 3)");
    check(
        "vector(1) or vector(2) and vector(3)",
        "(vector(1.000000) or (vector(2.000000) and vector(3.000000)))",
    );
    check("1 + 2 > 2 * 3 + vector(1)", "(3 > (6 + vector(1.000000)))");
    check("-2 ^ 2", "4");
    check("1 / 0", "(0 / 0)");
    check("1e308 * 10", "(1e+308 * 10)");
    check("vector(0.0000001)", "vector(1e-07)");
    check(
        "vector(1) > bool on (a) group_left vector(2)",
        "(vector(1.000000) > bool on (a) group_left () vector(2.000000))",
    );
    check(
        "vector(1) / ignoring (a, b) group_right (c) vector(2)",
        "(vector(1.000000) / ignoring (a,b) group_right (c) vector(2.000000))",
    );
}

#[test]
fn ranges() {
    check("rate({a=\"b\"}[5m] | json)", "rate({a=\"b\"} | json[5m])");
    check("rate(({a=\"b\"} |= `x`)[5m])", "rate({a=\"b\"} |= \"x\"[5m])");
    check("rate(({a=\"b\"}[5m] offset -1h))", "rate({a=\"b\"}[5m] offset -1h0m0s)");
    check(
        "quantile_over_time(0.99, {a=\"b\"} | unwrap duration(x) | x > 5 [1d]) by (y)",
        "quantile_over_time(0.99,{a=\"b\"} | unwrap duration(x) | x>5[1d]) by (y)",
    );
    check("topk(2, rate({a=\"b\"}[5m])) without (x)", "topk without (x)(2,rate({a=\"b\"}[5m]))");
}

#[test]
fn count_as_the_last_stage() {
    let query = "{a=\"b\"} |= \"ERROR\" | pattern `dag_id=<dag_id>` | __error__=\"\" \
                 | line_format \"{{.dag_id}}\" | count by (dag_id)";
    let Expr::Count(count) = parse(query).unwrap() else { panic!("not a count") };
    let over = count.over(Duration::from_secs(3600)).to_string();
    assert_eq!(
        over,
        "sum by (dag_id)(count_over_time({a=\"b\"} |= \"ERROR\" | pattern \"dag_id=<dag_id>\" \
         | __error__=\"\" | line_format \"{{.dag_id}}\"[1h]))"
    );
    check("{a=\"b\"} | count", "{a=\"b\"} | count");
    check("{a=\"b\"} | COUNT WITHOUT(x)", "{a=\"b\"} | count without (x)");
    check("{a=\"b\"} | json | count by ()", "{a=\"b\"} | json | count by ()");
    let unexpected = "syntax error: unexpected";
    check(
        "{a=\"b\"} | count by (x) | json",
        &format!("parse error at line 1, col 24: {unexpected} |"),
    );
    check(
        "sum(count_over_time({a=\"b\"} | count by (x) [5m]))",
        &format!("parse error at line 1, col 31: {unexpected} COUNT"),
    );
    check(
        "({a=\"b\"} | count by (x))",
        &format!("parse error at line 1, col 12: {unexpected} COUNT"),
    );
}

#[test]
fn selectors_alone() {
    assert_eq!(parse_selector("{a=\"b\"}").unwrap().to_string(), "{a=\"b\"}");
    assert_eq!(parse_matchers("{}").unwrap().to_string(), "{}");
    assert!(parse_selector("{}").is_err());
    let error = parse_matchers("{a=\"b\"} | json").unwrap_err();
    assert_eq!(error.to_string(), "only label matchers are supported");
}

#[test]
fn limits() {
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    check(&nested(NESTING_MAX), "1");
    check(&nested(NESTING_MAX + 1), "parse error : query is nested too deeply (limit 64)");
    let sums = |count: usize| format!("vector(1){}", " + vector(1)".repeat(count));
    assert!(parse(&sums(OPERATORS_MAX)).is_ok());
    check(&sums(OPERATORS_MAX + 1), "parse error : query has too many operators (limit 256)");
    let either = format!("{{a=\"b\"}} | a=1{}", " or a=1".repeat(OPERATORS_MAX));
    let tree = parse(&either).unwrap();
    assert_eq!(parse(&tree.to_string()), Ok(tree));
}

#[test]
fn numbers_that_go_refuses() {
    let error = "unable to parse float: strconv.ParseFloat: parsing \"0x1F\": invalid syntax";
    check("0x1F", &format!("parse error : {error}"));
}

#[track_caller]
fn check_hint(query: &str, expect: &str) {
    let error = parse(query).unwrap_err();
    let hint = error.hint.clone().unwrap_or_default();
    assert!(hint.contains(expect), "{query}: {error}\n{hint:?}");
    assert!(!error.to_string().contains(expect), "a hint in the text of Loki");
}

#[test]
fn hints() {
    check_hint("{a='foo'}", "double quotes");
    check_hint("{a=foo}", "put it in quotes: \"foo\"");
    check_hint("{a==\"foo\"}", "single =");
    check_hint("{żółw=\"foo\"}", "letters a-z");
    check_hint("{a=\"b\"} |=", "|= \"text\"");
    check_hint("{a=\"b\"} |= error", "put it in quotes: \"error\"");
    check_hint("{a=\"b\"} \"error\"", "|= \"text\"");
    check_hint("{a=\"b\"} json", "| json");
    check_hint("{a=\"b\"} | jsn", "did you mean | json");
    check_hint("{a=\"b\"} | level", "| level=\"value\"");
    check_hint("{a=\"b\"} | level = error", "level=\"error\"");
    check_hint("{a=\"b\"} | level == \"error\"", "single =");
    check_hint("{a=\"b\"} | size > 1mb", "KB, MB, GB");
    check_hint("{a=\"b\"} | unwrap x", "sum_over_time(");
    check_hint("{a=\"b\"} | rate(x)", "rate({");
    check_hint("{a=\"b\"} |~ \"\\d\"", "backquotes");
    check_hint("{a=\"b\"} | pattern 'x'", "double quotes");
    check_hint("{a=\"b\"} | regexp \"x\"", "(?P<name>");
    check_hint("{a=\"b\"}[5m]", "rate({");
    check_hint("sum(rate({a=\"b\"}[5m]))[1h:5m]", "such as [5m]");
    check_hint("sum(rate({a=\"b\"}[5m]))[1h]", "no subqueries");
    check_hint("rate({a=\"b\"})", "such as [5m]");
    check_hint("rate({a=\"b\"}[5 m])", "such as [5m]");
    check_hint("rate({a=\"b\"}[5m] offset 5)", "offset 1h");
    check_hint("rate(sum(x))", "{namespace=");
    check_hint("rates({a=\"b\"}[5m])", "did you mean rate?");
    check_hint("histogram_quantile(0.9, x)", "there is no function histogram_quantile");
    check_hint("error", "starts with a selector");
    check_hint("sum by x (rate({a=\"b\"}[5m]))", "sum by (label)");
    check_hint("sum({a=\"b\"})", "count_over_time");
    check_hint("sum_over_time({a=\"b\"}[5m])", "| unwrap label");
    check_hint("count_over_time({a=\"b\"} | unwrap x [5m])", "leave out the unwrap");
    check_hint("rate({a=\"b\"}[5m]) by (x)", "sum by (…) (rate(…))");
    check_hint("topk(rate({a=\"b\"}[5m]))", "topk(10, …)");
    check_hint("{a=\"b\"} > 5", "count_over_time");
    check_hint("1 or vector(1)", "vector(1)");
    check_hint("{}", "namespace=\"airflow\"");
    check_hint("sum(rate({a=\"b\"} | count by (x) [5m]))", "last stage");
}
