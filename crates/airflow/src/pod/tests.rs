//! Pods by hand; those of real deployments are in `tests/it/pods.rs`.

use super::*;

const EXECUTOR: (&str, &str) = ("kubernetes_executor", "True");
const OPERATOR: (&str, &str) = ("kubernetes_pod_operator", "True");

/// What is known, as `dag/run/task/index/try` with `?` for what is not, and who says so.
#[track_caller]
fn check(pod: &Pod, expect: &str) {
    let shown = attribute(pod).map_or_else(String::new, |Attribution { task, by }| {
        let text = |part: Option<String>| part.unwrap_or_else(|| "?".to_owned());
        let parts = [
            text(task.dag_id),
            text(task.run_id),
            text(task.task_id),
            text(task.map_index.map(|index| index.to_string())),
            text(task.try_number.map(|number| number.to_string())),
        ];
        format!("{} by {}", parts.join("/"), by.as_str())
    });
    assert_eq!(shown, expect, "for {pod:?}");
}

fn annotated(notes: &[(&str, &str)]) -> Pod {
    let labels = Pod::new("airflow", "p").with_labels(notes).labels;
    Pod { annotations: labels, ..Pod::new("airflow", "p") }
}

fn running(labels: &[(&str, &str)], words: &[&str]) -> Pod {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let containers = vec![Container { name: "base".to_owned(), words }];
    Pod { containers, ..Pod::new("airflow", "p").with_labels(labels) }
}

#[test]
fn annotations_are_whole_or_nothing() {
    let all = [("dag_id", "d"), ("run_id", "r:1+0"), ("task_id", "t"), ("try_number", "2")];
    check(&annotated(&all), "d/r:1+0/t/-1/2 by pod-annotations");
    check(
        &annotated(&[&all[..], &[("map_index", "0")]].concat()),
        "d/r:1+0/t/0/2 by pod-annotations",
    );
    check(&annotated(&all[1..]), "");
    check(&annotated(&[&all[..], &[("map_index", "x")]].concat()), "");
}

#[test]
fn words_of_airflow_2() {
    let labels = [EXECUTOR, ("try_number", "3")];
    let words = ["airflow", "tasks", "run", "d", "t", "r:1", "--local", "--map-index", "4"];
    check(&running(&labels, &words), "d/r:1/t/4/3 by pod-args");
    check(&running(&labels, &words[..7]), "d/r:1/t/-1/3 by pod-args");
    check(&running(&[EXECUTOR], &words[..6]), "d/r:1/t/-1/? by pod-args");
    check(&running(&labels, &words[..5]), "");
    // A pod that somebody made by hand to run a task is not the executor's.
    check(&running(&[], &words), "");
}

#[test]
fn words_of_airflow_3() {
    let json = concat!(
        r#"{"token":"x","ti":{"id":"1","task_id":"t","dag_id":"d","run_id":"r:1","#,
        r#""try_number":1,"map_index":-1}}"#,
    );
    check(&running(&[EXECUTOR], &["python", "--json-string", json]), "d/r:1/t/-1/1 by pod-args");
    check(&running(&[EXECUTOR], &["python", "--json-string", "{}"]), "");
    check(&running(&[EXECUTOR], &["python", "--json-string"]), "");
}

#[test]
fn labels_that_cannot_have_been_changed() {
    let mangled = "scheduled__2023-03-08T0130000000-77fa57adf";
    let labels = [OPERATOR, ("dag_id", "d"), ("task_id", "g.t"), ("run_id", mangled)];
    let pod = running(&labels, &[]);
    let run_id = "scheduled__2023-03-08T01:30:00+00:00";
    check(&pod, &format!("d/{run_id}/g.t/?/? by pod-labels"));
    let pod = pod.with_labels(&[("try_number", "2"), ("airflow_kpo_in_cluster", "True")]);
    check(&pod, &format!("d/{run_id}/g.t/-1/2 by pod-labels"));
    let pod = pod.with_labels(&[("map_index", "5")]);
    check(&pod, &format!("d/{run_id}/g.t/5/2 by pod-labels"));
    // A name that looks as if it had been changed is not taken, though it may be the true one.
    check(
        &running(&[OPERATOR, ("dag_id", "d-0123456789")], &[]),
        "d-0123456789/?/?/?/? by pod-labels",
    );
    check(&running(&[OPERATOR, ("dag_id", "d-012345678")], &[]), "");
    // Anybody may label a pod with a dag_id.
    check(&running(&[("dag_id", "d"), ("task_id", "t")], &[]), "");
}

#[test]
fn labels_are_made_whole_where_the_hash_agrees() {
    let whole = |value: &str| {
        let label = safe_label(value);
        let pod = running(&[OPERATOR, ("dag_id", "d"), ("run_id", &label)], &[]);
        let run_id = attribute(&pod).and_then(|found| found.task.run_id);
        run_id.is_some_and(|run_id| run_id == value)
    };
    assert!(whole("manual__2026-11-22T08:21:32.123456+00:00"));
    assert!(whole("manual__2026-11-22T08:21:32+00:00_9row4rc0"));
    assert!(whole("scheduled__2026-11-22T08:21:32-05:00"));
    assert!(whole("_private"));
    assert!(whole("2026-11-22T08:21:32"));
    assert!(!whole("a run of: odd + characters"));
    assert!(!whole(&"x".repeat(64)));
}

#[test]
fn labels_as_airflow_makes_them() {
    let run_id = "scheduled__2023-03-08T01:30:00+00:00";
    assert_eq!(safe_label(run_id), "scheduled__2023-03-08T0130000000-77fa57adf");
    assert_eq!(
        safe_label("manual__2026-11-22T08:21:32+00:00"),
        "manual__2026-11-22T0821320000-0a5fb94cf"
    );
    assert_eq!(safe_label("group.task-1"), "group.task-1");
    assert_eq!(safe_label(&"x".repeat(63)), "x".repeat(63));
    assert_eq!(safe_label(&"x".repeat(64)).len(), 63);
}

proptest::proptest! {
    /// What makes a label safe to take: every label that was changed shows it.
    #[test]
    fn a_changed_label_is_never_taken_for_exact(value in r"[a-z0-9_.:+\- ]{1,80}") {
        let label = safe_label(&value);
        let told = label == value || !is_exact_label(&label);
        proptest::prop_assert!(told, "{} became {}", value, label);
    }
}
