//! What real deployments wrote into the log files of tasks (2.10.5, 3.0.6, 3.3.2), through the
//! reader, against what is known of every line.
//!
//! The archive holds the log folders of three deployments as Airflow left them, and the truth: for
//! each file the try whose it is, and a letter for the level of each line.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use airflow::path::LogPath;
use barogram_collector::{TaskEntry, TaskLog, TaskPlace};
use model::{Labels, Timestamp};
use serde::Deserialize;

/// Bytes that are read at once: small, so that it falls in the middle of lines.
const CHUNK: usize = 1000;
/// Of the places to read on from, one in so many is tried, and the whole rest is read from there.
const TRIED: usize = 997;

#[derive(Debug, Deserialize)]
struct Truth {
    file: String,
    dag_id: String,
    run_id: String,
    task_id: String,
    try_number: u32,
    map_index: i32,
    levels: String,
}

/// The files of the archive by their paths.
pub fn archive() -> BTreeMap<String, Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/task-logs.tar.zst");
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let mut archive = tar::Archive::new(&*bytes);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (path.strip_prefix("task-logs/").unwrap_or_default().to_owned(), bytes)
    });
    files.collect()
}

/// The entries of a file from a place on, in pieces of so many bytes.
fn read(path: &str, bytes: &[u8], place: TaskPlace, chunk: usize) -> Vec<TaskEntry> {
    let path = LogPath::parse(path).unwrap();
    let mut log = TaskLog::new(&path, &Labels::default(), place, Timestamp(0));
    let from = usize::try_from(place.from).unwrap();
    bytes[from..].chunks(chunk).for_each(|chunk| log.feed(chunk));
    log.end();
    log.take()
}

/// What the labels and the metadata of an entry say, as the truth has it.
fn facts(entry: &TaskEntry) -> String {
    let metadata = &entry.entry.metadata;
    let fact = |name: &str| entry.labels.get(name).or_else(|| metadata.get(name)).unwrap_or("-");
    ["dag_id", "run_id", "task_id", "map_index", "try_number"].map(fact).join("/")
}

#[track_caller]
fn check(truth: &Truth, bytes: &[u8]) {
    let entries = read(&truth.file, bytes, TaskPlace::default(), usize::MAX);
    assert_eq!(read(&truth.file, bytes, TaskPlace::default(), CHUNK), entries);
    let Truth { dag_id, run_id, task_id, map_index, try_number, .. } = truth;
    let task = format!("{dag_id}/{run_id}/{task_id}/{map_index}/{try_number}");
    let text = String::from_utf8_lossy(bytes);
    let (mut lines, mut levels) = (text.split_terminator('\n'), truth.levels.chars());
    for entry in &entries {
        assert_eq!(facts(entry), task);
        let level = entry.labels.get("level").and_then(|level| level.chars().next());
        for (at, line) in entry.entry.line.split('\n').enumerate() {
            assert_eq!(Some(line), lines.next(), "in {}", truth.file);
            let expect = levels.next().filter(|level| *level != '-');
            // What is joined to a record's traceback has no level of its own.
            let is_tracebacks = entry.entry.line.contains('\n') && expect.is_none();
            assert!(is_tracebacks || level == expect, "{level:?} of line {at} of {entry:?}");
        }
    }
    assert_eq!((lines.next(), levels.next()), (None, None), "of {}", truth.file);
    let mut times: Vec<_> = entries.iter().map(|it| it.entry.timestamp).collect();
    times.sort_unstable();
    assert!(times.is_sorted_by(|a, b| a < b), "two entries have one time in {}", truth.file);
    let hours = times[times.len() - 1].since(times[0]).as_secs() / 3600;
    assert_eq!(hours, 0, "a forged time was believed in {}", truth.file);
    for at in (0..entries.len()).step_by(TRIED) {
        let rest = read(&truth.file, bytes, entries[at].place, CHUNK);
        let same =
            |(a, b): (&TaskEntry, &TaskEntry)| (&a.labels, &a.entry) == (&b.labels, &b.entry);
        assert_eq!(rest.len(), entries.len() - at - 1, "of {} from {at}", truth.file);
        assert!(rest.iter().zip(&entries[at + 1..]).all(same), "of {} from {at}", truth.file);
    }
}

#[test]
fn every_line_of_real_task_logs_is_right() {
    let files = archive();
    let mut lines = 0;
    for (name, rows) in files.iter().filter(|(name, _)| name.ends_with("truth.jsonl")) {
        for row in rows.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
            let truth: Truth = serde_json::from_slice(row).unwrap();
            let folder = name.strip_suffix("truth.jsonl").unwrap();
            check(&truth, &files[&format!("{folder}logs/{}", truth.file)]);
            lines += truth.levels.len();
        }
    }
    assert_eq!(lines, 16_961 + 14_148 + 714);
}

#[test]
fn files_of_other_sorts_are_no_task_logs() {
    let files = archive();
    let logs = files.keys().filter_map(|name| name.split_once("/logs/")).map(|(_, path)| path);
    let (tasks, others): (Vec<_>, Vec<_>) =
        logs.filter(|path| path.ends_with(".log")).partition(|path| LogPath::parse(path).is_some());
    assert!(tasks.iter().all(|path| path.starts_with("dag_id=")), "{tasks:?}");
    assert!(others.iter().all(|path| !path.starts_with("dag_id=")), "{others:?}");
    assert_eq!((tasks.len(), others.len()), (108 + 108 + 45, 37));
}
