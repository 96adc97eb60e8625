//! Plays seeds, and tells what is wrong.

use std::process::ExitCode;

use barogram_sim::{Outcome, run};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

/// Events that are shown of a run that went wrong.
const SHOWN: usize = 60;

/// Plays several stores on one object store, with faults. The same seed gives the same run.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    seeds: Seeds,
    /// Shows every event.
    #[arg(long)]
    trace: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays each seed twice and compares what happened, byte by byte.
    Meta(Seeds),
}

#[derive(Debug, Args)]
struct Seeds {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds to play.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// How many batches of lines are written in a run.
    #[arg(long, default_value_t = 300)]
    steps: u32,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let wrong = match &cli.command {
        Some(Command::Meta(seeds)) => play(seeds, |seed| {
            let (one, other) = (run(seed, seeds.steps), run(seed, seeds.steps));
            if one == other { one } else { different(&one, &other) }
        }),
        None => play(&cli.seeds, |seed| {
            let outcome = run(seed, cli.seeds.steps);
            if cli.trace {
                show(&outcome.trace);
            }
            outcome
        }),
    };
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays seeds and returns how many went wrong.
fn play(seeds: &Seeds, one: impl Fn(u64) -> Outcome) -> u64 {
    let style = "{bar:40} {pos}/{len} seeds, {msg}, {eta} left";
    let style = ProgressStyle::with_template(style).expect("the template is ours");
    let bar = ProgressBar::new(seeds.seeds).with_style(style);
    bar.set_message("0 wrong");
    let mut wrong = 0;
    for seed in seeds.seed..seeds.seed.saturating_add(seeds.seeds) {
        let outcome = one(seed);
        if let Some(violation) = &outcome.violation {
            wrong += 1;
            bar.set_message(format!("{wrong} wrong"));
            bar.suspend(|| tell(seed, seeds.steps, violation, &outcome.trace));
        }
        bar.inc(1);
    }
    bar.abandon();
    wrong
}

fn tell(seed: u64, steps: u32, violation: &str, trace: &str) {
    let lines: Vec<&str> = trace.lines().collect();
    show(&lines[lines.len().saturating_sub(SHOWN)..].join("\n"));
    show(&format!("seed {seed}, {steps} steps: {violation}"));
}

fn different(one: &Outcome, other: &Outcome) -> Outcome {
    let pairs = one.trace.lines().zip(other.trace.lines());
    let at = pairs.take_while(|(one, other)| one == other).count();
    let line = |outcome: &Outcome| outcome.trace.lines().nth(at).unwrap_or("the end").to_owned();
    let text = format!("two runs differ at event {at}:\n{}\n{}", line(one), line(other));
    let trace = one.trace.lines().take(at).collect::<Vec<_>>().join("\n");
    Outcome { trace, violation: Some(text) }
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn show(text: &str) {
    println!("{text}");
}
