//! `cargo xtask bench restart`

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::args::Setup;
use super::dataset::{Dataset, time};
use super::server::{Server, binary};
use crate::report::{Report, Verdict};

/// How long a start may take that reads a log of a gigabyte.
const SECONDS_A_GIGABYTE: f64 = 10.0;
/// Nothing is flushed, so that all of it is in the log.
const TUNING: [&str; 5] = [
    "flush_age_milliseconds=86400000",
    "flush_bytes=1000000000000",
    "flush_rows=1000000000000",
    "head_bytes_max=1000000000000",
    "wal_bytes_max=1000000000000",
];

pub(super) async fn run(setup: &Setup) -> Result<Report> {
    let binary = binary(setup.binary.as_ref())?;
    let data = setup.data.join("restart");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let dataset = Dataset::new(&Setup { data, ..setup.clone() })?;
    let mut server = start(&binary, &dataset.store)?;
    server.wait_until_ready().await?;
    let pushed = dataset.push(&server).await?;
    // `kill -9`
    drop(server);
    let log_bytes = log_bytes(&dataset.store.join("wal"))?;

    let mut server = start(&binary, &dataset.store)?;
    let took = timed(server.wait_until_ready()).await?;
    let (cpu, memory) = (server.cpu_seconds()?, server.peak_memory_megabytes()?);
    let found = count(&server, &dataset).await?;

    let megabytes = log_bytes as f64 / 1e6;
    let seconds = took.as_secs_f64();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let rows = vec![
        row("lines", pushed.lines.to_string()),
        row("MB of lines", format!("{:.1}", pushed.line_bytes as f64 / 1e6)),
        row("MB in the log", format!("{megabytes:.1}")),
        row("seconds until it serves", format!("{seconds:.2}")),
        row("CPU seconds", format!("{cpu:.2}")),
        row("peak memory, MB", memory.to_string()),
        row("lines found then", found.to_string()),
    ];
    let mut details = Vec::new();
    if seconds > SECONDS_A_GIGABYTE * megabytes / 1000.0 {
        details.push(format!("{seconds:.1} s, {SECONDS_A_GIGABYTE} a GB are allowed"));
    }
    if found != pushed.lines {
        details.push(format!("{} lines were acknowledged, {found} are there", pushed.lines));
    }
    let verdict = if details.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    let figures = format!(
        "bench restart: {megabytes:.0} MB in the log, {seconds:.2} s, {memory} MB of memory, {} \
         short",
        details.len()
    );
    Ok(Report { head: vec!["figure", "value"], rows, details, figures, verdict })
}

fn start(binary: &Path, data: &Path) -> Result<Server> {
    let tunings = TUNING.into_iter().flat_map(|tuning| ["--tune", tuning]);
    Server::launch(Command::new(binary), "serve", data, tunings)
}

#[expect(clippy::disallowed_methods, reason = "a measurement is about the machine's own time")]
async fn timed(work: impl Future<Output = Result<()>>) -> Result<Duration> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

fn log_bytes(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

/// How many lines there are.
async fn count(server: &Server, dataset: &Dataset) -> Result<u64> {
    let hours = dataset.spec.hours + 1;
    let query = format!(r#"sum(count_over_time({{namespace="airflow"}}[{hours}h]))"#);
    let params = [("query", query), ("time", time(dataset.range().end))];
    let text = server.get("/loki/api/v1/query", &params).await?;
    let answer: serde_json::Value = serde_json::from_str(&text)?;
    let value = answer["data"]["result"][0]["value"][1].as_str();
    let value = value.and_then(|value| value.parse().ok());
    value.with_context(|| format!("a count is answered with {text}"))
}
