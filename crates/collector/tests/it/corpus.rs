//! What real deployments wrote (2.10.5, 3.0.6, 3.3.2), through the collector, against what is known
//! of every line.
//!
//! `corpus/` holds the logs of a few pods as a node keeps them, the pods as the API server told
//! them, and the truth: for each file the try that its pod ran, and a letter for the level of each
//! record.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::Labels;
use serde::Deserialize;

use crate::node::Node;
use crate::store::Store;

#[derive(Debug, Deserialize)]
struct Truth {
    file: String,
    component: String,
    task: Option<String>,
    levels: String,
}

/// One line as its process wrote it, or as it was stored.
#[derive(Debug, Clone)]
struct Line {
    text: String,
    level: Option<char>,
    /// Whether it was joined to others, and so has the level of a record before it.
    is_joined: bool,
    facts: String,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus")
}

/// The lines of each stream of a file, by a joiner of its own.
fn written(truth: &Truth) -> BTreeMap<String, Vec<Line>> {
    let bytes = fs::read(corpus().join(&truth.file)).unwrap();
    let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut open: BTreeMap<String, (Vec<u8>, char)> = BTreeMap::new();
    let mut end = |stream: String, (bytes, level): (Vec<u8>, char)| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (facts, level) = (facts(truth), (level != '-').then_some(level));
        lines.entry(stream).or_default().push(Line { text, level, is_joined: false, facts });
    };
    for (record, level) in bytes.split_inclusive(|byte| *byte == b'\n').zip(truth.levels.chars()) {
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let fields: Vec<&[u8]> = record.splitn(4, |byte| *byte == b' ').collect();
        let [_, stream, flag, content] = fields[..] else { panic!("{record:?} is no record") };
        let stream = String::from_utf8(stream.to_vec()).unwrap();
        let line = open.entry(stream.clone()).or_insert((Vec::new(), level));
        line.0.extend(content);
        if flag == b"F" {
            let line = open.remove(&stream).unwrap();
            end(stream, line);
        }
    }
    open.into_iter().for_each(|(stream, line)| end(stream, line));
    lines
}

/// The component and, as Airflow names it, the try.
fn facts(truth: &Truth) -> String {
    format!("{} {}", truth.component, truth.task.as_deref().unwrap_or("-"))
}

/// The lines that are stored of each stream of each pod, in the order of their times.
fn stored(store: &Store) -> BTreeMap<(String, String), Vec<Line>> {
    let mut entries: Vec<_> = store.stored().entries.into_iter().collect();
    entries.sort_by_key(|((_, time, _), _)| *time);
    let mut lines: BTreeMap<(String, String), Vec<Line>> = BTreeMap::new();
    for ((labels, _, text), (metadata, _)) in entries {
        let labels = Labels::parse(&labels).unwrap();
        let metadata = Labels::parse(&metadata).unwrap();
        let fact = |name: &str| metadata.get(name).or_else(|| labels.get(name)).unwrap_or("-");
        let task = ["dag_id", "run_id", "task_id", "map_index", "try_number"].map(fact).join("/");
        let task = if task == "-/-/-/-/-" { "-".to_owned() } else { task };
        let facts = format!("{} {task}", fact("component"));
        let level = labels.get("level").and_then(|level| level.chars().next());
        let is_joined = text.contains('\n');
        let of = lines.entry((fact("pod").to_owned(), fact("stream").to_owned())).or_default();
        of.extend(text.split('\n').map(|text| Line {
            text: text.to_owned(),
            level,
            is_joined,
            facts: facts.clone(),
        }));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_its_own_tasks() {
    let store = Store::start([]).await;
    let node = Node::new(&store.url);
    node.list_pods(&fs::read_to_string(corpus().join("pods.json")).unwrap());
    let truths = fs::read_to_string(corpus().join("truth.jsonl")).unwrap();
    let truths: Vec<Truth> =
        truths.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for truth in &truths {
        let to = node.config.pods_folder.join(truth.file.strip_prefix("pods/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(corpus().join(&truth.file), to).unwrap();
    }
    let mut running = node.start();
    running.drained().await;
    running.stop().await.unwrap();
    let mut stored = stored(&store);
    for truth in &truths {
        let pod = truth.file.split('_').nth(1).unwrap();
        for (stream, lines) in written(truth) {
            let found = stored.remove(&(pod.to_owned(), stream)).unwrap();
            assert_eq!(found.len(), lines.len(), "in {}", truth.file);
            for (found, line) in found.iter().zip(lines) {
                assert_eq!(found.text, line.text, "in {}", truth.file);
                assert_eq!(found.facts, line.facts, "of {}", line.text);
                let is_right = found.level == line.level || found.is_joined && line.level.is_none();
                assert!(is_right, "{:?} is the level of {line:?}", found.level);
            }
        }
    }
    assert!(stored.is_empty(), "nobody wrote {stored:?}");
}
