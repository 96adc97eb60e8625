//! Which facts become labels and which become metadata: the only place that decides.
//!
//! A label names a stream and is cheap to ask for; metadata is a fact of one entry and costs no
//! stream. What takes few values, or is what one asks for first, is a label; what takes as many
//! values as there are runs and pods is metadata. Eight labels at most keep us far inside Loki's
//! limit of fifteen when the sink is a real Loki.

use std::sync::Arc;

use model::{Column, Labels};

use crate::component;
use crate::level::Level;
use crate::pod::{AttributedBy, Attribution, Pod};
use crate::task::{MapIndex, TaskFacts};

/// The labels, in the order in which they are told to people.
pub const LABELS: [&str; 7] =
    ["namespace", "app", "container", "component", "dag_id", "task_id", "level"];

/// The metadata, likewise. `app_kubernetes_io_component` repeats the component as the pod's labels
/// have it, so that selectors of recipes that map pod labels find what they look for.
pub const METADATA: [&str; 9] = [
    "run_id",
    "try_number",
    "map_index",
    "logical_date",
    "pod",
    "node",
    "stream",
    "attributed_by",
    "app_kubernetes_io_component",
];

/// The value of `app` for pods of Airflow that do not name their application themselves.
const AIRFLOW: &str = "airflow";

/// Where a line was caught.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The pod; only its namespace and name when no more is known.
    pub pod: &'a Pod,
    /// The container.
    pub container: &'a str,
    /// `stdout` or `stderr`; empty when it is not known.
    pub stream: &'a str,
}

/// The labels and the metadata of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The identity of the stream.
    pub labels: Labels,
    /// The facts of the entry.
    pub metadata: Labels,
}

/// Every column that [`columns`] may fill.
#[must_use]
pub fn table() -> Vec<Column> {
    let labels = LABELS.into_iter().map(Column::label);
    labels.chain(METADATA.into_iter().map(Column::metadata)).collect()
}

/// The columns of a line: what is not known is absent.
///
/// `try_number` and `map_index` are there for every line whose task is known, `map_index` as `-1`
/// where the task is not mapped, so that a query by either finds all it should.
#[must_use]
pub fn columns(
    place: &Place<'_>,
    attribution: Option<&Attribution>,
    level: Option<Level>,
) -> Columns {
    Columns { labels: labels(place, attribution, level), metadata: metadata(place, attribution) }
}

/// What the columns of a line say of its task: the reverse of [`columns`]. Nothing, where it is no
/// task's, or nobody of ours said so.
#[must_use]
pub fn attribution(labels: &Labels, metadata: &Labels) -> Option<Attribution> {
    let by = AttributedBy::parse(metadata.get("attributed_by")?)?;
    let text = |labels: &Labels, name| labels.get(name).map(str::to_owned);
    let task = TaskFacts {
        dag_id: text(labels, "dag_id"),
        task_id: text(labels, "task_id"),
        run_id: text(metadata, "run_id"),
        try_number: metadata.get("try_number").and_then(|number| number.parse().ok()),
        map_index: metadata.get("map_index").and_then(MapIndex::parse),
        logical_date: text(metadata, "logical_date"),
    };
    Some(Attribution { task, by })
}

fn labels(place: &Place<'_>, attribution: Option<&Attribution>, level: Option<Level>) -> Labels {
    let task = attribution.map(|attribution| &attribution.task);
    let known = [
        ("namespace", Some(place.pod.namespace.as_str())),
        ("app", app(place.pod, attribution)),
        ("container", Some(place.container)),
        ("component", component::of(place.pod, place.container)),
        ("dag_id", task.and_then(|task| task.dag_id.as_deref())),
        ("task_id", task.and_then(|task| task.task_id.as_deref())),
        ("level", level.map(Level::as_str)),
    ];
    present(known)
}

