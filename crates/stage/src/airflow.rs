//! `stage.airflow` (ours): what is known for certain of an entry of Airflow, as labels and
//! metadata: the level that the line says, whose pod it is from, and, where many write into one
//! log, what its lines tell.
//!
//! The pod is read from labels and metadata: `namespace`, `pod`, `container`, `node` and `stream`,
//! or what `discovery.kubernetes` calls them, with the pod's labels and annotations in
//! `__meta_kubernetes_pod_label_…` and `__meta_kubernetes_pod_annotation_…`. A label or metadata
//! that is there already stays as it is. The command line of a pod is not among the labels, so that
//! pods of old versions, which tell their task by it alone, stay without one.
//!
//! The lines of a scheduler, worker, triggerer or DAG processor are asked as `docs/airflow.md`
//! says, if it is known which run of its container they are from: by the label `filename`, or by
//! `__meta_kubernetes_pod_container_id`. What they tell is in memory, and no entry waits for a
//! later one. So after a restart of the process, or where the configuration is changed, a log
//! begins anew: until its lines have told again what runs, fewer of them are attributed, and lines
//! that are read again then may differ in that from what was sent before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ::airflow::attribute::{Answer, Attributor, Begun, Line};
use ::airflow::column::{Place, columns};
use ::airflow::line::recognise;
use ::airflow::pod::{Attribution, attribute};
use ::airflow::{Level, Pod};
use model::Labels;

use crate::entry::Entry;
use crate::process::{Context, Flow, Process};

/// How many results are remembered: label sets by levels, as there are on a node.
const SLOTS: usize = 512;

/// Logs of which it is remembered what their lines told: those of a node, and some that are gone.
const LOGS_MAX: usize = 256;

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
    logs: Logs,
}

/// What became of labels and metadata at a level.
#[derive(Debug)]
struct Known {
    before: (Labels, Labels, Option<Level>),
    of: Option<Arc<Attribution>>,
    after: (Labels, Labels),
    /// The log, if its lines are asked.
    log: Option<Arc<str>>,
}

/// Who says whose the lines of logs are into which many write.
#[derive(Debug, Default)]
struct Logs {
    attributors: HashMap<Arc<str>, Attributor>,
    order: VecDeque<Arc<str>>,
}

/// Where entries are from, as their labels and metadata tell it.
struct Origin {
    pod: Pod,
    container: String,
    stream: String,
    /// Which run of which container.
    log: Option<String>,
}

impl Process for Airflow {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let first = entry.line.split('\n').next().unwrap_or_default();
        let level = recognise(first).map(|head| head.level);
        if self.known.is_empty() {
            self.known.resize_with(SLOTS, || None);
        }
        let address = |labels: &Labels| labels.address() >> 4;
        let hash = address(&entry.labels) ^ address(&entry.metadata).rotate_left(3);
        let hash = hash.wrapping_mul(8).wrapping_add(level.map_or(7, |level| level as usize));
        let slot = &mut self.known[hash % SLOTS];
        let is_known = |known: &&mut Known| {
            let (labels, metadata, of) = &known.before;
            labels.is_shared_with(&entry.labels)
                && metadata.is_shared_with(&entry.metadata)
                && *of == level
        };
        let known = match slot.as_mut().filter(is_known) {
            Some(_) => slot.as_mut(),
            None => Some(slot.insert(Known::of(entry, level, &mut self.logs))),
        };
        if let Some(known) = known {
            let of = known.log.as_ref().and_then(|log| self.logs.ask(log, entry));
            known.tell(entry, of);
        }
        Flow::Next
    }
}

impl Known {
    /// Of an entry like which none was seen for a while.
    fn of(entry: &Entry, level: Option<Level>, logs: &mut Logs) -> Self {
        let origin = Origin::of(&entry.labels, &entry.metadata);
        let of = attribute(&origin.pod).map(Arc::new);
        let after = origin.tell(&entry.labels, &entry.metadata, (of.as_deref(), level));
        let before = (entry.labels.clone(), entry.metadata.clone(), level);
        Self { before, of, after, log: logs.meet(&origin) }
    }

    /// Tells the entry what is known; `of` is what its log says.
    fn tell(&mut self, entry: &mut Entry, of: Option<Arc<Attribution>>) {
        if self.log.is_some() && self.of != of {
            let (labels, metadata, level) = &self.before;
            let origin = Origin::of(labels, metadata);
            self.after = origin.tell(labels, metadata, (of.as_deref(), *level));
            self.of = of;
        }
        let (labels, metadata) = &self.after;
        (entry.labels, entry.metadata) = (labels.clone(), metadata.clone());
    }
}

