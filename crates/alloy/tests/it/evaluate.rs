//! Expressions and their values.

use std::sync::Arc;

use barogram_alloy::{
    Capsule, Diagnostics, NoEnvironment, Scope, Secret, Sources, Value, eval, parse_expression,
    references,
};

fn scope() -> Arc<Scope> {
    let mut outer = Scope::new(Arc::new(NoEnvironment));
    outer.set("discovery.relabel.pods.output", Value::array(vec![Value::string("t")]));
    outer.set("discovery.relabel.later", Value::Unknown);
    outer.set(
        "loki.write.default.receiver",
        Value::Capsule(Capsule::new("loki.LogsReceiver", Arc::new(()))),
    );
    outer.set("file.secret", Value::Secret(Secret::new("hush")));
    outer.set("file.shown", Value::OptionalSecret { text: Secret::new("a"), is_secret: false });
    outer.set("file.hidden", Value::OptionalSecret { text: Secret::new("a"), is_secret: true });
    let mut inner = Scope::within(&Arc::new(outer));
    inner.set("argument.x.value", Value::int(7));
    inner.set("discovery.relabel.inner.output", Value::int(8));
    inner.set("o", Value::object([("k", Value::int(1)), ("a b", Value::int(2))]));
    Arc::new(inner)
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let mut sources = Sources::new();
    let file = sources.add("e", text);
    let mut problems = Diagnostics::new();
    let expr = parse_expression(&sources, file, &mut problems).unwrap();
    let shown = match eval(&expr, &scope()) {
        Ok(value) => value.to_string(),
        Err(problem) => format!("{}: {problem}", &sources.place(problem.span)[2..]),
    };
    assert_eq!(shown, expect, "{text}");
}

#[test]
fn arithmetic() {
    check("1 + 2 * 3 - 4 / 2", "5");
    check("7 / 2", "3");
    check("7.0 / 2", "3.5");
    check("7 % 4 + 7.5 % 2", "4.5");
    check("2 ^ 3 ^ 2", "512");
    check("2 ^ 0.5 > 1.41", "true");
    check("-9223372036854775807 - 1", "-9223372036854775808");
    check("18446744073709551615 - 1", "18446744073709551614");
    check("10 ^ 30", "1:6: \"^\" gives a whole number that is too large");
    check("1 / 0", "1:5: division by zero");
    check("1 % 0.0", "1:5: division by zero");
    check(
        "1 + \"a\"",
        "1:3: \"+\" cannot join number and string (both operands must be of one type)",
    );
    check("1 - \"a\"", "1:5: \"-\" wants number, found string");
}

#[test]
fn comparisons() {
    check("3 == 3.00", "true");
    check("1e+2 == 100", "true");
    check("\"a\" < \"b\" && \"b\" >= \"b\"", "true");
    check("{a = 1, b = [2]} == {b = [2.0], a = 1}", "true");
    check("[1] != [1, 2]", "true");
    check("1 == \"1\"", "false");
    check("null == null", "true");
    check("sys.env == sys.env", "false");
    check("[1] < [2]", "1:1: \"<\" wants a number or string, found array");
    check(
        "1 < \"a\"",
        "1:3: \"<\" cannot join number and string (both operands must be of one type)",
    );
}

#[test]
fn logic_is_short() {
    check("true || nothing", "true");
    check("false && nothing", "false");
    check("false || 1", "1:10: \"||\" wants bool, found number");
    check("1 && true", "1:1: \"&&\" wants bool, found number");
    check("!true || !false", "true");
    check("!1", "1:2: what \"!\" negates must be a bool, not number");
    check("-\"a\"", "1:2: what \"-\" negates must be a number, not string");
}

#[test]
fn strings_and_secrets_are_joined() {
    check("\"a\" + \"b\"", "\"ab\"");
    check("file.secret", "(secret)");
    check("\"a\" + file.secret", "(secret)");
    check("\"b\" + file.shown", "\"ba\"");
    check("\"b\" + file.hidden", "(secret)");
    check("file.shown + file.hidden", "(secret)");
    check("file.secret + file.shown", "(secret)");
    assert!(!format!("{:?}", scope()).contains("hush"));
}

#[test]
fn names() {
    check("argument.x.value + 1", "8");
    check("discovery.relabel.pods.output[0]", "\"t\"");
    check("discovery.relabel.inner.output", "8");
    check("loki.write.default.receiver", "(capsule loki.LogsReceiver)");
    check(
        "discovery.relabel.pod.output",
        "1:19: \"discovery.relabel\" has no member \"pod\" (did you mean \"pods\"?)",
    );
    check(
        "discovery.relabel.pods.outptu",
        "1:24: \"discovery.relabel.pods\" has no member \"outptu\" (did you mean \"output\"?)",
    );
    check("discovry.relabel", "1:1: nothing is called \"discovry\" (did you mean \"discovery\"?)");
    check("o.k", "1");
    check("o[\"a b\"]", "2");
    check("o[\"c\"]", "null");
    check("o.c", "1:3: \"o\" has no member \"c\"");
    check("o.k.l", "1:5: \"l\" is no member of a value of type number");
    check("{a = {b = 1}}.a.b", "1");
    check("[1, 2][2]", "1:8: there is no element 2: the array has 2 (elements are counted from 0)");
    check("[1][\"a\"]", "1:5: an array's index must be a number, not string");
    check("1[0]", "1:1: a value of type number has no elements");
    check("o()", "1:1: a value of type object cannot be called");
}

#[test]
fn what_is_unknown_makes_unknown() {
    check("discovery.relabel.later.output", "(unknown)");
    check("discovery.relabel.later.output[0].a + 1", "(unknown)");
    check("!discovery.relabel.later.x", "(unknown)");
    check("[discovery.relabel.later.x] == [1]", "(unknown)");
    check("[1, discovery.relabel.later]", "[1, (unknown)]");
    check("discovery.relabel.later(1)", "(unknown)");
    check("false && discovery.relabel.later", "false");
}

#[track_caller]
fn refers(text: &str, expect: &str) {
    let mut sources = Sources::new();
    let file = sources.add("e", text);
    let expr = parse_expression(&sources, file, &mut Diagnostics::new()).unwrap();
    let names: Vec<_> = references(&expr).into_iter().map(|it| it.names.join(".")).collect();
    assert_eq!(names.join(" "), expect);
}

#[test]
fn references_are_listed() {
    refers("[a.b.c, {x = d.e[f.g].h}, i(j.k + -l)]", "a.b.c d.e f.g i j.k l");
    refers("1 + 2", "");
}
