//! From a command's name to its file.

use anyhow::Result;

use super::{collect, completions, demo, instant_query, labels, query, series, serve, up};
use crate::args::{Cli, Command};

/// Runs a command to its end.
///
/// # Errors
/// With a text for the person who typed it.
pub async fn run(cli: Cli) -> Result<()> {
    let client = &cli.client;
    match &cli.command {
        Command::Up(args) => up::run(args).await,
        Command::Collect(args) => collect::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Query(args) => query::run(client, args).await,
        Command::InstantQuery(args) => instant_query::run(client, args).await,
        Command::Labels(args) => labels::run(client, args).await,
        Command::Series(args) => series::run(client, args).await,
        Command::Demo(args) => demo::run(client, args).await,
        Command::Completions(args) => completions::run(args),
    }
}
