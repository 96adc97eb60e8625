//! `barogram import`

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  barogram import /opt/airflow/logs --dry-run                      what there is, and nothing is sent
  barogram import /opt/airflow/logs --addr http://logs:3100 --label namespace=airflow
  barogram import s3://bucket/airflow/logs --store-option region=eu-central-1
  barogram import /opt/airflow/logs --since 30d                    the runs of the last month
What is killed goes on where it was, and what is imported twice is stored once. It ends with 0 when
all is stored, with 2 when some entries were refused or files could not be read, and with 1 when it
could not go on.";

/// `barogram import`
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Airflow's log folder (base_log_folder), or where it is in a bucket: s3://bucket/prefix,
    /// gs://bucket/prefix or az://container/prefix
    #[arg(value_name = "FOLDER|URL")]
    pub place: String,
    /// A setting of the object store. May be repeated
    #[arg(long = "store-option", value_name = "KEY=VALUE")]
    pub store_options: Vec<String>,
    /// Tell what would be imported, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only runs from this time on, by the date in their id: a time, or how long ago it is (30d)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only runs before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// A label for all lines, such as namespace=airflow. May be repeated
    #[arg(long = "label", value_name = "NAME=VALUE")]
    pub labels: Vec<String>,
    /// Nothing writes to the files any more: take the last lines of new ones too, which otherwise
    /// are left until they are five minutes old
    #[arg(long)]
    pub stopped: bool,
    /// The folder for the journals, which say how far earlier imports came
    #[arg(long, default_value = "barogram-import")]
    pub journal_dir: PathBuf,
}
