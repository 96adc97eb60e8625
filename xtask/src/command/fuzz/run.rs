//! The command: builds, seeds, runs one target after the other, reports.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use super::seed;
use super::session::{Outcome, Workshop};
use super::target::{TARGETS, Target};
use crate::report::{Report, Verdict};

/// Feeds odd input to whatever reads input, and waits for a crash.
///
/// Inputs that crash stay in `fuzz/artifacts/`, what was learned in `fuzz/corpus/`. It needs
/// cargo-fuzz and a C++ compiler.
#[derive(clap::Args)]
pub struct Args {
    /// The target (default: all of `fuzz/fuzz_targets/`)
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// `address`, or `none` where that one does not work
    #[arg(long, default_value = "address")]
    sanitizer: String,
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When there is no such target, cargo-fuzz is missing or the targets do not build.
pub fn run(args: &Args) -> Result<Verdict> {
    let targets = chosen(args.target.as_deref())?;
    let workshop = Workshop { folder: args.root.join("fuzz"), sanitizer: args.sanitizer.clone() };
    workshop.need_cargo_fuzz()?;
    workshop.build(args.target.as_deref())?;
    let mut outcomes = Vec::new();
    for target in targets {
        let corpus = workshop.corpus(target.name);
        seed::plant(target.seeds, &corpus)
            .with_context(|| format!("failed to write the seeds of {}", target.name))?;
        outcomes.push((target.name, workshop.run(target.name, args.seconds)?));
    }
    report(&outcomes).print()
}

/// The target of this name, or all.
fn chosen(name: Option<&str>) -> Result<Vec<&'static Target>> {
    let is_chosen = |target: &&Target| name.is_none_or(|name| name == target.name);
    let targets: Vec<_> = TARGETS.iter().filter(is_chosen).collect();
    let known = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    ensure!(!targets.is_empty(), "there is no such target; there are {}", known());
    Ok(targets)
}

fn report(outcomes: &[(&str, Outcome)]) -> Report {
    let runs: u64 = outcomes.iter().map(|(_, outcome)| outcome.runs).sum();
    let details: Vec<String> = outcomes.iter().filter_map(|(_, it)| it.crash.clone()).collect();
    let verdict = if details.is_empty() { Verdict::Holds } else { Verdict::FallsShort };
    Report {
        head: vec!["target", "runs", "a second", "inputs kept", "peak MB", "crashes"],
        rows: outcomes.iter().map(|(name, outcome)| row(name, outcome)).collect(),
        figures: format!(
            "fuzz: {} targets, {runs} runs, {} crashes",
            outcomes.len(),
            details.len()
        ),
        details,
        verdict,
    }
}

fn row(name: &str, outcome: &Outcome) -> Vec<String> {
    vec![
        name.to_owned(),
        outcome.runs.to_string(),
        outcome.runs_a_second.to_string(),
        outcome.inputs.to_string(),
        outcome.peak_megabytes.to_string(),
        u64::from(outcome.crash.is_some()).to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_chosen_by_its_name() {
        assert_eq!(chosen(None).unwrap().len(), TARGETS.len());
        assert_eq!(chosen(Some("drain")).unwrap()[0].name, "drain");
        let error = chosen(Some("sewer")).unwrap_err().to_string();
        assert!(error.starts_with("there is no such target; there are logql_parse, "), "{error}");
    }

    #[test]
    fn a_crash_shows_in_list_figures_and_verdict() {
        let sound = Outcome { runs: 7, ..Outcome::default() };
        let holds = report(&[("drain", sound.clone())]);
        assert_eq!(holds.verdict, Verdict::Holds);
        assert_eq!(holds.figures, "fuzz: 1 targets, 7 runs, 0 crashes");

        let broken =
            Outcome { runs: 7, crash: Some("drain: boom".to_owned()), ..Outcome::default() };
        let falls = report(&[("push_json", sound), ("drain", broken)]);
        assert_eq!(falls.verdict, Verdict::FallsShort);
        assert_eq!(falls.details, ["drain: boom"]);
        assert_eq!(falls.figures, "fuzz: 2 targets, 14 runs, 1 crashes");
    }
}
