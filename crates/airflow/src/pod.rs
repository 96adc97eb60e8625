//! Whose pod is this: annotations, arguments and labels of a pod → the try that it runs.
//!
//! Airflow writes the same facts in up to three places, and only some of them unharmed. They are
//! asked in the order in which they can be trusted, and a value that may have been changed on its
//! way is never taken.

mod end;

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::task::{MapIndex, TaskFacts, is_date, parse_number};

pub use end::PodEnd;

/// What is needed of a Kubernetes pod, as plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The uid; empty when it is not known.
    pub uid: String,
    /// The node that it was put on.
    pub node: Option<String>,
    /// What made it and keeps it, such as a `Job`.
    #[serde(default)]
    pub controller: Option<Controller>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its containers.
    pub containers: Vec<Container>,
}

/// What made a pod and keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The kind, such as `Job` or `ReplicaSet`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// What is needed of one container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The words of its command and its arguments.
    pub words: Vec<String>,
}

/// A try, as far as a pod tells it, and which of its parts said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// What is known.
    pub task: TaskFacts,
    /// Who says so.
    pub by: AttributedBy,
}

/// Where the facts of an attribution come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AttributedBy {
    /// The annotations of the KubernetesExecutor's pod: exact and whole.
    PodAnnotations,
    /// The command line of the KubernetesExecutor's pod: exact.
    PodArgs,
    /// Labels whose values Airflow cannot have changed: exact, seldom whole.
    PodLabels,
    /// The name of the log file: exact.
    LogPath,
    /// What the pod said before it ran any code of the task's, and its name fits.
    PodLines,
    /// The ids that the record carries, or what Airflow's own words name.
    Line,
    /// What the process that wrote it is known to work for.
    Process,
    /// The record of which it is a further line.
    Continuation,
}

impl AttributedBy {
    const ALL: [Self; 8] = [
        Self::PodAnnotations,
        Self::PodArgs,
        Self::PodLabels,
        Self::LogPath,
        Self::PodLines,
        Self::Line,
        Self::Process,
        Self::Continuation,
    ];

    /// What this value of the metadata `attributed_by` stands for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }

    /// The value of the metadata `attributed_by`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PodAnnotations => "pod-annotations",
            Self::PodArgs => "pod-args",
            Self::PodLabels => "pod-labels",
            Self::LogPath => "log-path",
            Self::PodLines => "pod-lines",
            Self::Line => "line",
            Self::Process => "process",
            Self::Continuation => "continuation",
        }
    }
}

/// The try that this pod runs; `None` when it runs none, or does not say which for certain.
#[must_use]
pub fn attribute(pod: &Pod) -> Option<Attribution> {
    let found = |task, by| Attribution { task, by };
    from_annotations(pod)
        .map(|task| found(task, AttributedBy::PodAnnotations))
        .or_else(|| from_words(pod).map(|task| found(task, AttributedBy::PodArgs)))
        .or_else(|| from_labels(pod).map(|task| found(task, AttributedBy::PodLabels)))
}

/// What the KubernetesExecutor notes in annotations. It writes all of them or none; `map_index` is
/// left out where the task is not mapped.
fn from_annotations(pod: &Pod) -> Option<TaskFacts> {
    let note = |name: &str| pod.annotations.get(name).filter(|value| !value.is_empty()).cloned();
    let map_index = match note("map_index") {
        Some(index) => MapIndex::parse(&index)?,
        None => MapIndex::Unmapped,
    };
    Some(TaskFacts {
        dag_id: Some(note("dag_id")?),
        run_id: Some(note("run_id")?),
        task_id: Some(note("task_id")?),
        map_index: Some(map_index),
        try_number: Some(parse_number(&note("try_number")?)?),
        logical_date: note("logical_date").or_else(|| note("execution_date")),
    })
}

/// What the command line of the KubernetesExecutor's container says.
fn from_words(pod: &Pod) -> Option<TaskFacts> {
    let containers = pod.containers.iter().filter(|_| pod.is_executors());
    let words = |container: &Container| {
        from_tasks_run(&container.words, pod).or_else(|| from_workload(&container.words))
    };
    containers.into_iter().find_map(words)
}

