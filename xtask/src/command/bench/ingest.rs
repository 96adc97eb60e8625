//! `cargo xtask bench ingest`

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::args::Setup;
use super::complete::complete;
use super::dataset::Dataset;
use super::server::{Server, binary};
use crate::report::{Report, Verdict};

/// Megabytes of lines that a CPU second of the server is to take in.
const MEGABYTES_A_CPU_SECOND: f64 = 60.0;
/// Megabytes of memory that the server is to stay below.
const MEMORY_MEGABYTES: u64 = 512;

pub(super) async fn run(setup: &Setup) -> Result<Report> {
    let binary = binary(setup.binary.as_ref())?;
    let data = setup.data.join("ingest");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let dataset = Dataset::new(&Setup { data, ..setup.clone() })?;
    let tunings = setup.tunings.iter().flat_map(|tuning| ["--tune", tuning]);
    let mut server = Server::launch(Command::new(&binary), "serve", &dataset.store, tunings)?;
    server.wait_until_ready().await?;
    let pushed = dataset.load(&server).await?;
    let (cpu, memory) = (server.cpu_seconds()?, server.peak_memory_megabytes()?);
    let metrics = server.get("/metrics", &[]).await?;

    let megabytes = pushed.line_bytes as f64 / 1e6;
    let stored = sample(&metrics, "store_live_segment_bytes")?;
    let merged = sample(&metrics, "store_merged_bytes_total")?;
    let written = objects(&dataset.store.join("objects"))?;
    drop(server);
    let complete = complete(&binary, &dataset.store).await?;
    let zstd = zstd_bytes(&dataset.text);
    let speed = megabytes / cpu;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let a_gigabyte = |count: u64| format!("{:.1}", count as f64 * 1000.0 / megabytes);
    let mut rows = vec![
        row("lines", pushed.lines.to_string()),
        row("MB of lines", format!("{megabytes:.1}")),
        row("pushes", pushed.pushes.to_string()),
        row("CPU seconds of the server", format!("{cpu:.2}")),
        row("MB a CPU second", format!("{speed:.1}")),
        row("peak memory, MB", memory.to_string()),
        row("segments", sample(&metrics, "store_live_segments")?.to_string()),
        row("objects in the folder a GB", a_gigabyte(written)),
        row("MB of segments", format!("{:.1}", stored as f64 / 1e6)),
        row("MB that merges have read", format!("{:.1}", merged as f64 / 1e6)),
        row("segments once the day is complete", complete.segments.to_string()),
        row("MB of these", format!("{:.1}", complete.bytes as f64 / 1e6)),
        row("CPU seconds to get there", format!("{:.2}", complete.cpu_seconds)),
    ];
    rows.extend(
        zstd.map(|bytes| row("MB of the text by zstd -3", format!("{:.1}", bytes as f64 / 1e6))),
    );
    let requests = requests(&metrics).into_iter();
    rows.extend(requests.map(|(name, count)| row(&format!("{name} a GB"), a_gigabyte(count))));
    let mut details = Vec::new();
    if speed < MEGABYTES_A_CPU_SECOND {
        details.push(format!("{speed:.1} MB a CPU second, {MEGABYTES_A_CPU_SECOND} are wanted"));
    }
    if memory > MEMORY_MEGABYTES {
        details.push(format!("{memory} MB of memory, {MEMORY_MEGABYTES} are allowed"));
    }
    if zstd.is_some_and(|bytes| complete.bytes > bytes) {
        details.push("more bytes at rest than zstd -3 makes of the text".to_owned());
    }
    let verdict = if details.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    let figures = format!(
        "bench ingest: {speed:.1} MB a CPU second, {memory} MB of memory, {} short",
        details.len()
    );
    Ok(Report { head: vec!["figure", "value"], rows, details, figures, verdict })
}

/// What the server counts of requests to its object store, if it does: these are paid for one by
/// one, and a read is no object that one could count afterwards.
fn requests(metrics: &str) -> Vec<(String, u64)> {
    let counters = metrics.lines().filter(|line| line.starts_with("store_object_requests_total"));
    counters
        .filter_map(|line| {
            let (name, count) = line.rsplit_once(' ')?;
            Some((name.to_owned(), count.parse().ok()?))
        })
        .collect()
}

/// A metric without labels.
pub(super) fn sample(metrics: &str, name: &str) -> Result<u64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(line.with_context(|| format!("the server has no metric {name}"))?.parse()?)
}

/// How many objects there are below a folder.
fn objects(folder: &Path) -> Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count += objects(&entry.path())?;
        } else {
            count += 1;
        }
    }
    Ok(count)
}

/// The size of the text when `zstd -3` has packed it; `None` where there is no such program.
fn zstd_bytes(text: &Path) -> Option<u64> {
    let packed = text.with_extension("txt.zst");
    let status = Command::new("zstd")
        .args(["-3", "-q", "-f", "-o"])
        .args([&packed, text])
        .stderr(Stdio::null())
        .status();
    let is_packed = status.is_ok_and(|status| status.success());
    is_packed.then(|| Some(fs::metadata(packed).ok()?.len())).flatten()
}
