//! The command: a node, the real binary on it, and the audit.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use kubelet::{Audit, Format, Kubelet, Ledger, Settings};
use model::{Clock, SystemClock, Timestamp};
use tokio::time::{Instant, sleep};

use super::found;
use super::life::{Plan, live};
use super::seen::Seen;
use crate::command::bench::server::{Server, binary};
use crate::report::{self, Report, Verdict};

/// How long it may be silent before what has not come is taken as lost.
const SILENCE: Duration = Duration::from_secs(6);
/// How far around the run lines are looked for.
const AROUND: Duration = Duration::from_secs(60);
/// What the time from write to acknowledged may be: the median,
const MEDIAN_MAX: Duration = Duration::from_millis(300);
/// and of ninety-nine lines in a hundred.
const P99_MAX: Duration = Duration::from_secs(1);

const EXAMPLE: &str = "\
Example:
  cargo xtask shortpods --pods 1000 --life 300ms --at-once 50";

/// Runs pods that live for a moment, and looks for every line of theirs
///
/// Each pod writes its lines, and its folder is removed at once with the last. Then all is read
/// back: every line once, said to be of the DAG, run, task, try and map index that wrote it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// How many pods there are
    #[arg(long, default_value_t = 1000)]
    pods: usize,
    /// How long each lives: 300ms, 2s
    #[arg(long, default_value = "300ms", value_parser = duration)]
    life: Duration,
    /// How many live at once
    #[arg(long, default_value_t = 50)]
    at_once: usize,
    /// How many lines each writes
    #[arg(long, default_value_t = 20)]
    lines: usize,
    /// Busy threads beside it, for a node that has no core to spare
    #[arg(long, default_value_t = 0)]
    load: usize,
    /// Decides pods and lines
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for data; what an earlier run has left there is removed
    #[arg(long, value_name = "DIR", default_value = "target/shortpods")]
    data: PathBuf,
    /// The binary (default: a release built from this tree)
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the binary does not start, or a file cannot be written.
pub fn run(args: &Args) -> Result<Verdict> {
    let binary = binary(args.binary.as_ref())?;
    if args.data.exists() {
        fs::remove_dir_all(&args.data)?;
    }
    fs::create_dir_all(&args.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(shortpods(args, Command::new(binary)))?.print()
}

/// What a run cost.
struct Cost {
    cpu_seconds: f64,
    memory_megabytes: u64,
    seconds: f64,
}

async fn shortpods(args: &Args, mut command: Command) -> Result<Report> {
    let settings = Settings {
        pods_folder: args.data.join("pods"),
        pods_file: args.data.join("pods.json"),
        format: Format::Cri,
        record_bytes_max: 16 * 1024,
        seed: args.seed,
    };
    let [pods_folder, pods_file] =
        [&settings.pods_folder, &settings.pods_file].map(|path| path.display().to_string());
    let mut kubelet = Kubelet::new(settings, Arc::new(SystemClock))?;
    kubelet.announce(args.pods)?;
    let log = args.data.join("barogram.log");
    command.stderr(File::create(&log)?);
    let arguments = ["--pods-dir", &*pods_folder, "--pods-file", &*pods_file];
    let mut server = Server::launch(command, "up", &args.data.join("barogram"), arguments)?;
    let failed = || format!("barogram does not start; see {}", log.display());
    server.wait_until_ready().await.with_context(failed)?;
    let seen = Seen::start(&server.address).await?;
    let start = SystemClock.now();
    let Args { pods, life, at_once, lines, .. } = *args;
    let (plan, progress) =
        (Plan { pods, life, at_once, lines }, report::progress(pods as u64, "pods ended"));
    let load: Vec<Child> = (0..args.load).map(|_| Child::busy()).collect::<Result<_>>()?;
    let living = tokio::task::spawn_blocking(move || {
        let lived = live(&mut kubelet, plan, || progress.inc(1));
        progress.finish_and_clear();
        lived.map(|()| kubelet)
    });
    let kubelet = living.await??;
    let seconds = SystemClock.now().since(start).as_secs_f64();
    // What was opened in time may come late.
    drop(load);
    settle(&seen, kubelet.ledger().lines()).await;
    let cost = Cost {
        cpu_seconds: server.cpu_seconds()?,
        memory_megabytes: server.peak_memory_megabytes()?,
        seconds,
    };
    let arrived = found::read(&server, (start - AROUND, SystemClock.now() + AROUND)).await?;
    let audit = kubelet.ledger().audit(&arrived);
    let delays = delays(kubelet.ledger(), &seen.end());
    Ok(told(args, &audit, &delays, &cost))
}

/// A busy process beside it; ended when it goes.
struct Child(std::process::Child);

impl Child {
    fn busy() -> Result<Self> {
        let spawned = Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
        Ok(Self(spawned.context("failed to start a busy process")?))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to be done then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until all lines were seen, or none came for a while.
async fn settle(seen: &Seen, lines: usize) {
    let (mut count, mut since) = (seen.count(), Instant::now());
    while count < lines && since.elapsed() < SILENCE {
        sleep(Duration::from_millis(50)).await;
        let now = seen.count();
        if now > count {
            (count, since) = (now, Instant::now());
        }
    }
}

/// From the write of each line that was seen to its being acknowledged, the shortest first.
fn delays(ledger: &Ledger, seen: &HashMap<String, Timestamp>) -> Vec<Duration> {
    let delay = |(line, seen): (&String, &Timestamp)| Some(seen.since(ledger.written_at(line)?));
    let mut delays: Vec<Duration> = seen.iter().filter_map(delay).collect();
    delays.sort();
    delays
}

/// The delay that this share of the lines did not exceed.
fn share(delays: &[Duration], percent: usize) -> Duration {
    let at = (delays.len() * percent).div_ceil(100).saturating_sub(1);
    delays.get(at).copied().unwrap_or(Duration::MAX)
}

fn told(args: &Args, audit: &Audit, delays: &[Duration], cost: &Cost) -> Report {
    let [median, p99, longest] = [50, 99, 100].map(|percent| share(delays, percent));
    let millis = |delay: Duration| format!("{} ms", delay.as_millis());
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let rows = vec![
        row("pods", args.pods.to_string()),
        row("pods at once", args.at_once.to_string()),
        row("life of each", millis(args.life)),
        row("seconds", format!("{:.1}", cost.seconds)),
        row("CPU seconds of barogram", format!("{:.2}", cost.cpu_seconds)),
        row("peak memory of barogram, MB", cost.memory_megabytes.to_string()),
        row("lines seen by a tail", delays.len().to_string()),
        row("longest time to acknowledged", millis(longest)),
    ];
    let is_quick = median < MEDIAN_MAX && p99 < P99_MAX;
    let verdict = if audit.holds() && is_quick { Verdict::Holds } else { Verdict::FallsShort };
    let mut details = audit.faults.clone();
    details.push(format!(
        "from write to acknowledged: median {}, p99 {}",
        millis(median),
        millis(p99),
    ));
    Report { head: vec!["figure", "value"], rows, details, figures: audit.to_string(), verdict }
}

/// Reads `300ms` or `2s`.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000)];
    let read = |(unit, millis): (&str, u64)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_millis(number.checked_mul(millis)?))
    };
    let read = units.into_iter().find_map(read);
    read.ok_or_else(|| format!("{text:?} is no time such as 300ms or 2s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        assert!(duration("2").is_err() && duration("xs").is_err() && duration("").is_err());
    }

    #[test]
    fn shares_of_delays() {
        let delays: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let millis = |percent| share(&delays, percent).as_millis();
        assert_eq!([millis(50), millis(99), millis(100)], [100, 198, 200]);
        assert_eq!(share(&delays[..1], 50), delays[0]);
        assert_eq!(share(&[], 50), Duration::MAX, "nothing seen is not quick");
    }
}