/// Airflow 2: `airflow tasks run DAG TASK RUN … [--map-index N]`. The try is not among the words;
/// the label `try_number`, a number, is never changed. Before 2.2 a date stood where the run is.
fn from_tasks_run(words: &[String], pod: &Pod) -> Option<TaskFacts> {
    let [airflow, tasks, run, dag_id, task_id, run_id, options @ ..] = words else { return None };
    if [airflow.as_str(), tasks, run] != ["airflow", "tasks", "run"] {
        return None;
    }
    if is_date(run_id) {
        return None;
    }
    let option = options.iter().position(|word| word == "--map-index");
    let map_index = match option {
        Some(at) => MapIndex::parse(options.get(at + 1)?)?,
        None => MapIndex::Unmapped,
    };
    Some(TaskFacts {
        dag_id: Some(dag_id.clone()),
        run_id: Some(run_id.clone()),
        task_id: Some(task_id.clone()),
        map_index: Some(map_index),
        try_number: pod.labels.get("try_number").and_then(|label| parse_number(label)),
        logical_date: None,
    })
}

/// Airflow 3: `… --json-string '{"ti": {…}}'`.
fn from_workload(words: &[String]) -> Option<TaskFacts> {
    #[derive(Deserialize)]
    struct Workload {
        ti: TaskInstance,
    }
    #[derive(Deserialize)]
    struct TaskInstance {
        dag_id: String,
        run_id: String,
        task_id: String,
        try_number: u32,
        map_index: Option<i64>,
    }
    let option = words.iter().position(|word| word == "--json-string")?;
    let Workload { ti } = serde_json::from_str(words.get(option + 1)?).ok()?;
    let map_index = match ti.map_index {
        None | Some(-1) => MapIndex::Unmapped,
        Some(index) => MapIndex::At(u32::try_from(index).ok()?),
    };
    Some(TaskFacts {
        dag_id: Some(ti.dag_id),
        run_id: Some(ti.run_id),
        task_id: Some(ti.task_id),
        map_index: Some(map_index),
        try_number: Some(ti.try_number),
        logical_date: None,
    })
}

/// What the labels of an executor's or operator's pod say: those that were not changed, and those
/// that can be made whole again.
fn from_labels(pod: &Pod) -> Option<TaskFacts> {
    if !pod.is_executors() && !pod.is_operators() {
        return None;
    }
    let exact = |name: &str| {
        let label = pod.labels.get(name)?;
        if is_exact_label(label) { Some(label.clone()) } else { original(label) }
    };
    let map_index = match pod.labels.get("map_index") {
        Some(index) => MapIndex::parse(index),
        // The executor has always labelled mapped tasks, the operator only since it labels this.
        None if pod.is_executors() || pod.labels.contains_key("airflow_kpo_in_cluster") => {
            Some(MapIndex::Unmapped)
        }
        None => None,
    };
    let task = TaskFacts {
        dag_id: exact("dag_id"),
        run_id: exact("run_id"),
        task_id: exact("task_id"),
        map_index,
        try_number: pod.labels.get("try_number").and_then(|label| parse_number(label)),
        logical_date: None,
    };
    // A try or an index alone, of a task without a name, is no attribution.
    (task.dag_id.is_some() || task.task_id.is_some() || task.run_id.is_some()).then_some(task)
}

/// The longest value of a Kubernetes label, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// How many hex digits of the MD5 of the original end a label that Airflow has changed.
const LABEL_HASH_DIGITS: usize = 9;

/// The label that Airflow makes of a value (its `make_safe_label_value`): the value itself if it is
/// a legal label, else what is legal of it, cut, and a hash of the original.
#[must_use]
pub fn safe_label(value: &str) -> String {
    let legal = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    let kept: String = value.chars().filter(legal).collect();
    let kept = kept.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if kept == value && kept.len() <= LABEL_BYTES_MAX {
        return value.to_owned();
    }
    let digest = Md5::digest(value.as_bytes());
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let room = LABEL_BYTES_MAX - LABEL_HASH_DIGITS - 1;
    format!("{}-{}", &kept[..kept.len().min(room)], &hash[..LABEL_HASH_DIGITS])
}

