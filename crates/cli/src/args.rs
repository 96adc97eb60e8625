//! What can be said on the command line. Names, defaults and environment variables of the client's
//! part are logcli's.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  barogram demo                         see it work on a sample of real Airflow logs
  barogram up                           collect this node's pods, store and serve, in one process
  barogram query '{dag_id=\"etl\"} |= \"ERROR\"' --since 24h
  barogram query --dag etl --task load  the lines of one task
  barogram labels dag_id                the DAGs that have logs
  LOKI_ADDR=http://logs:3100 barogram series '{namespace=\"airflow\"}'";

/// A log system for Apache Airflow on Kubernetes: one binary in place of Alloy and Loki.
#[derive(Debug, Parser)]
#[command(name = "barogram", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// How the client reaches a server.
    #[command(flatten)]
    pub client: ClientArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, one file each in `command/`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect, store and serve in one process
    Up(UpArgs),
    /// Collect this node's pods and push their lines to a server
    Collect(CollectArgs),
    /// Receive, store and serve
    Serve(ServeArgs),
    /// Ask a LogQL query over a range of time
    Query(QueryArgs),
    /// Ask a LogQL metric query at one time
    InstantQuery(InstantQueryArgs),
    /// List the label names, or the values of one label
    Labels(LabelsArgs),
    /// List the streams that match a selector
    Series(SeriesArgs),
    /// Play a sample of real Airflow logs through collector, store and server, and query it
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether the command runs until it is stopped.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Up(_) | Self::Collect(_) | Self::Serve(_))
    }
}

/// Reaching a server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Client")]
pub struct ClientArgs {
    /// The server's address
    #[arg(long, global = true, env = "LOKI_ADDR", default_value = "http://localhost:3100")]
    pub addr: String,
    /// User name for HTTP basic authentication
    #[arg(long, global = true, env = "LOKI_USERNAME")]
    pub username: Option<String>,
    /// Password for HTTP basic authentication
    #[arg(long, global = true, env = "LOKI_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// The tenant (X-Scope-OrgID)
    #[arg(long, global = true, env = "LOKI_ORG_ID")]
    pub org_id: Option<String>,
    /// A token for the Authorization header
    #[arg(long, global = true, env = "LOKI_BEARER_TOKEN", hide_env_values = true)]
    pub bearer_token: Option<String>,
    /// A file with that token
    #[arg(long, global = true, env = "LOKI_BEARER_TOKEN_FILE")]
    pub bearer_token_file: Option<PathBuf>,
    /// A file with the certificate of the authority that the server's certificate is checked by
    #[arg(long, global = true, env = "LOKI_CA_CERT_PATH")]
    pub ca_cert: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long, global = true, env = "LOKI_TLS_SKIP_VERIFY")]
    pub tls_skip_verify: bool,
    /// How often a failed request is tried again
    #[arg(long, global = true, env = "LOKI_CLIENT_RETRIES", default_value_t = 0)]
    pub retries: u32,
    /// Tags for the server's own statistics (X-Query-Tags), as key=value,key=value
    #[arg(long, global = true, env = "LOKI_QUERY_TAGS")]
    pub query_tags: Option<String>,
    /// Another header, as "Name: value"; may be repeated
    #[arg(long, global = true)]
    pub header: Vec<String>,
    /// Print no labels that all streams share, and no hints
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// How lines are printed
    #[arg(long, short, global = true, value_enum, default_value_t = OutputMode::Default)]
    pub output: OutputMode,
    /// The time zone of printed times
    #[arg(long, short = 'z', global = true, default_value = "Local")]
    pub timezone: String,
}

/// How lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputMode {
    /// Time, labels and line
    Default,
    /// The line alone
    Raw,
    /// A JSON object a line
    Jsonl,
}

/// A range of time.
#[derive(Debug, Clone, Args)]
pub struct RangeArgs {
    /// How far back to look
    #[arg(long, default_value = "1h")]
    pub since: String,
    /// Where to begin, as RFC 3339 (instead of --since)
    #[arg(long)]
    pub from: Option<String>,
    /// Where to end, as RFC 3339 (default: now)
    #[arg(long)]
    pub to: Option<String>,
}

