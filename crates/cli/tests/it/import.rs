//! `barogram import` as it is typed: the log folders of three real deployments, against what is
//! known of every line.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use loki::response::{QueryResponse, QueryResult, StreamValues};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use crate::ask;
use crate::site::{Process, Site, run, until};

/// The logs tell times that may be in the future of the machine that runs the test.
const SETTINGS: &str = "limits_config:\n  max_entries_limit_per_query: 0\n  max_query_length: 0\n  \
                        creation_grace_period: 876000h\n";
/// More than there is.
const ALL: &str = "1000000";

#[derive(Debug, Deserialize)]
struct Truth {
    file: String,
    dag_id: String,
    run_id: String,
    task_id: String,
    try_number: u32,
    map_index: i32,
}

/// How often each line of each log is there.
type Lines = BTreeMap<String, BTreeMap<String, usize>>;

/// Log folders, unpacked.
struct Folders(TempDir);

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let packed =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../collector/tests/data/task-logs.tar.zst");
        let bytes = zstd::decode_all(std::fs::File::open(packed).unwrap()).unwrap();
        tar::Archive::new(&*bytes).unpack(folder.path()).unwrap();
        Self(folder)
    }

    fn of(&self, deployment: &str) -> PathBuf {
        self.0.path().join("task-logs").join(deployment)
    }

    fn logs(&self, deployment: &str) -> String {
        self.of(deployment).join("logs").display().to_string()
    }

    /// The lines of all logs of tasks, by whose they are.
    fn truth(&self, deployment: &str) -> Lines {
        let mut lines = Lines::new();
        let folder = self.of(deployment);
        let truths = std::fs::read_to_string(folder.join("truth.jsonl")).unwrap();
        for truth in truths.lines().map(|row| serde_json::from_str::<Truth>(row).unwrap()) {
            let Truth { file, dag_id, run_id, task_id, try_number, map_index } = truth;
            let component = if file.contains(".trigger.") { "triggerer" } else { "worker" };
            let whose = [&dag_id, &run_id, &task_id].map(String::as_str).join("/");
            let whose = format!("{component} {whose}/{map_index}/{try_number} log-path");
            let bytes = std::fs::read(folder.join("logs").join(file)).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let own = lines.entry(whose).or_default();
            for line in text.split_terminator('\n') {
                *own.entry(line.to_owned()).or_default() += 1;
            }
        }
        lines
    }
}

/// A server that takes lines of any time.
async fn server(site: &Site, settings: &str) -> Process {
    std::fs::write(site.path().join("loki.yaml"), format!("{SETTINGS}{settings}")).unwrap();
    Process::start(&site.serve()).await
}

