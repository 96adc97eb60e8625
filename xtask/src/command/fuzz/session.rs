//! cargo-fuzz: one target, run for a while, and what libFuzzer says about it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How to get what is missing.
const INSTALL: &str = "cargo-fuzz is missing: cargo install --locked cargo-fuzz";
/// Memory of a target, in megabytes: a bomb must not need more, and address sanitizer takes most.
const MEMORY_MEGABYTES: u64 = 1024;
/// The longest input, in bytes: above the lengths at which anything we read changes its ways.
const INPUT_BYTES_MAX: u64 = 65_536;
/// An input that takes longer is a crash. The slowest that is allowed (a template at its limit of
/// steps) takes a second or so under address sanitizer.
const INPUT_SECONDS_MAX: u64 = 10;

/// Where the targets are, and how they are built.
pub(super) struct Workshop {
    pub(super) folder: PathBuf,
    pub(super) sanitizer: String,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) runs: u64,
    pub(super) runs_a_second: u64,
    /// What is in the corpus: each input reaches code that no smaller one does.
    pub(super) inputs: usize,
    pub(super) peak_megabytes: u64,
    /// What crashed, and where the input and the log are.
    pub(super) crash: Option<String>,
}

impl Workshop {
    /// The folder with the inputs of a target.
    pub(super) fn corpus(&self, target: &str) -> PathBuf {
        self.folder.join("corpus").join(target)
    }

    pub(super) fn need_cargo_fuzz(&self) -> Result<()> {
        let asked = Command::new("cargo").args(["fuzz", "--version"]).output();
        let asked = asked.context("failed to run cargo")?;
        ensure!(asked.status.success(), INSTALL);
        Ok(())
    }

    /// Builds a target, or all.
    pub(super) fn build(&self, target: Option<&str>) -> Result<()> {
        let status = self.cargo_fuzz("build").args(target).status();
        ensure!(status.context("failed to run cargo fuzz")?.success(), "the targets do not build");
        Ok(())
    }

    /// Runs a target. What it says goes to a file, and is read from there.
    pub(super) fn run(&self, target: &str, seconds: u64) -> Result<Outcome> {
        let log = self.folder.join("target").join(format!("{target}.log"));
        let file = File::create(&log).with_context(|| format!("failed to write {log:?}"))?;
        let status = self
            .cargo_fuzz("run")
            .arg(target)
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-rss_limit_mb={MEMORY_MEGABYTES}"))
            .arg(format!("-max_len={INPUT_BYTES_MAX}"))
            .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
            .arg("-print_final_stats=1")
            .stdout(Stdio::null())
            .stderr(file)
            .status()
            .context("failed to run cargo fuzz")?;
        let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let inputs = self.corpus(target).read_dir()?.count();
        let crash = (!status.success()).then(|| crash(target, &said, &log));
        Ok(Outcome { inputs, crash, ..figures(&said) })
    }

    /// Sanitizers are a matter of nightly toolchains, but work in ours when it is told to be one.
    fn cargo_fuzz(&self, verb: &str) -> Command {
        let mut command = Command::new("cargo");
        command.args(["fuzz", verb, "--fuzz-dir"]).arg(&self.folder);
        command.args(["--sanitizer", &self.sanitizer]).env("RUSTC_BOOTSTRAP", "1");
        command
    }
}

/// The figures of `-print_final_stats`.
fn figures(said: &str) -> Outcome {
    let figure = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or_default()
    };
    Outcome {
        runs: figure("number_of_executed_units"),
        runs_a_second: figure("average_exec_per_sec"),
        peak_megabytes: figure("peak_rss_mb"),
        ..Outcome::default()
    }
}

/// What crashed: the message of the panic or the sanitizer, and where to look further.
fn crash(target: &str, said: &str, log: &Path) -> String {
    let lines = || said.lines();
    let panic = lines().skip_while(|line| !line.contains("panicked at")).nth(1);
    let error = lines().find(|line| line.contains("ERROR: "));
    let what = panic.or(error).unwrap_or("it ended without a word");
    let input = lines().find_map(|line| line.split_once("Test unit written to "));
    let input = input.map_or("no input was kept", |(_, path)| path);
    format!("{target}: {what}\n  input {input}\n  log   {}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_figures() {
        let said = "#9 DONE\nstat::number_of_executed_units: 4242\n\
                    stat::average_exec_per_sec:     70\nstat::peak_rss_mb:              88\n";
        let expect =
            Outcome { runs: 4242, runs_a_second: 70, peak_megabytes: 88, ..Outcome::default() };
        assert_eq!(figures(said), expect);
        assert_eq!(figures(""), Outcome::default());
    }

    #[test]
    fn tells_what_crashed() {
        let log = Path::new("drain.log");
        let panic = "thread 'main' panicked at a.rs:1:2:\nindex out of bounds\n\
                     ==7== ERROR: libFuzzer: deadly signal\n\
                     artifact_prefix='x/'; Test unit written to x/crash-1\n";
        let expect = "drain: index out of bounds\n  input x/crash-1\n  log   drain.log";
        assert_eq!(crash("drain", panic, log), expect);
        let memory = "==7== ERROR: libFuzzer: out-of-memory (used: 1100Mb)\n";
        assert!(crash("drain", memory, log).contains("out-of-memory"));
        assert!(crash("drain", "", log).contains("without a word"));
    }
}
