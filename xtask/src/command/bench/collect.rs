//! `cargo xtask bench collect`

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use kubelet::{Format, PodSpec, record};
use model::{Clock, SystemClock, Timestamp};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::args::Setup;
use super::receiver::Receiver;
use super::server::{binary, cpu_seconds, peak_memory_megabytes};
use crate::report::{self, Report, Verdict};

/// Megabytes of logs that a CPU second of the agent is to take.
const MEGABYTES_A_CPU_SECOND: f64 = 150.0;
/// Megabytes of memory that it is to stay below with [`MANY`] files.
const MEMORY_MEGABYTES: u64 = 40;
/// The share of a core that it may take at [`TRICKLE`].
const CPU_PERCENT: f64 = 1.0;
/// Files that are read at once for the throughput.
const FILES: usize = 50;
/// Many files, and how many lines a second come in all.
const MANY: (usize, u64) = (500, 5000);
/// A quiet node: files, and lines a second.
const TRICKLE: (usize, u64) = (50, 50);
/// How long each of the two takes.
const TIME: Duration = Duration::from_secs(20);
/// How often lines are written in it.
const TICK: Duration = Duration::from_millis(10);
/// How long the agent may need for all of it.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn run(setup: &Setup) -> Result<Report> {
    let binary = binary(setup.binary.as_ref())?;
    let data = setup.data.join("collect");
    let (speed, text_speed, peak) = throughput(&binary, &data, setup).await?;
    let many = steady(&binary, &data, MANY).await?;
    let trickle = steady(&binary, &data, TRICKLE).await?;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let rows = vec![
        row("MB of logs a CPU second", format!("{speed:.1}")),
        row("MB of lines a CPU second, without the records' heads", format!("{text_speed:.1}")),
        row("peak memory at that, MB", peak.to_string()),
        row("500 files, 5000 lines a second: peak memory, MB", many.memory.to_string()),
        row("500 files, 5000 lines a second: % of a core", format!("{:.1}", many.cpu_percent)),
        row("50 files, 50 lines a second: peak memory, MB", trickle.memory.to_string()),
        row("50 files, 50 lines a second: % of a core", format!("{:.2}", trickle.cpu_percent)),
    ];
    let mut details = Vec::new();
    if speed < MEGABYTES_A_CPU_SECOND {
        details.push(format!("{speed:.1} MB a CPU second, {MEGABYTES_A_CPU_SECOND} are wanted"));
    }
    if many.memory > MEMORY_MEGABYTES {
        details.push(format!("{} MB of memory, {MEMORY_MEGABYTES} are allowed", many.memory));
    }
    if trickle.cpu_percent > CPU_PERCENT {
        details.push(format!("{:.2} % of a core, {CPU_PERCENT} are allowed", trickle.cpu_percent));
    }
    let verdict = if details.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    let figures = format!(
        "bench collect: {speed:.1} MB a CPU second, {} MB of memory, {:.2} % of a core at a \
         trickle, {} short",
        many.memory,
        trickle.cpu_percent,
        details.len(),
    );
    Ok(Report { head: vec!["figure", "value"], rows, details, figures, verdict })
}

/// Megabytes of logs, and of lines alone, that a CPU second takes, and the most memory in MB.
async fn throughput(binary: &Path, data: &Path, setup: &Setup) -> Result<(f64, f64, u64)> {
    let node = Node::new(data, FILES)?;
    let written = node.fill(setup)?;
    let receiver = Receiver::start().await?;
    let agent = Agent::start(binary, &node, &receiver)?;
    let progress = report::progress(written.lines, "lines collected");
    let start = Instant::now();
    while receiver.lines() < written.lines {
        if start.elapsed() > PATIENCE {
            bail!("{} of {} lines came", receiver.lines(), written.lines);
        }
        progress.set_position(receiver.lines());
        sleep(TICK).await;
    }
    progress.finish_and_clear();
    let cpu = agent.cpu_seconds()?;
    let speed = |bytes: u64| bytes as f64 / 1e6 / cpu;
    Ok((speed(written.bytes), speed(written.text_bytes), agent.peak_memory_megabytes()?))
}

/// What a rate costs that is kept for a while.
struct Steady {
    memory: u64,
    cpu_percent: f64,
}