impl Logs {
    /// The log that an entry is from, if its lines are asked.
    fn meet(&mut self, origin: &Origin) -> Option<Arc<str>> {
        let log = origin.log.as_deref()?;
        if let Some((log, _)) = self.attributors.get_key_value(log) {
            return Some(Arc::clone(log));
        }
        let attributor = Attributor::of_pod(&origin.pod, &origin.container, Begun::Somewhere);
        if !attributor.has_state() {
            return None;
        }
        let log: Arc<str> = log.into();
        self.order.push_back(Arc::clone(&log));
        self.attributors.insert(Arc::clone(&log), attributor);
        if self.order.len() > LOGS_MAX {
            self.order.pop_front().map(|oldest| self.attributors.remove(&oldest));
        }
        Some(log)
    }

    /// Whose an entry is: whose its first line is, as far as it is known with its last.
    fn ask(&mut self, log: &Arc<str>, entry: &Entry) -> Option<Arc<Attribution>> {
        let attributor = self.attributors.get_mut(log)?;
        let find = |name: &str| entry.metadata.get(name).or_else(|| entry.labels.get(name));
        let is_stderr = find("stream") == Some("stderr");
        let mut lines = entry.line.split('\n');
        let mut take = |text| attributor.take(&Line { text, is_stderr, at: entry.timestamp });
        let answer = take(lines.next()?);
        lines.for_each(|text| drop(take(text)));
        match answer {
            Answer::Now(of) => of,
            Answer::Later(ticket) => attributor.settled(&ticket).unwrap_or(ticket.so_far()),
        }
    }
}

impl Origin {
    fn of(labels: &Labels, metadata: &Labels) -> Self {
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
        let run = find("filename", "pod_container_id");
        let log = format!("{}/{}/{container} {run}", pod.namespace, pod.name);
        let log = Some(log).filter(|_| !run.is_empty());
        Self { pod, container, stream: find("stream", ""), log }
    }

    /// The labels and the metadata with what is known.
    fn tell(
        &self,
        labels: &Labels,
        metadata: &Labels,
        (of, level): (Option<&Attribution>, Option<Level>),
    ) -> (Labels, Labels) {
        let Self { pod, container, stream, .. } = self;
        let told = columns(&Place { pod, container, stream }, of, level);
        let metadata = with_missing(metadata, &told.metadata, labels);
        (with_missing(labels, &told.labels, &Labels::default()), metadata)
    }
}

/// The set with those of `more` that neither it nor `other` has.
fn with_missing(set: &Labels, more: &Labels, other: &Labels) -> Labels {
    let is_new = |name: &str| set.get(name).is_none() && other.get(name).is_none();
    Labels::new(set.iter().chain(more.iter().filter(|(name, _)| is_new(name))))
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

    #[test]
    fn the_lines_of_a_worker_say_whose_they_are() {
        let labels = "{__meta_kubernetes_pod_label_component=\"worker\", \
                      __meta_kubernetes_pod_label_tier=\"airflow\", container=\"worker\", ";
        let file = "filename=\"/var/log/pods/ns_worker-0_u/worker/0.log\"}";
        let id = "3780877a-773e-41ba-93ca-7ece346a4dbb";
        let head = "[2026-11-22 08:41:39,641: INFO/ForkPoolWorker-1]";
        let lines = [
            format!("{head} early"),
            format!(
                "{head} [{id}] Executing command in Celery: \
                 ['airflow', 'tasks', 'run', 'd', 't', 'r', '--local']"
            ),
            format!("{head} Running\nsecond line"),
            "raw bytes".to_owned(),
        ];
        let run = |labels: String| {
            let labels = model::Labels::parse(&labels).unwrap();
            let mut pipeline = crate::Pipeline::new(&[StageConfig::Airflow], 0).unwrap();
            let mut out = Vec::new();
            for line in &lines {
                let entry = crate::Entry::new(labels.clone(), model::Timestamp(0), line);
                pipeline.process(entry, crate::testing::NOW, &mut out);
            }
            let told = |entry: &crate::Entry| {
                let [by, run] = ["attributed_by", "run_id"].map(|name| entry.metadata.get(name));
                format!("{:?} {by:?} {run:?}", entry.labels.get("dag_id")).replace("Some", "")
            };
            out.iter().map(told).collect::<Vec<_>>()
        };
        let nobody = "None None None";
        assert_eq!(
            run(format!("{labels}{file}")),
            [nobody, r#"("d") ("line") ("r")"#, r#"("d") ("process") ("r")"#, nobody],
        );
        assert_eq!(run(format!("{labels}pod=\"worker-0\"}}")), [nobody; 4], "of which run?");
    }
}
