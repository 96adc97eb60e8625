//! Texts in Alloy's language, and what is read of them.

use std::sync::Arc;

use alloy::{Diagnostics, NoEnvironment, Scope, Sources, parse};

use super::*;

/// The stages of a text, and what is told about it, as line:column: message.
fn read<T>(text: &str, read: impl FnOnce(&mut Arguments<'_, '_>) -> T) -> (T, String) {
    let mut sources = Sources::new();
    let file = sources.add("x", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    let scope = Scope::new(Arc::new(NoEnvironment));
    let mut args = Arguments::of_body(&file.body, &scope, &mut problems);
    let found = read(&mut args);
    let _ = args.finish();
    let told = sources.render_all(&problems, false);
    let starts_as_place = |line: &&str| line.starts_with("x:") || line.trim().starts_with("hint");
    let told: Vec<&str> = told.lines().filter(starts_as_place).map(str::trim).collect();
    (found, told.join("\n"))
}

#[track_caller]
fn check(text: &str, expect: &str) {
    let (stages, told) = read(text, stages);
    let shown = if told.is_empty() { format!("{stages:?}") } else { told };
    assert_eq!(shown, expect, "for {text}");
}

/// Each stage with what it needs at least.
const LEAST: [&str; 30] = [
    "airflow {}",
    "cri {}",
    "decolorize {}",
    "docker {}",
    "drop {\n source = \"a\"\n}",
    "json {\n expressions = { a = \"\" }\n}",
    "label_drop {}",
    "label_keep {}",
    "labels {\n values = { a = null }\n}",
    "limit {\n rate = 5\n burst = 10\n}",
    "logfmt {\n mapping = { a = \"\" }\n}",
    "luhn {}",
    "match {\n selector = `{a=\"b\"}`\n stage.cri {}\n}",
    "metrics {}",
    "multiline {\n firstline = \"^a\"\n}",
    "output {\n source = \"a\"\n}",
    "pack {\n labels = [\"a\"]\n}",
    "pattern {\n pattern = \"<a>\"\n}",
    "regex {\n expression = \"(?P<a>x)\"\n}",
    "replace {\n expression = \"(x)\"\n}",
    "sampling {\n rate = 0.5\n}",
    "split_json {}",
    "static_labels {\n values = { a = \"b\" }\n}",
    "structured_metadata {}",
    "structured_metadata_drop {\n values = [\"a\"]\n}",
    "template {\n source = \"a\"\n template = \"b\"\n}",
    "tenant {\n value = \"a\"\n}",
    "timestamp {\n source = \"a\"\n format = \"Unix\"\n}",
    "traceback {}",
    "truncate {\n rule {\n limit = \"1KiB\"\n }\n}",
];

#[test]
fn what_every_stage_needs_at_least() {
    for (name, text) in NAMES.into_iter().zip(LEAST) {
        let (stages, told) = read(&format!("stage.{text}"), stages);
        assert_eq!(told, "", "{text}");
        let names: Vec<_> = stages.iter().map(StageConfig::name).collect();
        assert_eq!(names, [name]);
        let (_, told) = read(&format!("stage.{name} {{\n nonsense = 1\n}}"), super::stages);
        assert!(told.contains("\"nonsense\" is no argument of \"stage."), "{name}: {told}");
    }
}

#[test]
fn values_are_read() {
    check(
        "stage.multiline {
            firstline     = \"^x\"
            max_wait_time = \"1m30s\"
            max_lines     = 7
            trim_newlines = false
        }",
        "[Multiline(Config { firstline: \"^x\", max_wait_time: 90s, max_lines: 7, trim_newlines: \
         false })]",
    );
    let longer_than = |size: &str| {
        let (stages, told) = read(&format!("stage.drop {{\n longer_than = {size}\n}}"), stages);
        match stages.as_slice() {
            [StageConfig::Drop(config)] => (config.longer_than, told),
            _ => (None, told),
        }
    };
    for (size, bytes) in [("\"8KB\"", 8192), ("\"1.5MiB\"", 1_572_864), ("\"12B\"", 12), ("5", 5)] {
        assert_eq!(longer_than(size), (Some(bytes), String::new()));
    }
    check(
        "stage.metrics {
            metric.counter {
                name   = \"n\"
                action = \"inc\"
            }
        }",
        "[Metrics(Config { metrics: [Metric { kind: Counter { action: Inc, match_all: false, \
         count_entry_bytes: false }, name: \"n\", description: \"\", source: \"\", prefix: \
         \"loki_process_custom_\", value: \"\", max_idle_duration: 300s }] })]",
    );
}

#[test]
fn the_block_of_the_recipe_works() {
    let text = r#"
        stage.match {
            selector = "{namespace=\"airflow\"}"
            stage.regex {
                expression = "\\[(?P<timestamp>[^\\]]+)\\] \\{(?P<source>[^}]+)\\}"
            }
            stage.regex { expression = "dag_id=(?P<dag_id>[\\w-]+)" }
            stage.regex { expression = "task_id=(?P<task_id>[\\w-]+)" }
            stage.regex { expression = "execution_date=(?P<execution_date>[\\w:+-]+)" }
            stage.labels {
                values = { dag_id = "", task_id = "", execution_date = "", }
            }
        }"#;
    let (stages, told) = read(text, stages);
    assert_eq!(told, "");
    crate::testing::check(
        &stages,
        "{namespace=\"airflow\"}",
        "[t] {a.py:1} INFO - dag_id=d, task_id=t-1, execution_date=2026-01-01T00:00:00",
        "{dag_id=\"d\", execution_date=\"2026-01-01T00:00:00\", namespace=\"airflow\", \
         task_id=\"t-1\"} [t] {a.py:1} INFO - dag_id=d, task_id=t-1, \
         execution_date=2026-01-01T00:00:00 <source=a.py:1, timestamp=t>",
    );
}