/// Airflow's own names, as an addition to a selector.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Airflow")]
pub struct AirflowArgs {
    /// Only this DAG
    #[arg(long)]
    pub dag: Option<String>,
    /// Only this task
    #[arg(long)]
    pub task: Option<String>,
    /// Only this run
    #[arg(long)]
    pub run: Option<String>,
    /// Only this try
    #[arg(long = "try")]
    pub try_number: Option<u32>,
    /// Only this instance of a mapped task
    #[arg(long)]
    pub map_index: Option<i64>,
}

/// `barogram query`
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The query; may be left out with --dag, --task or --run
    pub query: Option<String>,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
    /// Whose lines.
    #[command(flatten)]
    pub airflow: AirflowArgs,
    /// The most lines; 0 prints all, fetched batch by batch
    #[arg(long, default_value_t = 30)]
    pub limit: usize,
    /// The most lines in one request
    #[arg(long, default_value_t = 1000)]
    pub batch: usize,
    /// Between two points of a metric query, e.g. 15s
    #[arg(long)]
    pub step: Option<String>,
    /// Skip lines closer than this to the one before
    #[arg(long)]
    pub interval: Option<String>,
    /// From the oldest to the newest
    #[arg(long)]
    pub forward: bool,
    /// How labels are shown.
    #[command(flatten)]
    pub labels: LabelDisplayArgs,
}

/// Which labels are printed beside a line.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Labels")]
pub struct LabelDisplayArgs {
    /// Print no labels
    #[arg(long)]
    pub no_labels: bool,
    /// Leave a label out; may be repeated
    #[arg(long)]
    pub exclude_label: Vec<String>,
    /// Print this label alone; may be repeated
    #[arg(long)]
    pub include_label: Vec<String>,
    /// Print the labels that all streams share beside each line too
    #[arg(long)]
    pub include_common_labels: bool,
    /// Pad the labels to this width
    #[arg(long, default_value_t = 0)]
    pub labels_length: usize,
}

/// `barogram instant-query`
#[derive(Debug, Args)]
pub struct InstantQueryArgs {
    /// The query
    pub query: String,
    /// At which time, as RFC 3339 (default: now)
    #[arg(long)]
    pub now: Option<String>,
    /// The most series
    #[arg(long, default_value_t = 30)]
    pub limit: usize,
}

/// `barogram labels`
#[derive(Debug, Args)]
pub struct LabelsArgs {
    /// A label, to list its values
    pub label: Option<String>,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
}

/// `barogram series`
#[derive(Debug, Args)]
pub struct SeriesArgs {
    /// A selector, e.g. '{namespace="airflow"}'
    pub selector: String,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
    /// Count the values of each label instead
    #[arg(long)]
    pub analyze_labels: bool,
}

/// The store and its server.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Where to listen; other than loopback needs a token
    #[arg(long, default_value = "127.0.0.1:3100")]
    pub listen: SocketAddr,
    /// The folder that holds all data
    #[arg(long, default_value = "barogram-data")]
    pub data: PathBuf,
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
}

/// What the collector reads.
#[derive(Debug, Clone, Args)]
pub struct PodsArgs {
    /// The folder with the pods' logs
    #[arg(long, default_value = "/var/log/pods")]
    pub pods_dir: PathBuf,
    /// A PodList in JSON that describes the pods (as `kubectl get pods -o json` prints it)
    #[arg(long)]
    pub pods_file: Option<PathBuf>,
    /// The name of this node
    #[arg(long, env = "NODE_NAME")]
    pub node: Option<String>,
}

/// `barogram collect`
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// What to read.
    #[command(flatten)]
    pub pods: PodsArgs,
    /// Where to push to
    #[arg(long, default_value = "http://127.0.0.1:3100")]
    pub push: String,
    /// The folder that remembers how far each file was read
    #[arg(long, default_value = "barogram-collector")]
    pub state: PathBuf,
    /// A file with the token for the server
    #[arg(long)]
    pub token_file: Option<PathBuf>,
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
