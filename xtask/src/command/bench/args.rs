//! What can be measured.

use std::path::PathBuf;

use anyhow::Result;

use super::{collect, import, ingest, query, restart};
use crate::report::Verdict;

/// Speed and cost of the real binary on generated Airflow logs
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Queries over a day of logs, beside DuckDB on the same Parquet files and ripgrep on the text
    Query(Setup),
    /// Reads a node's logs: MB a CPU second, memory with many files, CPU at a trickle
    Collect(Setup),
    /// Pushes over HTTP with fsync: lines a CPU second, memory, bytes at rest
    Ingest(Setup),
    /// Imports real task logs under many names, beside the store's own speed with the same pushes
    Import(Setup),
    /// A start after `kill -9` with all of it in the log: seconds until it serves, memory
    Restart(Setup),
}

/// What the measurements share.
#[derive(clap::Args, Clone)]
pub(super) struct Setup {
    /// Megabytes of lines to generate
    #[arg(long, default_value_t = 1000)]
    pub(super) megabytes: u64,
    /// How many seconds of the day one push holds. Whoever collects in a hurry sends a megabyte at
    /// a time, which 80 seconds of a gigabyte a day are
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1200))]
    pub(super) push_seconds: u16,
    /// The seed of the generator
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// The folder for data; what is there already is used again
    #[arg(long, default_value = "target/bench")]
    pub(super) data: PathBuf,
    /// The binary (default: built from this tree)
    #[arg(long)]
    pub(super) binary: Option<PathBuf>,
    /// A setting of the server's store that is not the default, to take a cost apart (`ingest`)
    #[arg(long = "tune", value_name = "NAME=VALUE")]
    pub(super) tunings: Vec<String>,
    /// How often each query is asked warm; the fastest counts
    #[arg(long, default_value_t = 5)]
    pub(super) rounds: usize,
    /// Only the queries whose name contains this
    #[arg(long, default_value = "")]
    pub(super) only: String,
}

/// Measures what the arguments say.
///
/// # Errors
/// When something that is needed is not there.
pub fn run(args: &Args) -> Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = match &args.what {
        What::Query(setup) => runtime.block_on(query::run(setup))?,
        What::Collect(setup) => runtime.block_on(collect::run(setup))?,
        What::Import(setup) => runtime.block_on(import::run(setup))?,
        What::Ingest(setup) => runtime.block_on(ingest::run(setup))?,
        What::Restart(setup) => runtime.block_on(restart::run(setup))?,
    };
    report.print()
}
