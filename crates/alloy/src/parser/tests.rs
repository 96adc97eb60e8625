//! Texts and their trees, or what is told of them.

use super::parse;
use crate::ast::tree;
use crate::diag::Diagnostics;
use crate::source::Sources;

#[track_caller]
fn check(text: &str, expect: &str) {
    let mut sources = Sources::new();
    let file = sources.add("c", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    let told: Vec<String> = problems
        .sorted()
        .into_iter()
        .map(|it| format!("{}: {it}", &sources.place(it.span)[2..]))
        .collect();
    let shown = if told.is_empty() { tree(&file.body) } else { told.join("\n") };
    assert_eq!(shown.trim_end(), expect, "{text}");
}

#[test]
fn statements() {
    check("", "");
    check("a = 1", "a = 1");
    check("\u{feff}a = 1\r\n", "a = 1");
    check("a.b.c \"d\" {\n\te = 2\n}\n", "a.b.c \"d\":\n  e = 2");
    check("a { }\nb {}", "a:\nb:");
    check("a { b = 1 }", "a:\n  b = 1");
    check("ż_1 = 1", "ż_1 = 1");
    check("a = 1 // b\n/* c\n d */ e = 2 /* f */", "a = 1\ne = 2");
}

#[test]
fn literals() {
    check(r#"a = "\n\x41\101\u017c\U0001F600\\\"\'""#, r#"a = "\nAAż😀\\\"'""#);
    check("a = `b\\n\nc`", "a = \"b\\\\n\\nc\"");
    check(r#"a = "\xc5\xbc""#, "a = \"ż\"");
    check(
        "a = [1, 1.5, 1e3, .5, 18446744073709551615]",
        "a = (array 1 1.5 1000.0 0.5 18446744073709551615u)",
    );
    check("a = [true, false, null]", "a = (array true false null)");
    check("a = {b = 1, \"c d\" = 2,\n}", "a = (object \"b\"=1 \"c d\"=2)");
    check("a = []\nb = {}", "a = (array)\nb = (object)");
}

#[test]
fn operators_bind_as_in_alloy() {
    check("a = 1 + 2 * 3 - 4", "a = (- (+ 1 (* 2 3)) 4)");
    check("a = 2 ^ 3 ^ 2 * 4", "a = (* (^ 2 (^ 3 2)) 4)");
    check("a = -2 ^ 2", "a = (^ (- 2) 2)");
    check("a = b || c && d == e + f", "a = (|| b (&& c (== d (+ e f))))");
    check("a = !b && !(c != d)", "a = (&& (! b) (! (parentheses (!= c d))))");
    check("a = 1 < 2 == true", "a = (== (< 1 2) true)");
    check("a = b.c[0].d(1, \"e\",\n)", "a = (call (.d ([] (.c b) 0)) 1 \"e\")");
    check("a = 1 +\n2", "a = (+ 1 2)");
    check("a = [\n  b.c,\n  d,\n]", "a = (array (.c b) d)");
}

#[test]
fn single_quotes_are_told() {
    check("a = 'b'", "1:5: a string stands in double quotes, not in single ones (write \"b\")");
    check(
        "a = ['b', 'c\"']",
        "1:6: a string stands in double quotes, not in single ones (write \"b\")\n1:11: a string stands in double quotes, not in single ones (write \"c\\\"\")",
    );
    check(
        "a = 'b\nc = 1",
        "1:5: a string stands in double quotes, not in single ones (write \"b\")",
    );
}

#[test]
fn strings_that_are_none() {
    check(
        "a = \"b\nc = 1",
        "1:5: the string is not closed (end it with a double quote; a string over several lines stands in backquotes)",
    );
    check("a = `b\nc = 1", "1:5: the string in backquotes is not closed (end it with a backquote)");
    check(
        "a = \"\\d+\"",
        "1:6: \"\\d\" is no escape of a string (write a backslash as \\\\, or the string in backquotes, where it is itself)",
    );
    check("a = \"\\xff\"", "1:6: the string's bytes are not UTF-8");
    check(
        "a = 5m",
        "1:5: \"5m\" is no number (durations and sizes are strings, such as \"30s\" or \"1MiB\")",
    );
}

#[test]
fn missing_commas_are_told_all_at_once() {
    check(
        "a = [\n  1\n  2,\n  3\n]\nb = {\n  c = 1\n}",
        "2:4: missing \",\" after an element (in an array of several lines each element ends with a comma, the last one too)\n\
         4:4: missing \",\" after an element (in an array of several lines each element ends with a comma, the last one too)\n\
         7:8: missing \",\" after a field (in an object of several lines each field ends with a comma, the last one too)",
    );
    check("a = [1 \"b\"]", "1:7: missing \",\" between two elements (separate them with a comma)");
    check(
        "a = f(\n1\n)",
        "2:2: missing \",\" after an argument (in a list of arguments of several lines each argument ends with a comma, the last one too)",
    );
    check("a = [1,, 2]", "1:8: expected an element before \",\"");
    check(
        "a = {b: 1}",
        "1:7: \":\" is no part of the language (a key and its value are joined by \"=\")",
    );
}

#[test]
fn what_is_not_closed_is_told_where_it_begins() {
    check("a {\n  b = 1\n", "1:3: the block \"a\" is not closed (end it with \"}\")");
    check("a = [1,\nb = 2\nc {\n}", "1:5: the array is not closed (end it with \"]\")");
    check("a = [\n  [1,\n]\nb.c \"d\" {\n}", "1:5: the array is not closed (end it with \"]\")\n2:6: missing \",\" after an element (in an array of several lines each element ends with a comma, the last one too)".lines().next().unwrap());
    check("a = {\n  b = 1,\n\nc.d \"e\" { }", "1:5: the object is not closed (end it with \"}\")");
    check("}\na = 1", "1:1: \"}\" closes nothing (remove it, or find the \"{\" it lacks)");
    check("a = (1", "1:7: expected \")\", found the end of the line");
    check("/* a", "1:1: the comment is not closed (end it with */)");
}

#[test]
fn statements_that_are_none() {
    check(
        "a = 1, b = 2",
        "1:6: unexpected \",\" after a statement (statements end with their line; commas stand in arrays and objects)",
    );
    check(
        "a = 1 b = 2",
        "1:7: a statement must begin on a line of its own (begin a new line here)",
    );
    check("a.b = 1", "1:1: an attribute's name has no dots: \"a.b\"");
    check("a b {\n}", "1:3: a label stands in double quotes (write \"b\")");
    check(
        "a \"b-c\" {\n}",
        "1:3: the label \"b-c\" is not a name (labels are made of letters, digits and _, and begin with no digit)",
    );
    check(
        "a: 1",
        "1:2: \":\" is no part of the language (a key and its value are joined by \"=\")",
    );
    check(
        "# a\nb = 1",
        "1:1: a comment begins with \"//\", not with \"#\" (write // in its place)",
    );
    check("a =\nb = 1", "2:3: expected the end of the line, found \"=\"");
    check(
        "a = ]\nb = ;",
        "1:5: expected a value, found \"]\"\n2:5: \";\" is no part of the language (statements end with their line)\n2:6: expected a value, found the end of the file",
    );
    check("1 = a\nb = 1", "1:1: expected the name of an attribute or block, found the number 1");
}

#[test]
fn depth_is_bounded() {
    check(
        &format!("a = {}1{}", "[".repeat(200), "]".repeat(200)),
        "1:69: nested more than 64 deep, which is too deep",
    );
    check(&"a {".repeat(200), "1:196: nested more than 64 deep, which is too deep");
    let sum = format!("a = 1{}", " + 1".repeat(500));
    let mut sources = Sources::new();
    let file = sources.add("c", sum);
    let mut problems = Diagnostics::new();
    parse(&sources, file, &mut problems);
    assert!(problems.iter().all(|it| it.message.contains("96 operations deep")), "{problems:?}");
    assert!(problems.has_errors());
}
