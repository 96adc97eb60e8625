//! The binary `barogram`.

use std::process::ExitCode;

use barogram_cli::args::Cli;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    barogram_cli::trace::start(cli.log_level().into());
    barogram_cli::exit::code(barogram_cli::command::run(cli).await)
}
