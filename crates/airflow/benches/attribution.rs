//! What it costs to find out whose a line is: `cargo bench -p barogram-airflow`. The lines are of
//! pods of real deployments. Compare runs on one machine.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop there")]
#![allow(missing_docs, reason = "the macros of criterion make items without documents")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use airflow::attribute::{Attributor, Begun, Line};
use airflow::line::recognise;
use airflow::pod::{Container, attribute};
use airflow::{Pod, record};
use barogram_airflow as airflow;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::Timestamp;
use serde_json::Value;

const CORPORA: [&str; 5] = [
    "airflow2/kubernetes-executor-2",
    "airflow2/local-executor",
    "airflow3/celery-executor",
    "airflow3/kubernetes-executor-2",
    "airflow3.0/kubernetes-executor",
];

/// What a container has printed.
struct Log {
    pod: Pod,
    container: String,
    lines: Vec<(bool, Timestamp, String)>,
}

/// Recognises each line and says whose it is, as a collector does.
fn attribution(criterion: &mut Criterion) {
    let (tasks, others): (Vec<Log>, Vec<Log>) =
        CORPORA.iter().flat_map(|name| logs(name)).partition(|log| attribute(&log.pod).is_some());
    let mut group = criterion.benchmark_group("attribution");
    for (name, logs) in [("pods of tasks", tasks), ("schedulers and other pods", others)] {
        let lines: usize = logs.iter().map(|log| log.lines.len()).sum();
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| logs.iter().for_each(play));
        });
    }
}

fn play(log: &Log) {
    let mut attributor = Attributor::of_pod(&log.pod, &log.container, Begun::AtItsStart);
    for (is_stderr, at, text) in &log.lines {
        black_box(recognise(text));
        black_box(attributor.take(&Line { text, is_stderr: *is_stderr, at: *at }));
    }
}

/// The logs of a deployment's pods.
fn logs(name: &str) -> Vec<Log> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora");
    let packed = std::fs::read(path.join(format!("{name}.tar.zst"))).unwrap();
    let unpacked = zstd::stream::decode_all(packed.as_slice()).unwrap();
    let (mut pods, mut files) = (BTreeMap::new(), Vec::new());
    for entry in tar::Archive::new(unpacked.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let below = path.split_once("/pods/").filter(|_| path.ends_with(".log"));
        if let Some((folder, log)) = below.and_then(|(_, below)| below.split_once('/')) {
            let container = log.split('/').next().unwrap_or_default();
            files.push((folder.to_owned(), container.to_owned(), bytes));
        } else if path.ends_with("/pods.json") {
            let list: Value = serde_json::from_slice(&bytes).unwrap();
            let items = list["items"].as_array().unwrap().iter().map(pod);
            pods = items.map(|pod| (folder_of(&pod), pod)).collect();
        }
    }
    let log = |(folder, container, bytes): (String, String, Vec<u8>)| {
        let pod = pods.get(&folder)?.clone();
        Some(Log { pod, container, lines: lines(&bytes) })
    };
    files.into_iter().filter_map(log).collect()
}

fn folder_of(pod: &Pod) -> String {
    format!("{}_{}_{}", pod.namespace, pod.name, pod.uid)
}

fn lines(bytes: &[u8]) -> Vec<(bool, Timestamp, String)> {
    let text = String::from_utf8_lossy(bytes);
    let line = |record: &str| {
        let mut fields = record.splitn(4, ' ');
        let at = record::parse_time(fields.next()?)?.at;
        let is_stderr = fields.next()? == "stderr";
        Some((is_stderr, at, fields.nth(1).unwrap_or_default().to_owned()))
    };
    text.lines().filter_map(line).collect()
}

fn pod(item: &Value) -> Pod {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let map = |value: &Value| {
        let pairs = value.as_object().into_iter().flatten();
        pairs.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let words = |container: &Value| {
        let lists = ["command", "args"].map(|key| container[key].as_array());
        lists.into_iter().flatten().flatten().map(text).collect()
    };
    let metadata = &item["metadata"];
    let containers = item["spec"]["containers"].as_array().into_iter().flatten();
    Pod {
        uid: text(&metadata["uid"]),
        labels: map(&metadata["labels"]),
        annotations: map(&metadata["annotations"]),
        containers: containers
            .map(|container| Container { name: text(&container["name"]), words: words(container) })
            .collect(),
        ..Pod::new(text(&metadata["namespace"]), text(&metadata["name"]))
    }
}

criterion_group!(benches, attribution);
criterion_main!(benches);
