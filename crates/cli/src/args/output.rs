//! How answers are printed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use crate::time::TimestampFormat;

/// What holds for the answer of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print no labels that all streams share, no hints and no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print what the query cost, to standard error
    #[arg(long, global = true)]
    pub stats: bool,
    /// How lines are printed
    #[arg(long, short, global = true, value_enum, default_value_t = OutputMode::Default)]
    pub output: OutputMode,
    /// The time zone of printed times: Local, UTC, or a name such as Europe/Berlin
    #[arg(long, short = 'z', global = true, default_value = "Local")]
    pub timezone: String,
    /// The form of times in the default output
    #[arg(long, global = true, value_enum, default_value_t = TimestampFormat::Rfc3339)]
    pub output_timestamp_format: TimestampFormat,
    /// What is told of our own doings, on standard error: `debug` names every request
    /// [default: error; info for `up`, `collect` and `serve`]
    #[arg(long = "log.level", global = true, value_enum)]
    pub log_level: Option<LogLevel>,
    /// Accepted for scripts that were written for logcli; has no effect
    #[arg(long, global = true, hide = true)]
    pub cpuprofile: Option<PathBuf>,
    /// Accepted for scripts that were written for logcli; has no effect
    #[arg(long, global = true, hide = true)]
    pub memprofile: Option<PathBuf>,
}

/// How lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputMode {
    /// Time, labels and line; numbers as indented JSON
    Default,
    /// The line alone
    Raw,
    /// A JSON object a line
    Jsonl,
    /// Numbers as curves and bars, for people (not known to logcli)
    Chart,
}

/// From which level on our own log is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Every request, with its address
    Debug,
    /// Starts and stops
    Info,
    /// Requests that are tried again
    Warn,
    /// Failures
    Error,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
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
    /// Pad the labels to this width at least
    #[arg(long, default_value_t = 0)]
    pub labels_length: usize,
    /// Give each set of labels a colour of its own
    #[arg(long)]
    pub colored_output: bool,
}
