//! Stages together: the recipe's block, a tap, what origins become, and ticks.

use std::sync::{Arc, Mutex};

use model::Labels;

use super::*;
use crate::entry::{Origin, Origins};
use crate::testing::{NOW, check_lines};
use crate::{cri, labels, r#match, multiline, regex, split_json};

fn regex(expression: &str) -> StageConfig {
    let expression = expression.to_owned();
    StageConfig::Regex(regex::Config { expression, ..regex::Config::default() })
}

fn to_labels(names: &[&str]) -> StageConfig {
    let values = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    StageConfig::Labels(labels::Config { values, ..labels::Config::default() })
}

fn multiline(firstline: &str) -> StageConfig {
    let firstline = firstline.to_owned();
    StageConfig::Multiline(multiline::Config { firstline, ..multiline::Config::default() })
}

/// The block that recipes for Airflow recommend.
pub(crate) fn recipe() -> StageConfig {
    StageConfig::Match(r#match::Config {
        selector: r#"{namespace="airflow"}"#.into(),
        stages: vec![
            regex(r"\[(?P<timestamp>[^\]]+)\] \{(?P<source>[^}]+)\}"),
            regex(r"dag_id=(?P<dag_id>[\w-]+)"),
            regex(r"task_id=(?P<task_id>[\w-]+)"),
            regex(r"execution_date=(?P<execution_date>[\w:+-]+)"),
            to_labels(&["dag_id", "task_id", "execution_date"]),
        ],
        ..r#match::Config::default()
    })
}

#[test]
fn the_recipe_gives_all_three_labels() {
    let line = "[2024-01-01T00:00:00.000+0000] {taskinstance.py:1157} INFO - Marking task as \
                SUCCESS. dag_id=etl-daily, task_id=load, execution_date=20240101T000000";
    let expect = format!(
        "{{dag_id=\"etl-daily\", execution_date=\"20240101T000000\", namespace=\"airflow\", \
         task_id=\"load\"}} {line} <source=taskinstance.py:1157, \
         timestamp=2024-01-01T00:00:00.000+0000>",
    );
    check_lines(&[recipe()], r#"{namespace="airflow"}"#, &[line], &expect);
    let other = r#"{namespace="other"}"#;
    check_lines(&[recipe()], other, &[line], &format!("{other} {line}"));
    // A line without them keeps the labels that it has.
    check_lines(&[recipe()], r#"{namespace="airflow"}"#, &["x"], r#"{namespace="airflow"} x"#);
}

#[derive(Debug)]
struct Line;

impl Origin for Line {}

#[test]
fn origins_follow_their_lines() {
    let split = StageConfig::SplitJson(split_json::Config::default());
    let stages = [StageConfig::Cri(cri::Config::default()), multiline(r"^\["), split];
    let mut pipeline = Pipeline::new(&stages, 0).unwrap();
    let origins: Vec<Arc<dyn Origin>> = (0..4).map(|_| Arc::new(Line) as Arc<dyn Origin>).collect();
    let lines = ["t stdout P [1", "t stdout F ,", "t stdout F 2]", "t stdout F [\"x\""];
    let mut out = Vec::new();
    for (line, origin) in lines.iter().zip(&origins) {
        let mut entry = Entry::new(Labels::default(), Timestamp(0), *line);
        entry.origins = Origins::one(Arc::clone(origin));
        pipeline.process(entry, NOW, &mut out);
    }
    let shown: Vec<_> =
        out.iter().map(|entry| (&*entry.line, entry.origins.iter().count())).collect();
    assert_eq!(shown, [("1", 3), ("2", 3)]);
    assert_eq!(Arc::strong_count(&origins[0]), 3, "both elements hold it");
    drop(out);
    // The last line is still held by the stage that joins.
    let held = |origin: &Arc<dyn Origin>| Arc::strong_count(origin) - 1;
    assert_eq!(origins.iter().map(held).collect::<Vec<_>>(), [0, 0, 0, 1]);
}

#[test]
fn what_waits_is_let_out_in_time() {
    let mut pipeline = Pipeline::new(&[multiline("^first"), to_labels(&["app"])], 0).unwrap();
    let mut out = Vec::new();
    let labels = Labels::new([("app", "a")]);
    pipeline.process(Entry::new(labels, Timestamp(0), "first"), NOW, &mut out);
    let deadline = NOW + Duration::from_secs(3);
    assert_eq!(pipeline.next_deadline(), Some(deadline));
    pipeline.tick(deadline - Duration::from_nanos(1), &mut out);
    assert!(out.is_empty());
    pipeline.tick(deadline, &mut out);
    assert_eq!((out.len(), pipeline.next_deadline()), (1, None));
}

#[test]
fn a_tap_sees_everything() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let mut pipeline =
        Pipeline::new(&[StageConfig::Decolorize, multiline("^a"), StageConfig::Decolorize], 0)
            .unwrap();
    pipeline.set_tap(Some(Tap::new(move |tapped| {
        let after = match &tapped.after {
            After::Kept(entry) => entry.line.clone(),
            After::Dropped => "dropped".to_owned(),
            After::Held => "held".to_owned(),
            After::Many(entries) => format!("{} entries", entries.len()),
        };
        let before = &tapped.before.line;
        sees.lock().unwrap().push(format!("{} {}: {before} > {after}", tapped.index, tapped.name));
    })));
    let mut out = Vec::new();
    for line in ["x", "\x1b[0ma", "ab"] {
        pipeline.process(Entry::new(Labels::default(), Timestamp(0), line), NOW, &mut out);
    }
    pipeline.set_tap(None);
    pipeline.flush(NOW, &mut out);
    let expect = [
        "0 decolorize: x > x",
        "1 multiline: x > x",
        "2 decolorize: x > x",
        "0 decolorize: \x1b[0ma > a",
        "1 multiline: a > held",
        "0 decolorize: ab > ab",
        "1 multiline: ab > a",
        "2 decolorize: a > a",
    ];
    assert_eq!(*seen.lock().unwrap(), expect);
}

#[test]
fn labels_that_nothing_changes_are_shared() {
    let stages = [StageConfig::Cri(cri::Config::default()), to_labels(&["stream"])];
    let mut pipeline = Pipeline::new(&stages, 0).unwrap();
    let (mut out, labels) = (Vec::new(), Labels::new([("app", "a")]));
    for _ in 0..2 {
        let entry = Entry::new(labels.clone(), Timestamp(0), "t stdout F x");
        pipeline.process(entry, NOW, &mut out);
    }
    assert!(out[0].labels.is_shared_with(&out[1].labels));
}
