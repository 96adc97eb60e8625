//! The binary `barogram`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use barogram_cli::args::{Cli, Command};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

/// A query allocates and frees many buffers of a few hundred kilobytes; glibc's allocator maps and
/// unmaps each, which took an eighth of the time of a search over all lines.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match runtime(&cli.command) {
        Ok(runtime) => runtime,
        Err(error) => return barogram_cli::exit::code(Err(error)),
    };
    runtime.block_on(async {
        barogram_cli::trace::start(cli.log_level().into(), cli.output.log_level.is_some());
        barogram_cli::exit::code(barogram_cli::command::run(cli).await)
    })
}

/// What runs a command: a thread for each core, but for one that collects. That is a guest on a
/// node of sixty cores perhaps; it reads files on threads of their own, and what else it does waits
/// nearly always, so that more than one thread would be woken for nothing.
fn runtime(command: &Command) -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if matches!(command, Command::Collect(_)) {
        builder.worker_threads(1);
    }
    builder.enable_all().build().context("failed to start threads; see `ulimit -u`")
}