/// The value that a changed label was made of, where what was left out can be put back: the marks
/// of a time in a run id, and what stood at an edge. The hash says whether it is the value; nine
/// digits do not agree by chance with one of a dozen guesses.
fn original(label: &str) -> Option<String> {
    let (stem, _) = label.rsplit_once('-')?;
    let edges = ["_", "__", ".", "-", "~", " "].into_iter();
    let at_edges = edges.flat_map(|edge| [format!("{edge}{stem}"), format!("{stem}{edge}")]);
    let mut guesses = with_time(stem).into_iter().flatten().chain(at_edges);
    guesses.find(|guess| safe_label(guess) == label)
}

/// `scheduled__2023-03-08T0130000000` with its colons and its plus: a run id that holds a time.
fn with_time(stem: &str) -> Option<[String; 3]> {
    let at = stem.match_indices('T').map(|(at, _)| at).find(|at| {
        let date = stem.get(at.saturating_sub(10)..*at).unwrap_or_default();
        let clock = stem.get(at + 1..at + 7).unwrap_or_default();
        let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
        digits(date) == 8 && digits(clock) == 6
    })?;
    let (before, clock) = (&stem[..=at], &stem[at + 1..]);
    let (time, rest) = (format!("{}:{}:{}", &clock[..2], &clock[2..4], &clock[4..6]), &clock[6..]);
    let decimals = match rest.strip_prefix('.') {
        Some(decimals) => 1 + decimals.bytes().take(6).take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let (decimals, zone) = rest.split_at(decimals);
    let colon = |sign: &str, zone: &str| {
        let (hours, minutes) = zone.split_at_checked(2).unwrap_or((zone, ""));
        format!("{before}{time}{decimals}{sign}{hours}:{minutes}")
    };
    let west = zone.strip_prefix('-').unwrap_or(zone);
    Some([colon("+", zone), colon("-", west), format!("{before}{time}{decimals}{zone}")])
}

/// Whether a label is for certain the value that it was made of. Every changed label ends in `-`
/// and nine hex digits; one that ends so without having been changed is doubted all the same.
fn is_exact_label(label: &str) -> bool {
    let is_hash = |end: &str| {
        end.len() == LABEL_HASH_DIGITS
            && end.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    !label.is_empty() && !label.rsplit_once('-').is_some_and(|(_, end)| is_hash(end))
}

/// Whether the name of a pod, without its random end, is made of the ids of this DAG and task: as
/// Airflow does it, simplified and cut.
pub(crate) fn is_stem_of(stem: &str, task: &TaskFacts) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
    };
    let names = [&task.dag_id, &task.task_id].map(|id| plain(id.as_deref().unwrap_or("")));
    !stem.is_empty() && names.concat().starts_with(&plain(stem))
}

impl Pod {
    /// A pod of which only the name is known.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), ..Self::default() }
    }

    /// The same pod with these labels too.
    #[must_use]
    pub fn with_labels(mut self, labels: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.labels.extend(labels.iter().map(owned));
        self
    }

    /// Whether the KubernetesExecutor made this pod.
    #[must_use]
    pub fn is_executors(&self) -> bool {
        self.has_label("kubernetes_executor", "True")
    }

    /// Whether a KubernetesPodOperator made this pod.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        self.has_label("kubernetes_pod_operator", "True")
    }

    /// Whether the pod is for certain a part of an Airflow deployment.
    #[must_use]
    pub fn is_airflow(&self) -> bool {
        self.has_label("tier", "airflow")
            || self.is_executors()
            || self.is_operators()
            || self.labels.contains_key("airflow_version")
            || from_annotations(self).is_some()
    }

    fn has_label(&self, name: &str, value: &str) -> bool {
        self.labels.get(name).is_some_and(|label| label == value)
    }
}

#[cfg(test)]
mod tests;
