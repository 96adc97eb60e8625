//! Blocks in, settings or mistakes out.

use super::*;
use crate::config::{NAMES, StageConfig};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn map(pairs: &[(&str, &str)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
}

/// A block whose parts stand at 0, 10, 20, … of the file.
fn block(name: &str, attributes: &[(&str, Value)], blocks: Vec<Block>) -> Block {
    let attribute = |(at, (name, value)): (usize, &(&str, Value))| Attribute {
        name: (*name).to_owned(),
        span: (at + 1) * 10..(at + 1) * 10 + 5,
        value: value.clone(),
    };
    let attributes = attributes.iter().enumerate().map(attribute).collect();
    Block { name: name.to_owned(), span: 0..5, attributes, blocks }
}

#[track_caller]
fn check(block: Block, expect: &str) {
    let shown = match stages(&[block]) {
        Ok(stages) => format!("{stages:?}"),
        Err(mistakes) => {
            let shown = mistakes.iter().map(|m| format!("{}: {}", m.span.start, m.message));
            shown.collect::<Vec<_>>().join("\n")
        }
    };
    assert_eq!(shown, expect);
}

#[test]
fn what_every_stage_needs_at_least() {
    let list = Value::List(vec![text("a")]);
    let inner = || vec![block("stage.cri", &[], vec![])];
    for name in NAMES {
        let (attributes, blocks): (Vec<(&str, Value)>, _) = match name {
            "drop" | "output" | "tenant" => (vec![("source", text("a"))], vec![]),
            "json" => (vec![("expressions", map(&[("a", "")]))], vec![]),
            "labels" | "static_labels" => (vec![("values", map(&[("a", "x")]))], vec![]),
            "limit" => (vec![("rate", Value::Number(5.0)), ("burst", text("10"))], vec![]),
            "logfmt" => (vec![("mapping", map(&[("a", "")]))], vec![]),
            "match" => (vec![("selector", text("{a=\"b\"}"))], inner()),
            "multiline" => (vec![("firstline", text("^a"))], vec![]),
            "pack" => (vec![("labels", list.clone())], vec![]),
            "pattern" => (vec![("pattern", text("<a>"))], vec![]),
            "regex" | "replace" => (vec![("expression", text("(?P<a>x)"))], vec![]),
            "sampling" => (vec![("rate", Value::Number(0.5))], vec![]),
            "structured_metadata_drop" => (vec![("values", list.clone())], vec![]),
            "template" => (vec![("source", text("a")), ("template", text("b"))], vec![]),
            "timestamp" => (vec![("source", text("a")), ("format", text("Unix"))], vec![]),
            "truncate" => (vec![], vec![block("rule", &[("limit", text("1KiB"))], vec![])]),
            _ => (vec![], vec![]),
        };
        let blocks = [block(&format!("stage.{name}"), &attributes, blocks)];
        let names = stages(&blocks).map(|stages| stages.iter().map(StageConfig::name).collect());
        assert_eq!(names, Ok(vec![name]), "{name}");
        // Without what it needs, and with what it does not know, it is a mistake.
        let wrong = [block(&format!("stage.{name}"), &[("nonsense", Value::Null)], vec![])];
        assert!(stages(&wrong).is_err(), "{name}");
    }
}

#[test]
fn values_are_converted() {
    check(
        block(
            "stage.multiline",
            &[
                ("firstline", text("^x")),
                ("max_wait_time", text("1m30s")),
                ("max_lines", Value::Number(7.0)),
                ("trim_newlines", Value::Bool(false)),
            ],
            vec![],
        ),
        "[Multiline(Config { firstline: \"^x\", max_wait_time: 90s, max_lines: 7, trim_newlines: \
         false })]",
    );
    let drop = |longer_than| {
        let StageConfig::Drop(config) =
            stages(&[block("stage.drop", &[("longer_than", longer_than)], vec![])])
                .unwrap()
                .remove(0)
        else {
            panic!("not a drop stage")
        };
        config.longer_than
    };
    assert_eq!(drop(text("8KB")), Some(8192));
    assert_eq!(drop(text("1.5MiB")), Some(1_572_864));
    assert_eq!(drop(text("12B")), Some(12));
    assert_eq!(drop(Value::Number(5.0)), Some(5));
}

#[test]
fn mistakes_are_told_where_they_are() {
    check(
        block("stage.lables", &[], vec![]),
        "0: there is no stage.lables; did you mean stage.labels?",
    );
    check(block("stage.kafka", &[], vec![]), "0: there is no stage.kafka");
    check(
        block("stage.geoip", &[("db", text("x"))], vec![]),
        "0: stage.geoip is not supported: it needs a database of MaxMind's, which the agent does \
         not carry",
    );
    for name in ["eventlogmessage", "windowsevent"] {
        let expect = format!(
            "0: stage.{name} is not supported: it reads the event log of Windows, where the agent \
             does not run"
        );
        check(block(&format!("stage.{name}"), &[], vec![]), &expect);
    }
    check(
        block("stage.regex", &[("expresion", text("x")), ("source", Value::Bool(true))], vec![]),
        "0: stage.regex needs the argument \"expression\"\n\
         10: stage.regex has no argument \"expresion\"; did you mean \"expression\"?\n\
         20: source must be a string, not bool",
    );
    check(
        block("stage.regex", &[("expression", text("("))], vec![]),
        "10: expression: error parsing regexp: missing closing ): `(`",
    );
    check(
        block("stage.match", &[("selector", text("{")), ("action", text("kepe"))], vec![]),
        "20: action must be one of \"keep\", \"drop\", not \"kepe\"",
    );
    check(
        block("stage.drop", &[("older_than", text("1 day")), ("longer_than", text("8XB"))], vec![]),
        "10: older_than must be a duration such as \"5m\", not \"1 day\"\n\
         20: longer_than must be a size such as \"8KB\", not \"8XB\"",
    );
    check(
        block(
            "stage.cri",
            &[("max_partial_lines", Value::Number(1.5))],
            vec![block("x", &[], vec![])],
        ),
        "0: stage.cri has no block \"x\" inside\n\
         10: max_partial_lines must be a whole number from 0, not 1.5",
    );
    check(
        block("stage.tenant", &[("value", text("a")), ("value", text("b"))], vec![]),
        "20: value is given twice; leave one of them out",
    );
    check(
        block("stage.tenant", &[], vec![]),
        "0: stage.tenant needs one of label, source and value",
    );
}

#[test]
fn mistakes_inside_are_told_once() {
    let inner = block("stage.regex", &[("expression", text("("))], vec![]);
    check(
        block("stage.match", &[("selector", text("{}"))], vec![inner]),
        "10: expression: error parsing regexp: missing closing ): `(`",
    );
    let metric = block("metric.meter", &[], vec![]);
    check(
        block("stage.metrics", &[], vec![metric]),
        "0: there is no metric.meter: there are metric.counter, metric.gauge and metric.histogram",
    );
    let rule = block("rule", &[("limit", Value::Number(0.0))], vec![]);
    check(block("stage.truncate", &[], vec![rule]), "10: limit: must be greater than 0");
    let deep = (0..20).fold(block("stage.cri", &[], vec![]), |inner, _| {
        block("stage.match", &[("selector", text("{}"))], vec![inner])
    });
    assert!(stages(&[deep]).unwrap_err()[0].message.contains("at most 16 deep"));
}

#[test]
fn rules_of_relabelling() {
    let names = Value::List(vec![text("a"), text("b")]);
    let good = block("rule", &[("source_labels", names), ("target_label", text("c"))], vec![]);
    let other = block("stage.cri", &[], vec![]);
    let read = rules(&[good, other]).unwrap();
    assert_eq!((read.len(), read[0].source_labels.len(), &read[0].separator[..]), (1, 2, ";"));
    let hash = [("action", text("hashmod")), ("target_label", text("c"))];
    let bad = [block("rule", &hash, vec![]), block("rule", &[("action", text("kep"))], vec![])];
    let mistakes = rules(&bad).unwrap_err();
    let shown: Vec<String> = mistakes.iter().map(|mistake| mistake.message.clone()).collect();
    assert_eq!(shown[0], "rule: modulus: is needed for hashmod");
    assert!(shown[1].starts_with("action must be one of \"replace\", \"keep\""), "{shown:?}");
}
