//! `barogram labels`, `series`, `stats`, `volume`, `volume_range` and `detected-fields`

use clap::Args;

use super::RangeArgs;

const LABELS_EXAMPLES: &str = "\
Examples:
  barogram labels                       the names
  barogram labels dag_id --since 7d     the DAGs that wrote in the last week";

const SERIES_EXAMPLES: &str = "\
Examples:
  barogram series '{namespace=\"airflow\"}'
  barogram series '{}' --analyze-labels      which labels have many values";

const STATS_EXAMPLES: &str = "\
Example:
  barogram stats '{namespace=\"airflow\"}' --since 24h";

const VOLUME_EXAMPLES: &str = "\
Example:
  Which DAGs write most:
    barogram volume '{namespace=\"airflow\"}' --targetLabels dag_id --since 24h -o chart";

const VOLUME_RANGE_EXAMPLES: &str = "\
Example:
  How much they write, hour by hour:
    barogram volume_range '{namespace=\"airflow\"}' --targetLabels dag_id --since 24h -o chart";

const FIELDS_EXAMPLES: &str = "\
Examples:
  barogram detected-fields '{namespace=\"airflow\"}'           the fields, with their types
  barogram detected-fields '{namespace=\"airflow\"}' logger    the values of one";

/// `barogram labels`
#[derive(Debug, Args)]
#[command(after_help = LABELS_EXAMPLES)]
pub struct LabelsArgs {
    /// A label, to list its values
    pub label: Option<String>,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
}

/// `barogram series`
#[derive(Debug, Args)]
#[command(after_help = SERIES_EXAMPLES)]
pub struct SeriesArgs {
    /// A selector, e.g. '{namespace="airflow"}'; '{}' stands for all
    pub selector: String,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
    /// Count the values of each label instead
    #[arg(long)]
    pub analyze_labels: bool,
}

/// `barogram stats`
#[derive(Debug, Args)]
#[command(after_help = STATS_EXAMPLES)]
pub struct StatsArgs {
    /// A selector, e.g. '{namespace="airflow"}'
    pub query: String,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
}

/// `barogram volume`
#[derive(Debug, Args)]
#[command(after_help = VOLUME_EXAMPLES)]
pub struct VolumeArgs {
    /// A selector, e.g. '{namespace="airflow"}'
    pub query: String,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
    /// The most series; the largest are shown
    #[arg(long, default_value_t = 30)]
    pub limit: usize,
    /// Sum by the values of this label; may be repeated [default: the labels of the selector]
    #[arg(long = "targetLabels", alias = "target-labels", value_delimiter = ',')]
    pub target_labels: Vec<String>,
    /// Sum by the names of labels, not by their values
    #[arg(long = "aggregateByLabels", alias = "aggregate-by-labels")]
    pub aggregate_by_labels: bool,
}

/// `barogram volume_range`
#[derive(Debug, Args)]
#[command(after_help = VOLUME_RANGE_EXAMPLES)]
pub struct VolumeRangeArgs {
    /// What.
    #[command(flatten)]
    pub volume: VolumeArgs,
    /// How much time is summed into one point
    #[arg(long, default_value = "1h")]
    pub step: String,
}

/// `barogram detected-fields`
#[derive(Debug, Args)]
#[command(after_help = FIELDS_EXAMPLES)]
pub struct DetectedFieldsArgs {
    /// A query for lines, e.g. '{namespace="airflow"} |= "ERROR"'
    pub query: String,
    /// A field, to list its values
    pub field: Option<String>,
    /// When.
    #[command(flatten)]
    pub range: RangeArgs,
    /// The most fields, or values of the field
    #[arg(long, alias = "field-limit", default_value_t = 100)]
    pub limit: usize,
    /// The most lines that are looked at
    #[arg(long, default_value_t = 1000)]
    pub line_limit: usize,
    /// Sent along for servers that sample by it
    #[arg(long)]
    pub step: Option<String>,
}
