//! The binary `barogram`.

use std::process::ExitCode;

use barogram_cli::args::Cli;
use clap::Parser;

/// A query allocates and frees many buffers of a few hundred kilobytes; glibc's allocator maps and
/// unmaps each, which took an eighth of the time of a search over all lines.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    barogram_cli::trace::start(cli.log_level().into(), cli.output.log_level.is_some());
    barogram_cli::exit::code(barogram_cli::command::run(cli).await)
}
