//! Every form in which lines are printed.

use insta::assert_snapshot;
use model::Timestamp;

use super::*;

fn style(output: OutputMode) -> Style {
    Style {
        output,
        labels: LabelDisplayArgs::default(),
        zone: TimeZone::UTC,
        times: TimestampFormat::default(),
        colored: false,
        quiet: false,
    }
}

fn stream(labels: &[(&str, &str)], entries: &[(i64, &str)]) -> StreamValues {
    let entry = |(millis, line): &(i64, &str)| StreamEntry {
        timestamp: Timestamp::from_millis(*millis),
        line: (*line).into(),
        categories: None,
    };
    StreamValues {
        stream: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        values: entries.iter().map(entry).collect(),
    }
}

fn streams() -> [StreamValues; 2] {
    [
        stream(&[("app", "airflow"), ("dag_id", "a")], &[(3500, "three\n"), (1000, "one")]),
        stream(&[("app", "airflow"), ("dag_id", "etl")], &[(2000, "  in <module>")]),
    ]
}

/// What is printed, and below `--` what is said beside it.
fn printed(style: Style) -> String {
    let (mut out, mut beside) = (Vec::new(), Vec::new());
    Lines::new(style).print(&mut out, &mut beside, &streams(), Direction::Backward).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("{}--\n{}", text(out), text(beside))
}

#[test]
fn the_default_form_shows_the_labels_that_tell_streams_apart() {
    assert_snapshot!(printed(style(OutputMode::Default)), @r#"
    1970-01-01T00:00:03Z {dag_id="a"}   three
    1970-01-01T00:00:02Z {dag_id="etl"} in <module>
    1970-01-01T00:00:01Z {dag_id="a"}   one
    --
    Common labels: {app="airflow"}
    "#);
}

#[test]
fn raw_lines_are_as_they_came() {
    assert_snapshot!(printed(Style { quiet: true, ..style(OutputMode::Raw) }), @r"
    three

      in <module>
    one
    --
    ");
}

#[test]
fn json_lines_have_sorted_keys_and_exact_times() {
    assert_snapshot!(printed(Style { quiet: true, ..style(OutputMode::Jsonl) }), @r#"
    {"labels":{"dag_id":"a"},"line":"three\n","timestamp":"1970-01-01T00:00:03.5Z"}
    {"labels":{"dag_id":"etl"},"line":"  in \u003cmodule\u003e","timestamp":"1970-01-01T00:00:02Z"}
    {"labels":{"dag_id":"a"},"line":"one","timestamp":"1970-01-01T00:00:01Z"}
    --
    "#);
    let labels = LabelDisplayArgs { no_labels: true, ..LabelDisplayArgs::default() };
    assert_snapshot!(printed(Style { labels, quiet: true, ..style(OutputMode::Jsonl) }), @r#"
    {"line":"three\n","timestamp":"1970-01-01T00:00:03.5Z"}
    {"line":"  in \u003cmodule\u003e","timestamp":"1970-01-01T00:00:02Z"}
    {"line":"one","timestamp":"1970-01-01T00:00:01Z"}
    --
    "#);
}

#[test]
fn labels_can_be_chosen() {
    let none = LabelDisplayArgs::default;
    let with = |labels| printed(Style { labels, ..style(OutputMode::Default) });
    assert_snapshot!(with(LabelDisplayArgs { no_labels: true, ..none() }), @r#"
    1970-01-01T00:00:03Z three
    1970-01-01T00:00:02Z in <module>
    1970-01-01T00:00:01Z one
    --
    Common labels: {app="airflow"}
    "#);
    assert_snapshot!(with(LabelDisplayArgs { include_label: vec!["app".into()], ..none() }), @r#"
    1970-01-01T00:00:03Z {app="airflow"} three
    1970-01-01T00:00:02Z {app="airflow"} in <module>
    1970-01-01T00:00:01Z {app="airflow"} one
    --
    Print only labels key: app
    "#);
    assert_snapshot!(with(LabelDisplayArgs { exclude_label: vec!["dag_id".into()], ..none() }), @r#"
    1970-01-01T00:00:03Z {} three
    1970-01-01T00:00:02Z {} in <module>
    1970-01-01T00:00:01Z {} one
    --
    Common labels: {app="airflow"}
    Ignoring labels key: dag_id
    "#);
    let both = LabelDisplayArgs { include_common_labels: true, labels_length: 36, ..none() };
    assert_snapshot!(with(both), @r#"
    1970-01-01T00:00:03Z {app="airflow", dag_id="a"}          three
    1970-01-01T00:00:02Z {app="airflow", dag_id="etl"}        in <module>
    1970-01-01T00:00:01Z {app="airflow", dag_id="a"}          one
    --
    Common labels: {app="airflow"}
    "#);
}

#[test]
fn colours() {
    let labels = LabelDisplayArgs { colored_output: true, ..LabelDisplayArgs::default() };
    let plain = Style { colored: true, quiet: true, ..style(OutputMode::Default) };
    assert_snapshot!(printed(plain.clone()).replace('\x1b', "␛"), @r#"
    ␛[34m1970-01-01T00:00:03Z␛[0m ␛[31m{dag_id="a"}  ␛[0m three
    ␛[34m1970-01-01T00:00:02Z␛[0m ␛[31m{dag_id="etl"}␛[0m in <module>
    ␛[34m1970-01-01T00:00:01Z␛[0m ␛[31m{dag_id="a"}  ␛[0m one
    --
    "#);
    assert_snapshot!(printed(Style { labels, ..plain }).replace('\x1b', "␛"), @r#"
    ␛[34m1970-01-01T00:00:03Z␛[0m ␛[35m{dag_id="a"}  ␛[0m three
    ␛[34m1970-01-01T00:00:02Z␛[0m ␛[36m{dag_id="etl"}␛[0m in <module>
    ␛[34m1970-01-01T00:00:01Z␛[0m ␛[35m{dag_id="a"}  ␛[0m one
    --
    "#);
}

#[test]
fn common_labels_are_told_once_and_when_they_change() {
    let mut lines = Lines::new(style(OutputMode::Raw));
    let mut beside = Vec::new();
    let one = |app| [stream(&[("app", app)], &[(1, "x")])];
    for app in ["a", "a", "b"] {
        lines.print(&mut Vec::new(), &mut beside, &one(app), Direction::Forward).unwrap();
    }
    lines.print(&mut Vec::new(), &mut beside, &[], Direction::Forward).unwrap();
    let expect = "Common labels: {app=\"a\"}\nCommon labels: {app=\"b\"}\n";
    assert_eq!(String::from_utf8(beside).unwrap(), expect);
}

#[test]
fn live_lines_have_all_labels() {
    let mut out = Vec::new();
    Lines::new(style(OutputMode::Default)).print_live(&mut out, &streams()).unwrap();
    assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    1970-01-01T00:00:01Z {app="airflow", dag_id="a"} one
    1970-01-01T00:00:02Z {app="airflow", dag_id="etl"} in <module>
    1970-01-01T00:00:03Z {app="airflow", dag_id="a"} three
    "#);
}
