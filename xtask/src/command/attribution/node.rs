//! A corpus as a node of a cluster, with the real binary on it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use airflow::record::parse_time;
use anyhow::{Context as _, Result, bail};
use loki::time::time_text;
use model::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::corpus::Corpus;
use super::run::Hide;
use crate::command::bench::server::Server;
use crate::paged::{self, Shown};

/// How long nothing new may come before all is taken to be there. What ran is kept a quarter of a
/// minute after the last news of it.
const SILENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How far around a deployment's runs lines and records are looked for.
const AROUND: Duration = Duration::from_hours(6);
/// Every line that a collector brings has one of these.
const ALL_LINES: &str = r#"{source!="airflow.lifecycle", service_name=~".+"}"#;
/// The most tries or runs that one answer may have: the API's own limit.
const RECORDS_MAX: usize = 5000;

/// What the store has of a corpus after the collector has read all of it.
pub(super) struct Stored {
    pub(super) lines: Vec<Shown>,
    /// The answers of `/airflow/v1/tries` and `/airflow/v1/runs`.
    pub(super) tries: Vec<Value>,
    pub(super) runs: Vec<Value>,
}

/// Lays the corpus out below a folder, runs the binary there until nothing more comes, and reads
/// all back.
pub(super) async fn play(
    corpus: &Corpus,
    hide: Option<Hide>,
    binary: &Path,
    folder: &Path,
) -> Result<Stored> {
    lay_out(corpus, hide, folder)?;
    let log = folder.join("barogram.log");
    let mut command = Command::new(binary);
    command.stderr(File::create(&log)?);
    let [pods, pods_file, task_logs] =
        ["pods", "pods.json", "task-logs"].map(|name| folder.join(name).display().to_string());
    let mut arguments = vec!["--pods-dir", &pods, "--pods-file", &pods_file];
    arguments.extend(["--task-logs", "on", "--task-logs-dir", &task_logs]);
    let mut server = Server::launch(command, "up", &folder.join("data"), arguments)?;
    let failed = || format!("barogram does not start; see {}", log.display());
    server.wait_until_ready().await.with_context(failed)?;
    let range = span(corpus)?;
    settle(&server, range).await?;
    let lines = paged::lines(&server, ALL_LINES, range).await?;
    let [tries, runs] = [records(&server, "tries", range), records(&server, "runs", range)];
    Ok(Stored { lines, tries: tries.await?, runs: runs.await? })
}

fn lay_out(corpus: &Corpus, hide: Option<Hide>, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for name in ["pods", "task-logs"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let is_log = |file: &str| file.starts_with("pods/") || file.starts_with("task-logs/");
    for (file, bytes) in corpus.files.iter().filter(|(file, _)| is_log(file)) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().context("a log has no folder")?)?;
        fs::write(&path, bytes)?;
    }
    let mut pods: Value = serde_json::from_slice(corpus.file("pods.json")?)?;
    let items = pods["items"].as_array_mut().context("pods.json is no PodList")?;
    match hide {
        Some(Hide::Annotations) => {
            items.iter_mut().for_each(|pod| pod["metadata"]["annotations"] = json!({}));
        }
        Some(Hide::Pods) => items.retain(|pod| !is_executors(pod)),
        None => {}
    }
    Ok(fs::write(folder.join("pods.json"), serde_json::to_vec(&pods)?)?)
}

/// Whether the KubernetesExecutor made the pod.
fn is_executors(pod: &Value) -> bool {
    let labels = &pod["metadata"]["labels"];
    !labels["kubernetes_executor"].is_null() || !labels["airflow-worker"].is_null()
}

/// From before the first run to after the last.
fn span(corpus: &Corpus) -> Result<(Timestamp, Timestamp)> {
    let rows = corpus.rows("truth_runs.jsonl")?;
    let keys = ["queued_at", "start_date", "end_date"];
    let texts = rows.iter().flat_map(|row| keys.iter().filter_map(|key| row[*key].as_str()));
    let times: Vec<Timestamp> = texts.filter_map(parse_time).map(|stamp| stamp.at).collect();
    let first = times.iter().min().context("no run has a time")?;
    let last = times.iter().max().context("no run has a time")?;
    Ok((*first - AROUND, *last + AROUND))
}

/// Waits until nothing more has come for a while, neither lines nor records of what ran.
async fn settle(server: &Server, range: (Timestamp, Timestamp)) -> Result<()> {
    let (mut count, mut since) = (entries(server, range).await?, Instant::now());
    while since.elapsed() < SILENCE {
        sleep(LOOK_AGAIN).await;
        let now = entries(server, range).await?;
        if now != count {
            (count, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// How many entries there are of anything.
async fn entries(server: &Server, (start, end): (Timestamp, Timestamp)) -> Result<String> {
    let seconds = end.since(start).as_secs();
    let query = format!(r#"sum(count_over_time({{service_name=~".+"}}[{seconds}s]))"#);
    let params = [("query", query), ("time", time_text(end))];
    let answer: Value = serde_json::from_str(&server.get("/loki/api/v1/query", &params).await?)?;
    Ok(answer["data"]["result"][0]["value"][1].as_str().unwrap_or("0").to_owned())
}

async fn records(
    server: &Server,
    what: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Value>> {
    let limit = RECORDS_MAX.to_string();
    let params = [("start", time_text(start)), ("end", time_text(end)), ("limit", limit)];
    let mut answer: Value =
        serde_json::from_str(&server.get(&format!("/airflow/v1/{what}"), &params).await?)?;
    let Value::Array(records) = answer[what].take() else { bail!("no {what} in an answer") };
    Ok(records)
}
