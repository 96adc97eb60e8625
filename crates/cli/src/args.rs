//! What can be said on the command line. Names, defaults and environment variables of the client's
//! part are logcli's.

mod check;
mod client;
mod collect;
mod delete;
mod import;
mod index;
mod inspect;
mod output;
mod query;
mod range;
mod retention;
mod tuning;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use check::{CheckArgs, FmtArgs};
pub use client::ClientArgs;
pub use collect::{CollectArgs, PodsArgs};
pub use delete::{DeleteArgs, DeleteCancelArgs, DeleteCommand, DeleteCreateArgs};
pub use import::ImportArgs;
pub use index::{
    DetectedFieldsArgs, LabelsArgs, SeriesArgs, StatsArgs, VolumeArgs, VolumeRangeArgs,
};
pub use inspect::{InspectArgs, InspectCommand, SegmentArgs, SpaceArgs};
pub use output::{LabelDisplayArgs, LogLevel, OutputArgs, OutputMode};
pub use query::{AirflowArgs, InstantQueryArgs, ParallelArgs, QueryArgs, StoreArgs, TailArgs};
pub use range::RangeArgs;
pub use retention::{Period, Rule};
pub use tuning::Tuning;
pub use verify::VerifyArgs;

const EXAMPLES: &str = "\
Examples:
  barogram demo                         see it work on a sample of real Airflow logs
  barogram up                           collect this node's pods, store and serve, in one process
  barogram query '{dag_id=\"etl\"} |= \"ERROR\"' --since 24h
  barogram query --dag etl --task load  the lines of one task
  barogram labels dag_id                the DAGs that have logs
  LOKI_ADDR=http://logs:3100 barogram series '{namespace=\"airflow\"}'";

const STORE_EXAMPLES: &str = "\
Object stores, with keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a web identity or the \
machine:
  barogram serve --store s3://logs --store-option endpoint=http://rgw:7480      Ceph, MinIO
  barogram serve --store s3://logs/prod --store-option region=eu-central-1      Amazon S3
  barogram serve --store gs://logs                                              Google
  barogram serve --store az://logs --store-option account_name=acme             Azure
All settings, and what a bucket must allow: docs/object-stores.md";

/// A log system for Apache Airflow on Kubernetes: one binary in place of Alloy and Loki.
#[derive(Debug, Parser)]
#[command(name = "barogram", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// How the client reaches a server.
    #[command(flatten)]
    pub client: ClientArgs,
    /// How answers are printed.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, one file each in `command/`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect, store and serve in one process
    #[command(after_help = STORE_EXAMPLES)]
    Up(UpArgs),
    /// Collect this node's pods and push their lines to a server
    #[command(after_help = collect::EXAMPLES)]
    Collect(CollectArgs),
    /// Tell all that is wrong with an Alloy configuration, before it runs
    #[command(after_help = check::CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Receive, store and serve
    #[command(after_help = STORE_EXAMPLES)]
    Serve(ServeArgs),
    /// Ask a LogQL query over a range of time
    Query(Box<QueryArgs>),
    /// Ask a LogQL metric query at one time
    InstantQuery(InstantQueryArgs),
    /// Print lines as they arrive
    Tail(TailArgs),
    /// List the label names, or the values of one label
    Labels(LabelsArgs),
    /// List the streams that match a selector
    Series(SeriesArgs),
    /// Lay out Alloy configurations, or without a file the LogQL query of standard input
    #[command(after_help = check::FMT_EXAMPLES)]
    Fmt(FmtArgs),
    /// Count the streams, lines and bytes of a selector
    Stats(StatsArgs),
    /// Sum the bytes of a selector by stream or by label
    Volume(VolumeArgs),
    /// Sum them for each step of a range
    #[command(name = "volume_range", alias = "volume-range")]
    VolumeRange(VolumeRangeArgs),
    /// List the fields that the lines of a query hold, or the values of one
    DetectedFields(DetectedFieldsArgs),
    /// Ask for lines to be deleted, list such requests, cancel one
    Delete(DeleteArgs),
    /// Look into a store: manifest, segments, space, log; changes nothing
    Inspect(InspectArgs),
    /// Look for damage in a store, byte by byte, and repair what can be repaired
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
    /// Bring the task logs that Airflow keeps in a folder or a bucket to a server
    #[command(after_help = import::EXAMPLES)]
    Import(ImportArgs),
    /// Play a sample of real Airflow logs through collector, store and server, and query it
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Cli {
    /// From which level on our own log is printed: services tell of their life, clients only of
    /// trouble.
    #[must_use]
    pub fn log_level(&self) -> LogLevel {
        let is_service =
            matches!(self.command, Command::Up(_) | Command::Collect(_) | Command::Serve(_));
        let default = if is_service { LogLevel::Info } else { LogLevel::Error };
        self.output.log_level.unwrap_or(default)
    }
}

/// The store and its server.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Where to listen; other than loopback needs a token
    #[arg(long, default_value = "127.0.0.1:3100")]
    pub listen: SocketAddr,
    /// The folder that holds all data, or with --store only the log of what is not there yet
    #[arg(long, default_value = "barogram-data")]
    pub data: PathBuf,
    /// Where stored logs are kept: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix
    /// or a folder
    #[arg(long, env = "BAROGRAM_STORE", value_name = "URL")]
    pub store: Option<String>,
    /// A setting of the object store; it stands over AWS_…, GOOGLE_… and AZURE_… variables. May be
    /// repeated
    #[arg(long = "store-option", value_name = "KEY=VALUE")]
    pub store_options: Vec<String>,
    /// How long lines are kept, by whole days: 30d (default: for ever)
    #[arg(long, env = "BAROGRAM_RETENTION", value_name = "TIME")]
    pub retention: Option<Period>,
    /// How long the lines of some streams are kept: '{dag_id="audit"}=365d'. May be repeated
    #[arg(long = "retention-rule", value_name = "SELECTOR=TIME")]
    pub retention_rules: Vec<Rule>,
    /// A configuration in Loki's YAML; what it has no use for is named and ignored
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Tell tenants apart by X-Scope-OrgID
    #[arg(long)]
    pub multi_tenant: bool,
    /// A file with the token that clients must send
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// Serve everybody who can reach the address, without a token
    #[arg(long)]
    pub insecure_no_token: bool,
    /// A number of the store's configuration, for tests and measurements
    #[arg(long, value_name = "NAME=NUMBER", hide = true)]
    pub tune: Vec<Tuning>,
}

/// `barogram up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Where to store and serve.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// What to read.
    #[command(flatten)]
    pub pods: PodsArgs,
}

/// `barogram demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// End after the queries instead of serving on
    #[arg(long)]
    pub once: bool,
    /// The folder for the demo's data; it is emptied first if an earlier demo made it
    #[arg(long, default_value = "barogram-demo")]
    pub data: PathBuf,
    /// Where to listen (default: 127.0.0.1:3100, or any free port if that is taken)
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// How long the play takes, in seconds
    #[arg(long, default_value_t = 8)]
    pub seconds: u64,
}

/// `barogram completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        Cli::command().debug_assert();
    }
}