#[test]
fn stages_that_are_not_here() {
    check("stage.lables {}", "x:1:1: there is no stage.lables\nhint: did you mean stage.labels?");
    check("stage.kafka {}", "x:1:1: there is no stage.kafka");
    check(
        "stage.geoip {\n db = \"x\"\n}",
        "x:1:1: stage.geoip is not supported: it needs a database of MaxMind's, which the agent does not carry",
    );
    check(
        "stage.eventlogmessage {}",
        "x:1:1: stage.eventlogmessage is not supported: it reads the event log of Windows, where the agent does not run",
    );
    check(
        "stage.windowsevent {}",
        "x:1:1: stage.windowsevent is not supported: it reads the event log of Windows, where the agent does not run",
    );
    let deep = (0..20).fold("stage.cri {}".to_owned(), |inner, _| {
        format!("stage.match {{\n selector = \"{{}}\"\n {inner}\n}}")
    });
    check(&deep, "x:33:2: stages may stand at most 16 deep in one another");
}

#[test]
fn mistakes_are_told_where_they_are() {
    check(
        "stage.regex {\n expresion = \"x\"\n source = true\n}",
        "x:1:1: the argument \"expression\" of \"stage.regex\" is missing\nx:2:2: \"expresion\" is no argument of \"stage.regex\"\nhint: did you mean \"expression\"?\nx:3:11: \"source\": expected string, found bool true",
    );
    check(
        "stage.regex {\n expression = \"(\"\n}",
        "x:2:15: \"expression\": error parsing regexp: missing closing ): `(`",
    );
    check(
        "stage.match {\n selector = \"{}\"\n stage.regex {\n expression = \"(\"\n }\n}",
        "x:4:15: \"expression\": error parsing regexp: missing closing ): `(`",
    );
    check(
        "stage.match {\n selector = \"{}\"\n action = \"kepe\"\n stage.cri {}\n}",
        "x:3:11: \"action\" must be one of \"keep\", \"drop\", not \"kepe\"\nhint: did you mean \"keep\"?",
    );
    check(
        "stage.drop {\n older_than = \"1 day\"\n longer_than = \"8XB\"\n}",
        "x:2:15: \"older_than\": \"1 day\" is no duration, write one like \"1h30m\" or \"250ms\"\nx:3:16: \"longer_than\": \"8XB\" is no size, write one like \"8KB\" or \"1MiB\"",
    );
    check(
        "stage.cri {\n max_partial_lines = 0\n}",
        "x:2:22: \"max_partial_lines\": must be greater than 0",
    );
    check("stage.cri {\n rule {}\n}", "x:2:2: \"rule\" is no block of \"stage.cri\"");
    check("stage.tenant {}", "x:1:1: stage.tenant needs one of label, source and value");
    check(
        "stage.truncate {\n rule {\n limit = 0\n }\n}",
        "x:3:10: \"limit\": must be greater than 0",
    );
    check(
        "stage.metrics {\n metric.meter {}\n}",
        "x:2:2: there is no metric.meter\nhint: there are metric.counter, metric.gauge and metric.histogram",
    );
    check(
        "stage.metrics {\n metric.gauge {\n name = \"n\"\n action = \"up\"\n }\n}",
        "x:4:11: \"action\": must be one of \"inc\", \"dec\", \"set\", \"add\", \"sub\", not \"up\"",
    );
}

#[test]
fn rules_of_relabelling() {
    let good = "rule {\n source_labels = [\"a\", \"b\"]\n target_label = \"c\"\n}";
    let (found, told) = read(good, rules);
    assert_eq!((found[0].source_labels.len(), &*found[0].separator, &*told), (2, ";", ""));
    let told = |text: &str| read(text, rules).1;
    assert_eq!(
        told("rule {\n action = \"hashmod\"\n target_label = \"c\"\n}"),
        "x:1:1: \"modulus\": is needed for hashmod"
    );
    assert_eq!(
        told("rule {\n action = \"kep\"\n regex = \"x\"\n}"),
        "x:2:11: \"action\" must be one of \"replace\", \"keep\", \"drop\", \"keepequal\", \"dropequal\", \"hashmod\", \"labelmap\", \"labeldrop\", \"labelkeep\", \"lowercase\", \"uppercase\", not \"kep\"\nhint: did you mean \"keep\"?"
    );
    assert_eq!(
        told("rule {\n target_label = \"a-b\"\n}"),
        "x:2:17: \"target_label\": \"a-b\" is no name of a label"
    );
    assert_eq!(
        told("rule {\n regex = \"(\"\n target_label = \"a\"\n}"),
        "x:2:10: \"regex\": error parsing regexp: missing closing ): `(`"
    );
}
