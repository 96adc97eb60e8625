//! `cargo xtask bench import`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::Instant;

use super::args::Setup;
use super::ingest::sample;
use super::receiver::Receiver;
use super::server::{Server, binary, cpu_seconds_of_ended_children};
use crate::command::attribution::corpus::{self, Corpus};
use crate::report::{self, Report, Verdict};

/// Where the real task logs are, of which there are to be many.
const CORPORA: &str = "crates/airflow/tests/corpora";
/// The share of the store's own speed that an import is to reach.
const SHARE: f64 = 0.5;
/// Pushes on their way at once, where the store alone is measured.
const AT_ONCE: usize = 4;

pub(super) async fn run(setup: &Setup) -> Result<Report> {
    let binary = binary(setup.binary.as_ref())?;
    let data = setup.data.join("import");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let logs = Logs::write(&data.join("logs"), setup.megabytes)?;
    let receiver = Receiver::keep().await?;
    let alone = import(&binary, &logs, &format!("http://{}", receiver.address)).await?;
    let bodies = receiver.bodies();
    let store = push(&binary, &data.join("pushed"), &bodies).await?;
    let (whole, server) = whole(&binary, &logs, &data.join("imported")).await?;

    let megabytes = logs.bytes as f64 / 1e6;
    let cost = |name: &str, cost: Cost| {
        vec![
            name.to_owned(),
            format!("{:.1}", cost.seconds),
            format!("{:.1}", megabytes / cost.seconds),
            format!("{:.1}", cost.cpu),
        ]
    };
    let rows = vec![
        cost("the import, to one that keeps nothing", alone),
        cost("the store, the same pushes", store),
        cost("the import, to the store", whole),
        cost("the store at that", Cost { cpu: server, ..whole }),
    ];
    let share = store.seconds / whole.seconds;
    let mut details = vec![format!(
        "{megabytes:.0} MB in {} files, {} entries, {} pushes",
        logs.files,
        store.entries,
        bodies.len()
    )];
    if store.entries != whole.entries {
        bail!("{} entries were pushed, and {} imported", store.entries, whole.entries);
    }
    let is_short = share < SHARE;
    if is_short {
        details.push(format!("{share:.2} of the store's speed, {SHARE} is wanted"));
    }
    let verdict = if is_short { Verdict::FallsShort } else { Verdict::Holds };
    let figures = format!(
        "bench import: {:.1} MB a second, {share:.2} of the store's own speed, {} short",
        megabytes / whole.seconds,
        u8::from(is_short),
    );
    let head = vec!["what", "seconds", "MB of logs a second", "CPU seconds"];
    Ok(Report { head, rows, details, figures, verdict })
}

/// What something took.
#[derive(Clone, Copy, Default)]
struct Cost {
    seconds: f64,
    cpu: f64,
    /// What the server has stored.
    entries: u64,
}

/// A folder with task logs.
struct Logs {
    path: PathBuf,
    bytes: u64,
    files: u64,
}

impl Logs {
    /// Real task logs, again and again under other names of DAGs.
    fn write(path: &Path, megabytes: u64) -> Result<Self> {
        let mut logs = Self { path: path.to_owned(), bytes: 0, files: 0 };
        let corpora = corpus::find(&[CORPORA.into()])?;
        let corpora = corpora.iter().map(|path| Corpus::read(path)).collect::<Result<Vec<_>>>()?;
        let progress = report::progress(megabytes, "MB of task logs written");
        for copy in 0.. {
            for corpus in &corpora {
                logs.copy(corpus, copy)?;
                progress.set_position(logs.bytes / 1_000_000);
                if logs.bytes >= megabytes * 1_000_000 {
                    progress.finish_and_clear();
                    return Ok(logs);
                }
            }
            if logs.bytes == 0 {
                bail!("{CORPORA} has no task logs");
            }
        }
        Ok(logs)
    }

    fn copy(&mut self, corpus: &Corpus, copy: u32) -> Result<()> {
        let suffix = format!("-{}-{copy}", corpus.name.replace(['/', '.'], "-"));
        for (name, content) in &corpus.files {
            let below = name.strip_prefix("task-logs/dag_id=").and_then(|it| it.split_once('/'));
            let Some((dag, file)) = below else { continue };
            let path = self.path.join(format!("dag_id={dag}{suffix}")).join(file);
            fs::create_dir_all(path.parent().context("a file in a folder")?)?;
            fs::write(path, content)?;
            self.bytes += content.len() as u64;
            self.files += 1;
        }
        Ok(())
    }
}

/// Imports the logs, each time as if for the first.
async fn import(binary: &Path, logs: &Logs, address: &str) -> Result<Cost> {
    let journal = logs.path.with_extension("journal");
    if journal.exists() {
        fs::remove_dir_all(&journal)?;
    }
    let mut command = Command::new(binary);
    command.arg("import").arg(&logs.path).args(["--addr", address, "--stopped"]);
    command.args(["--label", "namespace=airflow", "--journal-dir"]).arg(&journal);
    command.stdout(Stdio::null());
    let (start, before) = (Instant::now(), cpu_seconds_of_ended_children()?);
    // The receiver, if it is one, answers from this thread.
    let status = tokio::task::spawn_blocking(move || command.status()).await??;
    if !status.success() {
        bail!("the import ended with {status}");
    }
    let cpu = cpu_seconds_of_ended_children()? - before;
    Ok(Cost { seconds: start.elapsed().as_secs_f64(), cpu, entries: 0 })
}

/// The import into a store, and the CPU seconds of that.
async fn whole(binary: &Path, logs: &Logs, data: &Path) -> Result<(Cost, f64)> {
    let server = Server::start(binary, data).await?;
    let cost = import(binary, logs, &server.address).await?;
    let entries = entries(&server).await?;
    Ok((Cost { entries, ..cost }, server.cpu_seconds()?))
}

/// Pushes the same to a store that does nothing else.
async fn push(binary: &Path, data: &Path, bodies: &[Vec<u8>]) -> Result<Cost> {
    let server = Server::start(binary, data).await?;
    let start = Instant::now();
    let pushes =
        bodies.iter().map(|body| server.post_until_taken("/loki/api/v1/push", body.clone()));
    stream::iter(pushes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Cost { seconds, cpu: server.cpu_seconds()?, entries: entries(&server).await? })
}

/// How many entries a server has stored.
async fn entries(server: &Server) -> Result<u64> {
    sample(&server.get("/metrics", &[]).await?, "store_appended_lines_total")
}
