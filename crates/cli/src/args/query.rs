//! `barogram query`, `instant-query` and `tail`

use std::path::PathBuf;

use clap::Args;

use super::{LabelDisplayArgs, RangeArgs};

const QUERY_EXAMPLES: &str = "\
Examples:
  The last 30 lines of a DAG:
    barogram query --dag etl
  Every line of one try of one task, without labels:
    barogram query --dag etl --task load --run manual__2026-01-15 --try 2 --limit 0 -o raw
  Errors of a day, as JSON for a script:
    barogram query '{namespace=\"airflow\"} |= \"ERROR\"' --since 24h --limit 0 -o jsonl
  Errors an hour as a curve:
    barogram query 'sum(count_over_time({namespace=\"airflow\"} |= \"ERROR\" [1h]))' \\
      --since 7d --step 1h -o chart
  A month on disk, four hours at a time; begun again, it goes on where it was:
    barogram query '{namespace=\"airflow\"}' --since 30d --parallel-duration 4h \\
      --parallel-max-workers 4 --part-path-prefix /tmp/month --merge-parts > month.log
  The lines of a file:
    barogram query --stdin '|= \"Traceback\"' < task.log";

const INSTANT_EXAMPLES: &str = "\
Examples:
  Lines of each DAG in the last hour:
    barogram instant-query 'sum by (dag_id) (count_over_time({namespace=\"airflow\"}[1h]))'
  The same as bars:
    barogram instant-query -o chart \\
      'sum by (dag_id) (count_over_time({namespace=\"airflow\"}[1h]))'";

const TAIL_EXAMPLES: &str = "\
Examples:
  What a DAG writes from now on:
    barogram tail --dag etl --since 0s
  Errors of all DAGs, with those of the last ten minutes first:
    barogram tail '{namespace=\"airflow\"} |= \"ERROR\"' --since 10m";

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
    #[arg(long, allow_negative_numbers = true)]
    pub map_index: Option<i64>,
}

/// `barogram query`
#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct QueryArgs {
    /// The query; may be left out with --dag, --task or --run
    pub query: Option<String>,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
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
    /// Go on printing lines as they arrive, as `barogram tail` does
    #[arg(long, short)]
    pub tail: bool,
    /// The same as --tail
    #[arg(long, short)]
    pub follow: bool,
    /// With --tail: let the server wait this many seconds for lines that are late, to order them
    #[arg(long, default_value_t = 0)]
    pub delay_for: u64,
    /// Whose lines.
    #[command(flatten)]
    pub airflow: AirflowArgs,
    /// How labels are shown.
    #[command(flatten)]
    pub labels: LabelDisplayArgs,
    /// How a long range is fetched.
    #[command(flatten)]
    pub parallel: ParallelArgs,
    /// What only logcli can do.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Fetching a long range in parts. With several workers or with part files all lines are fetched:
/// --limit does not count.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Parts")]
pub struct ParallelArgs {
    /// How much of the range is one part
    #[arg(long, default_value = "1h")]
    pub parallel_duration: String,
    /// How many parts are fetched at a time; with more than one all lines are fetched, and they
    /// are printed out of order unless --part-path-prefix and --merge-parts are given
    #[arg(long, default_value_t = 1)]
    pub parallel_max_workers: usize,
    /// Write each part to a file PREFIX_<from>_<to>.part; a part that is there already is not
    /// fetched again
    #[arg(long)]
    pub part_path_prefix: Option<PathBuf>,
    /// Fetch parts again that are there already
    #[arg(long, requires = "part_path_prefix")]
    pub overwrite_completed_parts: bool,
    /// Print the parts in order, each as soon as it is there, and remove its file
    #[arg(long, requires = "part_path_prefix")]
    pub merge_parts: bool,
    /// With --merge-parts: do not remove the files
    #[arg(long)]
    pub keep_parts: bool,
}

/// logcli's way to read a Loki's bucket without Loki. We do not; the flags are known, so that the
/// answer can say what to do instead.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreArgs {
    /// A Loki configuration with a store
    #[arg(long, hide = true)]
    pub store_config: Option<PathBuf>,
    /// Fetch the schema from that store
    #[arg(long, hide = true)]
    pub remote_schema: bool,
    /// Where the schema is
    #[arg(long, hide = true)]
    pub schema_store: Option<String>,
}

/// `barogram instant-query`
#[derive(Debug, Args)]
#[command(after_help = INSTANT_EXAMPLES)]
pub struct InstantQueryArgs {
    /// The query
    pub query: String,
    /// At which time, e.g. 2026-01-15T06:00:00Z [default: now]
    #[arg(long)]
    pub now: Option<String>,
    /// The most lines, of a server that answers with lines
    #[arg(long, default_value_t = 30)]
    pub limit: usize,
    /// From the oldest to the newest
    #[arg(long)]
    pub forward: bool,
    /// How labels are shown.
    #[command(flatten)]
    pub labels: LabelDisplayArgs,
    /// What only logcli can do.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// `barogram tail`
#[derive(Debug, Args)]
#[command(after_help = TAIL_EXAMPLES)]
pub struct TailArgs {
    /// The query; may be left out with --dag, --task or --run
    pub query: Option<String>,
    /// Begin with the lines of this time
    #[arg(long, default_value = "1h")]
    pub since: String,
    /// Begin with the lines from this time on, e.g. 2026-01-15T06:00:00Z (instead of --since)
    #[arg(long)]
    pub from: Option<String>,
    /// The most lines that are there already
    #[arg(long, default_value_t = 30)]
    pub limit: usize,
    /// Let the server wait this many seconds for lines that are late, to order them
    #[arg(long, default_value_t = 0)]
    pub delay_for: u64,
    /// Whose lines.
    #[command(flatten)]
    pub airflow: AirflowArgs,
    /// How labels are shown.
    #[command(flatten)]
    pub labels: LabelDisplayArgs,
}
