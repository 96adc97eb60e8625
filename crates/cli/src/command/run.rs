//! From a command's name to its file.

use anyhow::{Result, bail};

use super::{
    check, collect, completions, delete, demo, detected_fields, fmt, import, inspect,
    instant_query, labels, query, series, serve, stats, tail, up, verify, volume,
};
use crate::args::{Cli, Command};

/// Runs a command to its end.
///
/// # Errors
/// With a text for the person who typed it.
pub async fn run(cli: Cli) -> Result<()> {
    let (client, output) = (&cli.client, &cli.output);
    if client.stdin && !matches!(cli.command, Command::Query(_) | Command::InstantQuery(_)) {
        bail!("--stdin goes with query and instant-query: other commands need a server");
    }
    match &cli.command {
        Command::Up(args) => up::run(args).await,
        Command::Collect(args) => collect::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Query(args) => query::run(client, output, args).await,
        Command::InstantQuery(args) => instant_query::run(client, output, args).await,
        Command::Tail(args) => tail::run(client, output, args).await,
        Command::Labels(args) => labels::run(client, output, args).await,
        Command::Series(args) => series::run(client, output, args).await,
        Command::Check(args) => check::run(args),
        Command::Fmt(args) => fmt::run(args),
        Command::Stats(args) => stats::run(client, output, args).await,
        Command::Volume(args) => volume::run(client, output, args).await,
        Command::VolumeRange(args) => volume::run_range(client, output, args).await,
        Command::DetectedFields(args) => detected_fields::run(client, output, args).await,
        Command::Delete(args) => delete::run(client, output, args).await,
        Command::Inspect(args) => inspect::run(output, args).await,
        Command::Verify(args) => verify::run(output, args).await,
        Command::Import(args) => import::run(client, output, args).await,
        Command::Demo(args) => demo::run(client, args).await,
        Command::Completions(args) => completions::run(args),
    }
}
