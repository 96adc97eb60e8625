//! What the sample says about itself, and what a store says: the two must be the same.

use std::collections::{BTreeMap, HashMap};

use barogram_cli::demo::sample::{PodLog, Sample, Truth};
use loki::response::{LabelMap, StreamValues};

/// How many differences are shown: more do not help.
const SHOWN_MAX: usize = 10;
/// What tells one container from another: namespace, pod, container.
type Container = (String, String, String);

/// How often each line of each container is there.
#[derive(Debug, Default)]
pub struct Lines(BTreeMap<Container, BTreeMap<String, usize>>);

/// The lines that a play of the sample writes. What a runtime cut into partial records is one line,
/// and what is no UTF-8 cannot be sent as it is.
pub fn written(sample: &Sample) -> Lines {
    let mut lines = Lines::default();
    for log in &sample.logs {
        for line in physical_lines(log) {
            lines.add(container(log), String::from_utf8_lossy(&line).into_owned());
        }
    }
    lines
}

/// The lines that a store gave out. A traceback is one entry and counts as its lines.
pub fn found(streams: &[StreamValues]) -> Lines {
    let mut lines = Lines::default();
    for (facts, line) in entries(streams) {
        let fact = |name: &str| facts.get(name).cloned().unwrap_or_default();
        let container = (fact("namespace"), fact("pod"), fact("container"));
        line.split('\n').for_each(|line| lines.add(container.clone(), line.to_owned()));
    }
    lines
}

/// The entries of task pods that do not tell the one task that is true of their pod.
pub fn misattributed(sample: &Sample, streams: &[StreamValues]) -> Vec<String> {
    let tasks = sample.logs.iter().filter_map(|log| Some((container(log), log.truth.as_ref()?)));
    let tasks: HashMap<Container, &Truth> = tasks.collect();
    let mut wrong = Vec::new();
    let mut met = std::collections::HashSet::new();
    for (facts, line) in entries(streams) {
        let fact = |name: &str| facts.get(name).map_or("", String::as_str);
        let container = ["namespace", "pod", "container"].map(|name| fact(name).to_owned()).into();
        let Some(truth) = tasks.get(&container) else { continue };
        let (try_number, map_index) = (truth.try_number.to_string(), truth.map_index.to_string());
        let expect = [
            ("dag_id", &truth.dag_id),
            ("task_id", &truth.task_id),
            ("run_id", &truth.run_id),
            ("try_number", &try_number),
            ("map_index", &map_index),
        ];
        let differs = expect.iter().filter(|(name, value)| fact(name) != *value);
        for (name, value) in differs {
            wrong.push(format!("{name} is {:?}, not {value:?}, of {line:?}", fact(name)));
        }
        met.insert(container);
    }
    let silent = tasks.keys().filter(|container| !met.contains(*container));
    wrong.extend(silent.map(|container| format!("nothing was heard of {container:?}")));
    wrong
}

impl Lines {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    /// What is not the same in the other.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let containers = self.0.keys().chain(other.0.keys());
        let containers: std::collections::BTreeSet<_> = containers.collect();
        let none = BTreeMap::new();
        let mut differences = Vec::new();
        for container in containers {
            let [own, its] = [self, other].map(|all| all.0.get(container).unwrap_or(&none));
            let lines: std::collections::BTreeSet<_> = own.keys().chain(its.keys()).collect();
            for line in lines {
                let [a, b] = [own, its].map(|all| all.get(line).copied().unwrap_or_default());
                if a != b {
                    differences.push(format!("{b} times instead of {a}: {line:?} {container:?}"));
                }
            }
        }
        differences
    }

    fn add(&mut self, container: Container, line: String) {
        *self.0.entry(container).or_default().entry(line).or_default() += 1;
    }
}

/// Fails with what is not true, if anything is.
#[track_caller]
pub fn assert_none(what: &str, wrong: &[String]) {
    let shown = &wrong[..wrong.len().min(SHOWN_MAX)];
    assert!(wrong.is_empty(), "{} {what}, the first of them: {shown:#?}", wrong.len());
}

/// Whose log it is.
fn container(log: &PodLog) -> Container {
    let mut parts = log.folder.split('_').map(str::to_owned);
    let (namespace, pod) = (parts.next().unwrap(), parts.next().unwrap());
    (namespace, pod, log.container.clone())
}

/// The bytes of each line of a log: partial records (`P`) go on in the next of their stream.
fn physical_lines(log: &PodLog) -> Vec<Vec<u8>> {
    let mut open: BTreeMap<&[u8], Vec<u8>> = BTreeMap::new();
    let mut lines = Vec::new();
    for record in &log.records {
        let text = record.rest.strip_suffix(b"\n").unwrap_or(&record.rest);
        let mut fields = text.splitn(4, |byte| *byte == b' ').skip(1);
        let (stream, flag) = (fields.next().unwrap(), fields.next().unwrap());
        let line = open.entry(stream).or_default();
        line.extend_from_slice(fields.next().unwrap_or_default());
        if flag == b"F" {
            lines.extend(open.remove(stream));
        }
    }
    lines.extend(open.into_values());
    lines
}

/// Each entry, with its labels and its metadata.
fn entries(streams: &[StreamValues]) -> impl Iterator<Item = (LabelMap, &str)> {
    streams.iter().flat_map(|stream| {
        stream.values.iter().map(|entry| {
            let metadata = entry.categories.iter().flat_map(|told| &told.structured_metadata);
            let metadata = metadata.map(|(name, value)| (name.clone(), value.clone()));
            (stream.stream.clone().into_iter().chain(metadata).collect(), entry.line.as_str())
        })
    })
}