fn metadata(place: &Place<'_>, attribution: Option<&Attribution>) -> Labels {
    let task = attribution.map(|attribution| &attribution.task);
    let try_number = task.and_then(|task| task.try_number).map(|number| number.to_string());
    let map_index = task.and_then(|task| task.map_index).as_ref().map(MapIndex::to_string);
    let known = [
        ("run_id", task.and_then(|task| task.run_id.as_deref())),
        ("try_number", try_number.as_deref()),
        ("map_index", map_index.as_deref()),
        ("logical_date", task.and_then(|task| task.logical_date.as_deref())),
        ("pod", Some(place.pod.name.as_str())),
        ("node", place.pod.node.as_deref()),
        ("stream", Some(place.stream)),
        ("attributed_by", attribution.map(|attribution| attribution.by.as_str())),
        ("app_kubernetes_io_component", component::labelled(place.pod)),
    ];
    present(known)
}

/// What the pod calls its application, else that it is Airflow's.
fn app<'a>(pod: &'a Pod, attribution: Option<&Attribution>) -> Option<&'a str> {
    let label = |name: &str| pod.labels.get(name).map(String::as_str);
    let airflow = pod.is_airflow() || attribution.is_some();
    label("app").or_else(|| label("app.kubernetes.io/name")).or(airflow.then_some(AIRFLOW))
}

fn present<const N: usize>(known: [(&str, Option<&str>); N]) -> Labels {
    let pairs = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
    pairs.map(|(name, value)| (Arc::<str>::from(name), Arc::<str>::from(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod;

    #[track_caller]
    fn check(pod: &Pod, container: &str, level: Option<Level>, expect: [&str; 2]) {
        let attribution = pod::attribute(pod);
        let place = Place { pod, container, stream: "stdout" };
        let Columns { labels, metadata } = columns(&place, attribution.as_ref(), level);
        assert_eq!([labels.to_string(), metadata.to_string()], expect);
        // Whoever reads the columns learns what whoever wrote them knew.
        assert_eq!(super::attribution(&labels, &metadata), attribution);
        let table = table();
        let known = |column: Column| assert!(table.contains(&column), "{column:?} is not declared");
        labels.iter().for_each(|(name, _)| known(Column::label(name)));
        metadata.iter().for_each(|(name, _)| known(Column::metadata(name)));
    }

    #[test]
    fn the_pod_of_a_task() {
        let mut pod = Pod::new("prod", "d-t-x1").with_labels(&[
            ("tier", "airflow"),
            ("component", "worker"),
            EXECUTOR,
        ]);
        for (name, value) in
            [("dag_id", "d"), ("run_id", "r"), ("task_id", "t"), ("try_number", "1")]
        {
            pod.annotations.insert(name.to_owned(), value.to_owned());
        }
        pod.node = Some("n1".to_owned());
        let labels = concat!(
            r#"{app="airflow", component="worker", container="base", dag_id="d", "#,
            r#"level="error", namespace="prod", task_id="t"}"#,
        );
        let metadata = concat!(
            r#"{app_kubernetes_io_component="worker", attributed_by="pod-annotations", "#,
            r#"map_index="-1", node="n1", pod="d-t-x1", run_id="r", stream="stdout", "#,
            r#"try_number="1"}"#,
        );
        check(&pod, "base", Some(Level::Error), [labels, metadata]);
    }

    const EXECUTOR: (&str, &str) = ("kubernetes_executor", "True");

    #[test]
    fn a_pod_of_somebody_else() {
        let pod = Pod::new("prod", "web-1")
            .with_labels(&[("app.kubernetes.io/name", "shop"), ("dag_id", "not ours")]);
        let labels = r#"{app="shop", container="nginx", namespace="prod"}"#;
        check(&pod, "nginx", None, [labels, r#"{pod="web-1", stream="stdout"}"#]);
        let unknown = Pod::new("prod", "web-1");
        let labels = r#"{container="scheduler", namespace="prod"}"#;
        check(&unknown, "scheduler", None, [labels, r#"{pod="web-1", stream="stdout"}"#]);
    }
}
