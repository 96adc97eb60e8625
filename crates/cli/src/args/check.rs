//! The arguments of `barogram check` and `barogram fmt`.

use std::path::PathBuf;

use clap::Args;

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  barogram check config.alloy         each problem with its place, the line, and what to do
  barogram check configs/ other.alloy a folder's *.alloy files are one configuration
  barogram check helmrelease.yaml     what stands in a HelmRelease or a ConfigMap
Exits with 1 if something is wrong; warnings alone are not.";

pub(super) const FMT_EXAMPLES: &str = "\
Examples:
  barogram fmt config.alloy           print the file, laid out
  barogram fmt --write *.alloy        lay files out in place
  barogram fmt --test *.alloy         exit with 1 if one is not laid out
  barogram fmt - < config.alloy       the same for standard input
  echo 'sum(rate({a=\"b\"}[5m]))' | barogram fmt";

/// `barogram check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Files, folders, or YAML files that hold configurations
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `barogram fmt`
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Alloy configurations; `-` is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the files in place
    #[arg(long, short, requires = "files", conflicts_with = "test")]
    pub write: bool,
    /// Change nothing, and exit with 1 if a file is not laid out
    #[arg(long, short, requires = "files")]
    pub test: bool,
}
