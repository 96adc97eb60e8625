//! `barogram delete`

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  barogram delete create '{dag_id=\"etl\"} |= \"password\"' --from 2026-01-01T00:00:00Z
  barogram delete list
  barogram delete cancel --request-id 1f2e3d4c";

/// `barogram delete`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DeleteArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DeleteCommand,
}

/// The commands of `delete`.
#[derive(Debug, Subcommand)]
pub enum DeleteCommand {
    /// Ask for the lines of a query to be deleted
    Create(DeleteCreateArgs),
    /// List the requests
    List,
    /// Take a request back
    Cancel(DeleteCancelArgs),
}

/// `barogram delete create`
#[derive(Debug, Args)]
pub struct DeleteCreateArgs {
    /// Which lines: a selector, with line and label filters if need be
    pub query: String,
    /// From when on, e.g. 2026-01-15T06:00:00Z; must be said, so that nothing goes by mistake
    #[arg(long)]
    pub from: String,
    /// Up to when [default: now]
    #[arg(long)]
    pub to: Option<String>,
    /// Cut the request into parts of this length, e.g. 24h
    #[arg(long)]
    pub max_interval: Option<String>,
}

/// `barogram delete cancel`
#[derive(Debug, Args)]
pub struct DeleteCancelArgs {
    /// Which request, as `delete list -o jsonl` shows it
    #[arg(long)]
    pub request_id: String,
    /// Take back what is left of a request that has begun
    #[arg(long)]
    pub force: bool,
}
