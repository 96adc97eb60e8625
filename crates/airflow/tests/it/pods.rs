//! Every pod of an extract of real deployments (2.10.5, 3.0.6, 3.3.2) and the try that it ran.
//!
//! One line of `pods.jsonl` is one pod: what Airflow wrote on it, and, from where its output was
//! caught, the try that it ran.

use std::collections::BTreeMap;

use barogram_airflow::pod::{AttributedBy, Container, attribute, safe_label};
use barogram_airflow::{Pod, TaskTry};
use serde::Deserialize;

#[derive(Deserialize)]
struct Sample {
    deployment: String,
    name: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    container: String,
    words: Vec<String>,
    task: Option<String>,
}

fn samples() -> Vec<(String, Pod, Option<TaskTry>)> {
    let sample = |line: &str| {
        let sample: Sample = serde_json::from_str(line).expect("a line of pods.jsonl");
        let pod = Pod {
            labels: sample.labels,
            annotations: sample.annotations,
            containers: vec![Container { name: sample.container, words: sample.words }],
            ..Pod::new("airflow", &*sample.name)
        };
        let task = sample.task.map(|task| TaskTry::parse(&task).expect("a try"));
        (format!("{} of {}", sample.name, sample.deployment), pod, task)
    };
    include_str!("pods.jsonl").lines().map(sample).collect()
}

/// The try that each pod is found to run, from the sources that are left to it.
#[track_caller]
fn check(hide: impl Fn(&mut Pod), by: AttributedBy) {
    let mut attributed = 0;
    for (name, mut pod, task) in samples() {
        hide(&mut pod);
        let found = attribute(&pod);
        assert_eq!(found.as_ref().and_then(|found| found.task.task_try()), task, "for {name}");
        assert!(found.as_ref().is_none_or(|found| found.by == by), "for {name}");
        attributed += usize::from(found.is_some());
    }
    assert!(attributed > 150, "only {attributed} pods were attributed");
}

#[test]
fn every_pod_runs_what_its_annotations_say() {
    check(|_| {}, AttributedBy::PodAnnotations);
}

#[test]
fn the_command_line_says_the_same() {
    check(|pod| pod.annotations.clear(), AttributedBy::PodArgs);
}

#[test]
fn labels_alone_say_less_and_nothing_wrong() {
    let mut attributed = 0;
    for (name, mut pod, task) in samples() {
        pod.annotations.clear();
        pod.containers.clear();
        let found = attribute(&pod);
        let Some(task) = task else {
            assert_eq!(found, None, "for {name}");
            continue;
        };
        // Where all three ids were changed, nothing is left to attribute by.
        let Some(found) = found.map(|found| found.task) else { continue };
        attributed += 1;
        let same = |known: Option<String>, truth: &str| known.is_none_or(|known| known == truth);
        assert!(same(found.dag_id, &task.dag_id), "for {name}");
        assert!(same(found.task_id, &task.task_id), "for {name}");
        assert!(same(found.run_id, &task.run_id), "for {name}");
        assert_eq!(found.map_index, Some(task.map_index), "for {name}");
        assert_eq!(found.try_number, Some(task.try_number), "for {name}");
    }
    assert!(attributed > 150, "only {attributed} pods were attributed");
}

#[test]
fn labels_are_made_as_airflow_makes_them() {
    for (name, pod, task) in samples() {
        let Some(task) = task else { continue };
        for (label, value) in
            [("dag_id", &task.dag_id), ("task_id", &task.task_id), ("run_id", &task.run_id)]
        {
            assert_eq!(pod.labels.get(label), Some(&safe_label(value)), "{label} of {name}");
        }
    }
}
