//! What the functions answer.

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::eval::eval;
use crate::parser::parse_expression;
use crate::scope::{Environment, Scope};
use crate::secret::Secret;
use crate::source::Sources;
use crate::value::Value;

struct World;

impl Environment for World {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    fn hostname(&self) -> String {
        "node-1".to_owned()
    }

    fn module_path(&self) -> String {
        "/etc/alloy".to_owned()
    }
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let mut sources = Sources::new();
    let file = sources.add("e", text);
    let mut problems = Diagnostics::new();
    let expr = parse_expression(&sources, file, &mut problems);
    assert!(problems.is_empty(), "{}", sources.render_all(&problems, false));
    let mut scope = Scope::new(Arc::new(World));
    scope.set("s.secret", Value::Secret(Secret::new("hush")));
    scope.set("s.unknown", Value::Unknown);
    let shown = match eval(&expr.unwrap(), &scope) {
        Ok(value) => value.to_string(),
        Err(problem) => format!("{}: {problem}", &sources.place(problem.span)[2..]),
    };
    assert_eq!(shown, expect, "{text}");
}

#[test]
fn what_the_machine_says() {
    check(r#"sys.env("HOME") + sys.env("NONE")"#, r#""/root""#);
    check(r#"env("HOME")"#, r#""/root""#);
    check("constants.hostname", r#""node-1""#);
    check(r#"constants.os == "linux" || constants.os != "linux""#, "true");
    check("module_path", r#""/etc/alloy""#);
    check("constants.host", "1:11: \"constants\" has no member \"host\"");
    check(
        "constants.hostnam",
        "1:11: \"constants\" has no member \"hostnam\" (did you mean \"hostname\"?)",
    );
    check("sys.evn(\"A\")", "1:5: \"sys\" has no member \"evn\" (did you mean \"env\"?)");
}

#[test]
fn choices_and_secrets() {
    check(r#"coalesce(null, "", [], {}, 0, "a", "b")"#, r#""a""#);
    check(r#"coalesce("", "")"#, r#""""#);
    check("coalesce()", "null");
    check("s.secret", "(secret)");
    check(r#"s.secret + "x""#, "(secret)");
    check("convert.nonsensitive(s.secret)", r#""hush""#);
    check("nonsensitive(\"a\")", r#""a""#);
    check(
        "string.to_upper(s.secret)",
        "1:17: string.to_upper: argument 1 must be string, not secret",
    );
    check("string.to_upper(s.unknown)", "(unknown)");
    check("string.to_upper()", "1:1: string.to_upper: takes 1 argument, not 0");
}

#[test]
fn arrays() {
    check("array.concat([1, 2], [], [true, null])", "[1, 2, true, null]");
    check("concat([[1], [2]], [[3]])", "[[1], [2], [3]]");
    check("concat([1], 2)", "1:13: array.concat: argument 2 must be array, not number");
    check(
        r#"array.combine_maps([{i = "1", t = "A"}, {i = "2"}], [{i = "1", c = "p", t = "B"}], ["i"])"#,
        r#"[{ i = "1", t = "B", c = "p" }]"#,
    );
    check(
        r#"array.combine_maps([{i = "1"}, {i = "2"}, {x = 1}], [{i = "1", c = "p"}, {i = "1", c = "q"}], ["i"], true)"#,
        r#"[{ i = "1", c = "p" }, { i = "1", c = "q" }, { i = "2" }, { x = 1 }]"#,
    );
    check(
        "array.combine_maps([], [], [])",
        "1:28: array.combine_maps: the list of keys must not be empty",
    );
    check(
        r#"array.group_by([{t = "a", n = 1}, {n = 2}, {t = "a", n = 3}], "t", false)"#,
        r#"[{ t = "a", items = [{ t = "a", n = 1 }, { t = "a", n = 3 }] }, { t = "", items = [{ n = 2 }] }]"#,
    );
    check(r#"array.group_by([{n = 2}], "t", true)"#, "[]");
}

#[test]
fn encodings() {
    check(
        r#"encoding.from_json("{\"a\": [1, 1.5, null, true, \"x\"]}")"#,
        r#"{ a = [1, 1.5, null, true, "x"] }"#,
    );
    check(r#"json_decode("15") + 1"#, "16");
    check(
        r#"encoding.from_json("{")"#,
        "1:20: encoding.from_json: not JSON: EOF while parsing an object at line 1 column 1",
    );
    check("encoding.from_yaml(`a: {b: [1, \"x\"]}`)", r#"{ a = { b = [1, "x"] } }"#);
    check("yaml_decode(\"null\")", "null");
    check(
        r#"encoding.to_json({a = [1, 1.5, null], b = "x"})"#,
        r#""{\"a\":[1,1.5,null],\"b\":\"x\"}""#,
    );
    check(
        "encoding.to_json([s.secret])",
        "1:18: encoding.to_json: a secret cannot be written as JSON",
    );
    check(r#"encoding.from_base64("dGFuZ2VyaW5l")"#, r#""tangerine""#);
    check(r#"encoding.to_base64("tangerine")"#, r#""dGFuZ2VyaW5l""#);
    check(r#"encoding.to_URLbase64("?>?>")"#, r#""Pz4_Pg==""#);
    check(r#"encoding.from_URLbase64("Pz4_Pg==")"#, r#""?>?>""#);
    check(
        r#"base64_decode("!")"#,
        "1:15: encoding.from_base64: not base64: Invalid symbol 33, offset 0.",
    );
    check(r#"encoding.url_encode("a b&ż")"#, r#""a+b%26%C5%BC""#);
    check(r#"encoding.url_decode("a+b%26%C5%BC")"#, r#""a b&ż""#);
    check(
        r#"encoding.url_decode("%zz")"#,
        "1:21: encoding.url_decode: \"%\" is not followed by two hexadecimal digits",
    );
}

#[test]
fn strings() {
    check(
        r#"string.format("Hello, %s! %d lights, %5.2f|%-4s|%04d", "Ander", 4, 1.005, "x", -7)"#,
        r#""Hello, Ander! 4 lights,  1.00|x   |-007""#,
    );
    check(r#"format("%[2]s %[1]s %%", "a", "b")"#, r#""b a %""#);
    check(
        r#"format("%v %v %q %x %t %e %g", [1], 2, "a", 255, true, 1234.5, 0.00001)"#,
        r#""[1] 2 \"a\" ff true 1.234500e+03 1e-05""#,
    );
    check(r#"format("%d", "x")"#, "1:14: string.format: \"%d\" cannot show a string");
    check(r#"format("%s")"#, "1:8: string.format: there is no argument for \"%s\"");
    check(r#"format("a", 1)"#, "1:13: string.format: there is no verb for this argument");
    check(r#"format("%z", 1)"#, "1:8: string.format: \"%z\" is no verb");
    check(r#"string.join(["a", 1, "b"], "-")"#, r#""a-1-b""#);
    check(r#"string.replace("1 + 2 + 3", "+", "-")"#, r#""1 - 2 - 3""#);
    check(r#"string.split("a,b,c", ",")"#, r#"["a", "b", "c"]"#);
    check(r#"split("", ",")"#, r#"[""]"#);
    check(r#"split("aż", "")"#, r#"["a", "ż"]"#);
    check(r#"to_lower("HeLLo") + to_upper("o")"#, r#""helloO""#);
    check(r#"string.trim("?!hello?!", "!?")"#, r#""hello""#);
    check(
        r#"trim_prefix("helloworld", "hello") + trim_suffix("helloworld", "world")"#,
        r#""worldhello""#,
    );
    check("string.trim_space(\"  a\\n\\n\")", r#""a""#);
    check(r#"file.path_join("/var", "log/../lib", "./a")"#, r#""/var/lib/a""#);
    check("file.path_join()", r#""""#);
}

#[test]
fn strings_do_not_grow_without_end() {
    let mut text = "\"aaaaaaaaaa\"".to_owned();
    for _ in 0..12 {
        text = format!("string.replace({text}, \"a\", \"aaaaaaaaaa\")");
    }
    let mut sources = Sources::new();
    let file = sources.add("e", text);
    let expr = parse_expression(&sources, file, &mut Diagnostics::new()).unwrap();
    let problem = eval(&expr, &Scope::new(Arc::new(World))).unwrap_err();
    assert_eq!(problem.message, "string.replace: the result would have more than 16777216 bytes");
}

#[test]
fn paths_into_json() {
    check(r#"json_path("{\"key\": \"value\"}", ".key")"#, r#"["value"]"#);
    check(r#"json_path("{\"key\": \"value\"}", ".none")"#, "[]");
    check(
        r#"json_path(`[{"n": "D", "v": "IT"}, {"n": "T", "v": "P"}]`, `[?(@.n == "D")].v`)"#,
        r#"["IT"]"#,
    );
    check(r#"json_path(`{"a": [{"b": 1}, {"b": 2}, {"c": {"b": 3}}]}`, "$.a[*].b")"#, "[1, 2]");
    check(r#"json_path(`{"a": [{"b": 1}, {"b": 2}, {"c": {"b": 3}}]}`, "$..b")"#, "[1, 2, 3]");
    check(r#"json_path(`{"a": [1, 2, 3]}`, "a[-1]")"#, "[3]");
    check(r#"json_path(`{"a": [{"b": 1}, {"b": 5}]}`, "$.a[?(@.b > 2)]")"#, "[{ b = 5 }]");
    check(r#"json_path(`{"a b": 1}`, "$['a b']")"#, "[1]");
    check(
        r#"json_path("{}", "a[x]")"#,
        "1:17: json_path: \"[x]\" is no step of a path that is known here",
    );
    check(
        r#"json_path("{", "a")"#,
        "1:11: json_path: not JSON: EOF while parsing an object at line 1 column 1",
    );
}
