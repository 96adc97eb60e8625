//! Levels of entries, and those that Loki 3.7 found in real lines.

use super::*;

#[track_caller]
fn check(labels: &str, metadata: &str, line: &str, expect: &str) {
    let (labels, metadata) = (Labels::parse(labels).unwrap(), Labels::parse(metadata).unwrap());
    let level = LevelDetector::default().detect(&labels, &metadata, line);
    assert_eq!(level, expect, "for {labels} {metadata} {line:?}");
}

#[test]
fn what_is_certain_comes_first() {
    check(r#"{level="debug"}"#, r#"{detected_level="WRN"}"#, "ERROR", "warn");
    check(r#"{level="debug"}"#, r#"{level="info"}"#, "ERROR", "debug");
    check("{}", r#"{severity_text="Information"}"#, "ERROR", "info");
    check("{}", r#"{log_level="trc"}"#, "ERROR", "trace");
    check("{}", r#"{severity_number="17"}"#, "info", "error");
    check(r#"{level="notice"}"#, "{}", "ERROR", "unknown");
}

#[test]
fn fields_of_the_line_come_before_its_words() {
    check("{}", "{}", r#" {"msg":"error","level":"warning"} "#, "warn");
    check("{}", "{}", r#"{"a":{"lvl":"ERR"},"msg":"info"}"#, "error");
    check("{}", "{}", r#"{"a":{"b":{"level":"error"}},"msg":"x"}"#, "error");
    check("{}", "{}", r#"{"level":30,"msg":"all fine"}"#, "unknown");
    check("{}", "{}", r#"msg="an error" level=info"#, "info");
    check("{}", "{}", r#"msg="a \" level=error " bare lvl="WARN""#, "warn");
    check("{}", "{}", "a= level=notice fatal", "fatal");
}

#[test]
fn the_first_whole_word_tells() {
    check("{}", "{}", "[2025-06-11T05:37:25.123+0000] {x.py:1} ERROR - gone", "error");
    check("{}", "{}", "{x.py:1} INFO - retrying after error", "info");
    check("{}", "{}", "[warning] x", "warn");
    check("{}", "{}", "informed of errors:warn", "unknown");
    check("{}", "{}", "Err: no", "error");
    check("{}", "{}", "—fatal!", "fatal");
    check("{}", "{}", "żółw error.", "unknown");
    check("{}", "{}", "", "unknown");
}

/// An entry of the conformance data set with the level that Loki found.
#[derive(serde::Deserialize)]
struct Recorded {
    labels: std::collections::BTreeMap<String, String>,
    metadata: std::collections::BTreeMap<String, String>,
    line: String,
    level: String,
}

#[test]
fn levels_are_those_that_loki_found() {
    let recorded = include_str!("../../tests/data/detected_level.jsonl");
    for line in recorded.lines() {
        let entry: Recorded = serde_json::from_str(line).unwrap();
        let (labels, metadata) = (Labels::new(entry.labels), Labels::new(entry.metadata));
        let level = LevelDetector::default().detect(&labels, &metadata, &entry.line);
        assert_eq!(level, entry.level, "for {labels} {metadata} {:?}", entry.line);
    }
}
