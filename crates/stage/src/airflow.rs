//! `stage.airflow` (ours): what is known for certain of an entry of Airflow, as labels and
//! metadata: the level that the line says, and whose pod it is from.
//!
//! The pod is read from labels and metadata: `namespace`, `pod`, `container`, `node` and `stream`,
//! or what `discovery.kubernetes` calls them, with the pod's labels and annotations in
//! `__meta_kubernetes_pod_label_…` and `__meta_kubernetes_pod_annotation_…`. A label or metadata
//! that is there already stays as it is. The command line of a pod is not among the labels, so that
//! pods of old versions, which tell their task by it alone, stay without one.

use ::airflow::column::{Place, columns};
use ::airflow::line::recognise;
use ::airflow::pod::attribute;
use ::airflow::{Level, Pod};
use model::Labels;

use crate::entry::Entry;
use crate::process::{Context, Flow, Process};

/// How many results are remembered: label sets by levels, as there are on a node.
const SLOTS: usize = 512;

const META: &str = "__meta_kubernetes_";
const POD_LABEL: &str = "__meta_kubernetes_pod_label_";
const POD_ANNOTATION: &str = "__meta_kubernetes_pod_annotation_";

/// Labels of pods whose names discovery changed, as it does with all that is no letter, digit or
/// underscore, and their names.
const CHANGED: [(&str, &str); 2] = [
    ("app_kubernetes_io_name", "app.kubernetes.io/name"),
    ("app_kubernetes_io_component", "app.kubernetes.io/component"),
];

/// The stage; it has no settings.
#[derive(Debug, Default)]
pub(crate) struct Airflow {
    known: Vec<Option<Known>>,
}

/// What became of labels and metadata at a level.
#[derive(Debug)]
struct Known {
    before: (Labels, Labels, Option<Level>),
    after: (Labels, Labels),
}

impl Process for Airflow {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let first = entry.line.split('\n').next().unwrap_or_default();
        let level = recognise(first).map(|head| head.level);
        if self.known.is_empty() {
            self.known.resize_with(SLOTS, || None);
        }
        let address = |labels: &Labels| labels.as_slice().as_ptr().addr() >> 4;
        let hash = address(&entry.labels) ^ address(&entry.metadata).rotate_left(3);
        let hash = hash.wrapping_mul(8).wrapping_add(level.map_or(7, |level| level as usize));
        let slot = &mut self.known[hash % SLOTS];
        let is_known = |known: &Known| {
            let (labels, metadata, of) = &known.before;
            labels.is_shared_with(&entry.labels)
                && metadata.is_shared_with(&entry.metadata)
                && *of == level
        };
        if !slot.as_ref().is_some_and(is_known) {
            let before = (entry.labels.clone(), entry.metadata.clone(), level);
            let after = tell(&entry.labels, &entry.metadata, level);
            *slot = Some(Known { before, after });
        }
        if let Some(Known { after: (labels, metadata), .. }) = slot {
            entry.labels = labels.clone();
            entry.metadata = metadata.clone();
        }
        Flow::Next
    }
}

/// The labels and the metadata with what they tell.
fn tell(labels: &Labels, metadata: &Labels, level: Option<Level>) -> (Labels, Labels) {
    let find = |plain: &str, discovered: &str| {
        let found = labels.get(plain).or_else(|| metadata.get(plain));
        let found = found.or_else(|| labels.get(&format!("{META}{discovered}")));
        found.unwrap_or_default().to_owned()
    };
    let mut pod = Pod::new(find("namespace", "namespace"), find("pod", "pod_name"));
    pod.node = Some(find("node", "pod_node_name")).filter(|node| !node.is_empty());
    for (name, value) in labels.iter() {
        if let Some(name) = name.strip_prefix(POD_LABEL) {
            let changed = CHANGED.iter().find(|(changed, _)| *changed == name);
            let name = changed.map_or(name, |(_, name)| name);
            pod.labels.insert(name.to_owned(), value.to_owned());
        } else if let Some(name) = name.strip_prefix(POD_ANNOTATION) {
            pod.annotations.insert(name.to_owned(), value.to_owned());
        }
    }
    let container = find("container", "pod_container_name");
    let stream = find("stream", "");
    let place = Place { pod: &pod, container: &container, stream: &stream };
    let told = columns(&place, attribute(&pod).as_ref(), level);
    let metadata = with_missing(metadata, &told.metadata, labels);
    (with_missing(labels, &told.labels, &Labels::default()), metadata)
}

/// The set with those of `more` that neither it nor `other` has.
fn with_missing(set: &Labels, more: &Labels, other: &Labels) -> Labels {
    let is_new = |name: &str| set.get(name).is_none() && other.get(name).is_none();
    let new = more.as_slice().iter().filter(|label| is_new(&label.name));
    let all = set.as_slice().iter().chain(new);
    Labels::new(all.map(|label| (label.name.clone(), label.value.clone())))
}

#[cfg(test)]
mod tests {
    use crate::config::StageConfig;

    #[track_caller]
    fn check(labels: &str, line: &str, expect: &str) {
        crate::testing::check(&[StageConfig::Airflow], labels, line, expect);
    }

    #[test]
    fn a_line_says_its_level() {
        check(
            r#"{container="c", namespace="ns", pod="p"}"#,
            "[2026-11-22T08:14:34.291+0000] {file.py:12} ERROR - gone\nTraceback",
            "{container=\"c\", level=\"error\", namespace=\"ns\", pod=\"p\"} \
             [2026-11-22T08:14:34.291+0000] {file.py:12} ERROR - gone\nTraceback",
        );
        check(
            r#"{level="x"}"#,
            "INFO:     10.244.1.1:57128 - \"GET /\"",
            "{level=\"x\"} INFO:     10.244.1.1:57128 - \"GET /\"",
        );
        check("{}", "Airflow is fine", "{} Airflow is fine");
    }

    #[test]
    fn annotations_say_whose_line_it_is() {
        let note = |name: &str, value: &str| {
            format!("__meta_kubernetes_pod_annotation_{name}=\"{value}\", ")
        };
        let notes = [
            note("dag_id", "Sales & more"),
            note("run_id", "r/1"),
            note("task_id", "load"),
            note("try_number", "2"),
        ];
        let labels = notes.concat();
        let label = "__meta_kubernetes_pod_label_app_kubernetes_io_component=\"worker\"";
        let input = format!("{{{labels}{label}, __meta_kubernetes_pod_name=\"p\"}}");
        let mut pipeline = crate::Pipeline::new(&[StageConfig::Airflow], 0).unwrap();
        let mut out = Vec::new();
        let labels = model::Labels::parse(&input).unwrap();
        for _ in 0..2 {
            let entry = crate::Entry::new(labels.clone(), model::Timestamp(0), "x");
            pipeline.process(entry, crate::testing::NOW, &mut out);
        }
        let shown = out[1].labels.filter(|name| !name.starts_with("__")).to_string();
        let expect =
            r#"{app="airflow", component="worker", dag_id="Sales & more", task_id="load"}"#;
        assert_eq!(shown, expect);
        assert_eq!(
            out[1].metadata.to_string(),
            "{app_kubernetes_io_component=\"worker\", attributed_by=\"pod-annotations\", \
             map_index=\"-1\", pod=\"p\", run_id=\"r/1\", try_number=\"2\"}",
        );
        assert!(out[0].labels.is_shared_with(&out[1].labels), "worked out once");
    }
}
