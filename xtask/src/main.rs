//! `cargo xtask`: the one door for what developers and continuous integration run on the project
//! itself. It never becomes part of the product.
//!
//! A command is one file (or folder) below [`command`] and one line in [`Command`]. Each takes its
//! input on the command line, prints a table and a last line with its figures, and exits with 1
//! when the project falls short, with 2 when it could not tell.

mod command;
mod paged;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Verdict;

/// Runs the command that the arguments name.
fn main() -> ExitCode {
    let verdict = match Xtask::parse().command {
        Command::Attribution(args) => command::attribution::run(&args),
        Command::Bench(args) => command::bench::run(&args),
        Command::Crash(args) => command::crash::run(&args),
        Command::Fuzz(args) => command::fuzz::run(&args),
        Command::Shortpods(args) => command::shortpods::run(&args),
        Command::Tidy(args) => command::tidy::run(&args),
    };
    match verdict {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::FallsShort) => ExitCode::from(1),
        Err(error) => {
            report::failure(&error);
            ExitCode::from(2)
        }
    }
}

/// What developers and continuous integration run on the project itself.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

/// One variant a file of [`command`].
#[derive(Subcommand)]
enum Command {
    /// Plays logs of real deployments and compares whose each line is found to be with the truth.
    Attribution(command::attribution::Args),
    /// Measures the real binary on generated Airflow logs.
    Bench(command::bench::Args),
    /// Kills the real binary under load, again and again, and looks for every line.
    Crash(command::crash::Args),
    /// Feeds odd input to whatever reads input, and waits for a crash.
    Fuzz(command::fuzz::Args),
    /// Runs pods that live for a moment, and looks for every line of theirs.
    Shortpods(command::shortpods::Args),
    /// Checks the tree against STYLE.md and ARCHITECTURE.md.
    Tidy(command::tidy::Args),
}