async fn steady(binary: &Path, data: &Path, (files, rate): (usize, u64)) -> Result<Steady> {
    let node = Node::new(data, files)?;
    let mut logs = node.logs()?;
    let receiver = Receiver::start().await?;
    let agent = Agent::start(binary, &node, &receiver)?;
    let mut written = 0;
    let progress = report::progress(TIME.as_secs(), "seconds of a steady rate");
    // The start is not what is measured.
    let mut begun = None;
    let start = Instant::now();
    for tick in 1..=u32::try_from(2 * TIME.as_millis() / TICK.as_millis())? {
        let due = u128::from(rate) * (TICK * tick).as_millis() / 1000;
        while u128::from(written) < due {
            let log = usize::try_from(written)? % files;
            let text = format!("[x] {{etl.py:57}} INFO - Processed {written} of 100000 records");
            let record = record(Format::Cri, SystemClock.now(), "stdout", false, text.as_bytes());
            logs[log].write_all(&record)?;
            written += 1;
        }
        if begun.is_none() && start.elapsed() >= TIME / 4 {
            begun = Some((Instant::now(), agent.cpu_seconds()?));
        }
        progress.set_position(start.elapsed().as_secs());
        if start.elapsed() >= TIME {
            break;
        }
        sleep_until(start + TICK * tick).await;
    }
    progress.finish_and_clear();
    let (since, cpu) = begun.context("the time was too short")?;
    let cpu_percent = 100.0 * (agent.cpu_seconds()? - cpu) / since.elapsed().as_secs_f64();
    sleep(Duration::from_secs(1)).await;
    if receiver.lines() < written {
        bail!("{} of {written} lines came", receiver.lines());
    }
    Ok(Steady { memory: agent.peak_memory_megabytes()?, cpu_percent })
}

/// A node's folder of logs.
struct Node {
    folder: PathBuf,
    pods: Vec<PodSpec>,
}

/// What was written to its logs.
#[derive(Default)]
struct Written {
    lines: u64,
    bytes: u64,
    text_bytes: u64,
}

impl Node {
    /// A node with so many pods, instead of what was there.
    fn new(folder: &Path, pods: usize) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join("pods"))?;
        let mut random = Rng::with_seed(1);
        let pods: Vec<PodSpec> = (0..pods).map(|no| PodSpec::of_task(no, &mut random)).collect();
        let items: Vec<_> = pods.iter().map(PodSpec::json).collect();
        fs::write(folder.join("pods.json"), json!({"items": items}).to_string())?;
        Ok(Self { folder: folder.to_owned(), pods })
    }

    /// The logs, empty.
    fn logs(&self) -> Result<Vec<File>> {
        let log = |pod: &PodSpec| {
            let folder = self.folder.join("pods").join(pod.folder()).join(&pod.container);
            fs::create_dir_all(&folder)?;
            Ok(File::create(folder.join("0.log"))?)
        };
        self.pods.iter().map(log).collect()
    }

    /// Writes generated logs of the size that is asked for: a DAG's task to each file.
    fn fill(&self, setup: &Setup) -> Result<Written> {
        let mut logs = self.logs()?;
        let spec = bench::Spec {
            seed: setup.seed,
            dags: FILES / 5,
            tasks: 5,
            line_bytes: setup.megabytes * 1_000_000,
            ..bench::Spec::default()
        };
        let (mut written, mut last) = (Written::default(), Timestamp(0));
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut rest: Vec<Vec<u8>> = vec![Vec::new(); logs.len()];
        for stream in spec.batches().flatten() {
            let name = ["dag_id", "task_id"].map(|name| stream.labels.get(name).unwrap_or("-"));
            let next = places.len() % logs.len();
            let place = *places.entry(name.join("/")).or_insert(next);
            for entry in &stream.entries {
                for line in entry.line.split('\n') {
                    last = entry.timestamp.max(Timestamp(last.as_nanos() + 1));
                    let record = record(Format::Cri, last, "stdout", false, line.as_bytes());
                    written.lines += 1;
                    written.bytes += record.len() as u64;
                    written.text_bytes += line.len() as u64 + 1;
                    rest[place].extend(record);
                }
            }
            logs[place].write_all(&std::mem::take(&mut rest[place]))?;
        }
        Ok(written)
    }
}

/// A running `barogram collect`. Dropped, it is killed.
struct Agent(Child);

impl Agent {
    fn start(binary: &Path, node: &Node, receiver: &Receiver) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["collect", "--push", &format!("http://{}", receiver.address)]);
        command.arg("--pods-dir").arg(node.folder.join("pods"));
        command.arg("--pods-file").arg(node.folder.join("pods.json"));
        command.arg("--state").arg(node.folder.join("state"));
        command.stdout(Stdio::null()).stderr(File::create(node.folder.join("barogram.log"))?);
        let failed = || format!("failed to start {}", binary.display());
        Ok(Self(command.spawn().with_context(failed)?))
    }

    fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.0.id())
    }

    fn peak_memory_megabytes(&self) -> Result<u64> {
        peak_memory_megabytes(self.0.id())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to be done then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
