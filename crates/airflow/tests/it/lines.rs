//! The beginnings of logs of real deployments, line by line, against what is known of each line.
//!
//! One line of `lines.jsonl` is one line of a log: the deployment, the component, whether it was
//! on standard error, when, the text, and DAG, run, task, map index and try as far as they are
//! known. `cargo xtask attribution` does the same with whole deployments.

use std::sync::Arc;

use barogram_airflow::Pod;
use barogram_airflow::attribute::{Attributor, Begun, Line, Waiting};
use barogram_airflow::pod::Attribution;
use model::Timestamp;

type Truth = (Option<String>, Option<String>, Option<String>, Option<i64>, Option<u32>);
type Sample = (String, String, bool, i64, String, Truth);

/// What an answer is beside the truth: wrong, all, a part, or nothing of it.
fn compare(truth: &Truth, answer: Option<Arc<Attribution>>) -> &'static str {
    let task = answer.map(|answer| answer.task.clone());
    let Some(task) = task else {
        return if truth.0.is_some() { "missed" } else { "nobody's" };
    };
    let index = task.map_index.map(|index| index.to_string());
    let known =
        [task.dag_id, task.run_id, task.task_id, index, task.try_number.map(|n| n.to_string())];
    let (dag_id, run_id, task_id, map_index, try_number) = truth.clone();
    let truths = [
        dag_id,
        run_id,
        task_id,
        map_index.map(|index| index.to_string()),
        try_number.map(|number| number.to_string()),
    ];
    let against = |(truth, known): (&Option<String>, &Option<String>)| {
        truth.is_some() && known.is_some() && truth != known
    };
    if truths[0].is_none() || truths.iter().zip(&known).any(against) {
        return "wrong";
    }
    let missing =
        |(truth, known): (&Option<String>, &Option<String>)| truth.is_some() && known.is_none();
    if truths.iter().zip(&known).any(missing) { "in part" } else { "right" }
}

/// How many lines of a log have each outcome.
#[track_caller]
fn check(deployment: &str, component: &str, expect: &str) {
    let pod = Pod::new("airflow", "airflow-0")
        .with_labels(&[("tier", "airflow"), ("component", component)]);
    let mut attributor = Attributor::of_pod(&pod, component, Begun::AtItsStart);
    let mut waiting = Waiting::default();
    let mut outcomes = std::collections::BTreeMap::<&str, u32>::new();
    let mut see = |(text, truth): (String, Truth), answer| {
        let outcome = compare(&truth, answer);
        assert_ne!(outcome, "wrong", "for {text}, which is {truth:?}");
        *outcomes.entry(outcome).or_default() += 1;
    };
    for line in include_str!("lines.jsonl").lines() {
        let (from, of, is_stderr, at, text, truth): Sample = serde_json::from_str(line).unwrap();
        if (from.as_str(), of.as_str()) != (deployment, component) {
            continue;
        }
        let at = Timestamp(at);
        let answer = attributor.take(&Line { text: &text, is_stderr, at });
        waiting.push((text, truth), answer, at);
        while let Some((line, answer)) = waiting.pop(&attributor, at) {
            see(line, answer);
        }
    }
    while let Some((line, answer)) = waiting.pop(&attributor, Timestamp::MAX) {
        see(line, answer);
    }
    let shown: Vec<String> =
        outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
    assert_eq!(shown.join(", "), expect, "for the {component} of {deployment}");
}

#[test]
fn celery_workers() {
    check("airflow2/celery-executor", "worker", "142 in part, 6 missed, 52 nobody's");
    check("airflow3/celery-executor", "worker", "5 missed, 31 nobody's, 164 right");
}

#[test]
fn schedulers() {
    check("airflow3/kubernetes-executor", "scheduler", "34 in part, 41 nobody's, 75 right");
    check("airflow3.0/kubernetes-executor", "scheduler", "38 in part, 29 nobody's, 83 right");
}

#[test]
fn local_executors() {
    check("airflow2/local-executor", "scheduler", "49 in part, 34 nobody's, 67 right");
    check("airflow3/local-executor", "scheduler", "10 in part, 2 missed, 45 nobody's, 3 right");
    check(
        "airflow3/local-executor-json",
        "scheduler",
        "35 in part, 95 missed, 43 nobody's, 107 right",
    );
}

#[test]
fn triggerers() {
    check("airflow2/celery-executor", "triggerer", "4 missed, 23 nobody's, 21 right");
}