/// Runs an import, which must end with this code, and gives what it printed on both ways.
async fn import(site: &Site, url: &str, logs: &str, more: &[&str], code: i32) -> (String, String) {
    let output = run(&arguments(site, url, logs, more)).await;
    let [out, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert_eq!(output.status.code(), Some(code), "{out}{errors}");
    (out, errors)
}

fn arguments(site: &Site, url: &str, logs: &str, more: &[&str]) -> Vec<String> {
    let journals = site.path().join("journals").display().to_string();
    let line = ["import", logs, "--addr", url, "--label", "namespace=airflow", "--stopped"];
    let line = [&line[..], &["--journal-dir", &journals], more].concat();
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// All that a server has.
async fn stored(url: &str, selector: &str) -> Vec<StreamValues> {
    let params = [
        ("query", selector),
        ("limit", ALL),
        ("direction", "forward"),
        ("start", "2026-11-20T00:00:00Z"),
        ("end", "2026-11-24T00:00:00Z"),
    ];
    let response: QueryResponse = ask::get(url, "/loki/api/v1/query_range", &params).await.parse();
    match response.data.result {
        QueryResult::Streams(streams) => streams,
        other => panic!("{selector} is answered with {other:?}"),
    }
}

/// The same as the truth has it.
fn lines(streams: &[StreamValues]) -> Lines {
    let mut lines = Lines::new();
    for stream in streams {
        for entry in &stream.values {
            let told = entry.categories.iter().flat_map(|told| &told.structured_metadata);
            let metadata: BTreeMap<&str, &str> = told.map(|(k, v)| (&**k, &**v)).collect();
            let fact = |name: &str| {
                let label = stream.stream.get(name).map(String::as_str);
                label.or(metadata.get(name).copied()).unwrap_or("?").to_owned()
            };
            let whose = ["dag_id", "run_id", "task_id", "map_index", "try_number"].map(fact);
            let whose =
                format!("{} {} {}", fact("component"), whose.join("/"), fact("attributed_by"));
            let own = lines.entry(whose).or_default();
            for line in entry.line.split('\n') {
                *own.entry(line.to_owned()).or_default() += 1;
            }
        }
    }
    lines
}

#[track_caller]
fn assert_same(found: &Lines, truth: &Lines) {
    for whose in found.keys().chain(truth.keys()) {
        assert_eq!(found.get(whose), truth.get(whose), "of {whose}");
    }
}

fn count(streams: &[StreamValues]) -> usize {
    streams.iter().map(|stream| stream.values.len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_three_versions_wrote_is_stored_once_and_right() {
    let (site, folders) = (Site::new(), Folders::new());
    let process = server(&site, "").await;
    let mut entries = BTreeMap::new();
    for (deployment, files) in [("airflow2", 108), ("airflow3", 108), ("airflow3.0", 45)] {
        let logs = folders.logs(deployment);
        let label = format!("cluster={deployment}");
        let (out, errors) = import(&site, &process.url, &logs, &["--label", &label], 0).await;
        assert!(out.starts_with(&format!("imported: {files} files, ")), "{out}");
        assert!(out.contains("left out, since they are no logs of tasks: "), "{out}");
        assert_eq!(errors, "");
        let streams = stored(&process.url, &format!("{{cluster=\"{deployment}\"}}")).await;
        assert_same(&lines(&streams), &folders.truth(deployment));
        entries.insert(deployment, (count(&streams), label));
    }
    for (deployment, (before, label)) in entries {
        let logs = folders.logs(deployment);
        let (out, _) = import(&site, &process.url, &logs, &["--label", &label], 0).await;
        assert!(out.starts_with("imported: 0 files, 0 entries"), "{out}");
        assert!(out.contains("\nimported before: "), "{out}");
        // By somebody who knows nothing of the first.
        let (out, _) = import(&Site::new(), &process.url, &logs, &["--label", &label], 0).await;
        assert!(out.contains(&format!(" {before} entries")), "{before}: {out}");
        let streams = stored(&process.url, &format!("{{cluster=\"{deployment}\"}}")).await;
        assert_eq!(count(&streams), before);
    }
    process.stop().await;
}

/// Stands before a server and lets so many pushes through; what becomes of others the status tells,
/// and without one they are never answered.
#[derive(Clone)]
struct Gate {
    server: String,
    left: Arc<AtomicUsize>,
    otherwise: Option<StatusCode>,
}

impl Gate {
    async fn open(server: &str, left: usize, otherwise: Option<StatusCode>) -> (Self, String) {
        let gate = Self { server: server.to_owned(), left: Arc::new(left.into()), otherwise };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(Self::pass).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (gate, url)
    }

    async fn pass(State(gate): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let less = |left: usize| left.checked_sub(1);
        if gate.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            let Some(status) = gate.otherwise else { return std::future::pending().await };
            gate.left.store(usize::MAX, Ordering::SeqCst);
            return status;
        }
        let kind = headers["content-type"].to_str().unwrap();
        let answer = ask::post(&gate.server, kind, body.to_vec()).await.unwrap();
        StatusCode::from_u16(answer.status).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_goes_on_where_it_was() {
    let (site, folders) = (Site::new(), Folders::new());
    let process = server(&site, "").await;
    let logs = folders.logs("airflow3");
    let (gate, url) = Gate::open(&process.url, 6, None).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_barogram"))
        .args(arguments(&site, &url, &logs, &[]))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the gate is shut", || gate.left.load(Ordering::SeqCst) == 0).await;
    let journals = site.path().join("journals");
    let journaled = || {
        let files = std::fs::read_dir(&journals).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::metadata(file.path()).ok()).map(|it| it.len()).sum::<u64>()
    };
    until("something is noted", || journaled() > 2000).await;
    child.kill().await.unwrap();
    let some = count(&stored(&process.url, r#"{namespace="airflow"}"#).await);
    gate.left.store(usize::MAX, Ordering::SeqCst);
    let (out, _) = import(&site, &url, &logs, &[], 0).await;
    let streams = stored(&process.url, r#"{namespace="airflow"}"#).await;
    let all = count(&streams);
    assert_same(&lines(&streams), &folders.truth("airflow3"));
    let words: Vec<&str> = out.split(' ').collect();
    let again: usize = words[3].parse().unwrap();
    assert!(0 < some && some < all && again < all, "{some} and {again} of {all}: {out}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_read_as_files_are() {
    let (site, folders) = (Site::new(), Folders::new());
    let process = server(&site, "").await;
    let url = format!("file://{}", folders.logs("airflow3.0"));
    import(&site, &process.url, &url, &[], 0).await;
    let streams = stored(&process.url, r#"{namespace="airflow"}"#).await;
    assert_same(&lines(&streams), &folders.truth("airflow3.0"));
    // The other way the same entries come.
    import(&site, &process.url, &folders.logs("airflow3.0"), &[], 0).await;
    assert_eq!(count(&stored(&process.url, r#"{namespace="airflow"}"#).await), count(&streams));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_cannot_take_now_is_tried_again() {
    let (site, folders) = (Site::new(), Folders::new());
    let process = server(&site, "").await;
    let busy = Some(StatusCode::SERVICE_UNAVAILABLE);
    let (_, url) = Gate::open(&process.url, 0, busy).await;
    let (_, errors) = import(&site, &url, &folders.logs("airflow3.0"), &[], 0).await;
    assert!(errors.contains("503") && errors.contains("it is tried again in "), "{errors}");
    let streams = stored(&process.url, r#"{namespace="airflow"}"#).await;
    assert_same(&lines(&streams), &folders.truth("airflow3.0"));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_and_the_rest_is_stored() {
    let (site, folders) = (Site::new(), Folders::new());
    let process = server(&site, "  max_line_size: 4KB\n").await;
    let logs = folders.logs("airflow3.0");
    let (out, errors) = import(&site, &process.url, &logs, &[], 2).await;
    assert!(out.contains("/task_id=bash_bytes/attempt=1.log: the server answered 400 "), "{out}");
    assert!(out.contains("\nrefused: 1 of dag_id=messy_output/"), "{out}");
    assert!(out.contains("max entry size '4096' bytes exceeded for stream"), "{out}");
    assert!(errors.starts_with("error: not all is imported: "), "{errors}");
    let streams = stored(&process.url, r#"{namespace="airflow"}"#).await;
    let mut truth = folders.truth("airflow3.0");
    truth.values_mut().for_each(|own| own.retain(|line, _| line.len() <= 4096));
    assert_same(&lines(&streams), &truth);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_so() {
    let (site, folders) = (Site::new(), Folders::new());
    let token = site.path().join("token");
    std::fs::write(&token, "secret").unwrap();
    let token = token.display().to_string();
    let line = [&site.serve()[..], &["--token-file".to_owned(), token.clone()]].concat();
    let process = Process::start(&line).await;
    let logs = folders.logs("airflow3.0");
    let (_, errors) = import(&site, &process.url, &logs, &[], 1).await;
    assert!(errors.contains("401") && errors.contains("--bearer-token"), "{errors}");
    let (_, errors) = import(&site, &format!("{}/no", process.url), &logs, &[], 1).await;
    assert!(errors.contains("run it again to go on"), "{errors}");
    let (_, errors) = import(&site, &process.url, "nowhere", &[], 1).await;
    assert!(errors.contains("failed to read the log folder nowhere"), "{errors}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_read_on() {
    let site = Site::new();
    let process = server(&site, "").await;
    let folder = site.path().join("logs");
    let run = folder.join("dag_id=d/run_id=manual__2026-11-22T08:00:00+00:00/task_id=t");
    std::fs::create_dir_all(&run).unwrap();
    let record = |second: u32, text: &str| {
        format!("[2026-11-22T08:00:{second:02}.000+0000] {{x.py:1}} ERROR - {text}\n")
    };
    let traceback = "Traceback (most recent call last):\n  File \"x\"\nKeyError: 'x'\n";
    let whole = record(1, "a") + &record(1, "a") + traceback + &record(2, "b");
    let packed = record(3, "packed");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(packed.as_bytes()).unwrap();
    std::fs::write(run.join("attempt=2.log.gz"), encoder.finish().unwrap()).unwrap();
    let old = folder.join("old/t/2026-11-22T08:00:00+00:00");
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join("1.log"), record(4, "of old")).unwrap();
    let logs = folder.display().to_string();
    let journals = site.path().join("journals").display().to_string();
    // Whoever reads it in one go, in the end.
    let line = ["import", &logs, "--addr", &process.url, "--journal-dir", &journals];
    let mut printed = Vec::new();
    for end in [10, whole.find("  File").unwrap() + 3, whole.len() - 3, whole.len()] {
        std::fs::write(run.join("attempt=1.log"), &whole[..end]).unwrap();
        let output = crate::site::run(&line).await;
        printed.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(printed[0].contains("left open: the last lines of 1 file, "), "{}", printed[0]);
    assert!(printed[3].contains(" 2 entries, ") && !printed[3].contains("left"), "{printed:?}");
    let before = count(&stored(&process.url, r#"{app="airflow"}"#).await);
    let again = [&line[..4], &["--stopped", "--journal-dir", "/dev/null/none"]].concat();
    assert_ne!(crate::site::run(&again).await.status.code(), Some(0), "no journal can be there");
    let fresh = site.path().join("fresh").display().to_string();
    let again = [&line[..4], &["--stopped", "--journal-dir", &fresh]].concat();
    assert_eq!(crate::site::run(&again).await.status.code(), Some(0));
    let streams = stored(&process.url, r#"{app="airflow"}"#).await;
    assert_eq!((before, count(&streams)), (6, 6), "{printed:?}");
    let lines = lines(&streams);
    let run = "manual__2026-11-22T08:00:00+00:00";
    let whose: Vec<&str> = lines.keys().map(String::as_str).collect();
    let expect = [
        format!("worker d/{run}/t/-1/1 log-path"),
        format!("worker d/{run}/t/-1/2 log-path"),
        "worker old/?/t/?/1 log-path".to_owned(),
    ];
    assert_eq!(whose, expect);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_what_there_is_and_sends_nothing() {
    let (site, folders) = (Site::new(), Folders::new());
    let logs = folders.logs("airflow2");
    let nobody = "http://127.0.0.1:9";
    let (out, _) = import(&site, nobody, &logs, &["--dry-run", "-z", "UTC"], 0).await;
    assert!(out.starts_with("to be imported: 108 files, "), "{out}");
    assert!(
        out.contains("\nruns from 2026-11-10T00:00:00Z to ") && out.contains(" in scheduler"),
        "{out}"
    );
    assert!(!site.path().join("journals").exists());
    let more = ["--dry-run", "--since", "2026-11-22T00:00:00Z", "--until", "2026-11-22T08:00:00Z"];
    let (some, _) = import(&site, nobody, &logs, &more, 0).await;
    assert!(!some.starts_with("to be imported: 108 files, "), "{some}");
    let (_, errors) = import(&site, nobody, &logs, &["--label", "dag_id=x"], 1).await;
    assert!(errors.contains("--label dag_id is set from the files"), "{errors}");
}
