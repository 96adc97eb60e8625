//! `barogram inspect`

use std::path::PathBuf;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  barogram inspect                          how much there is
  barogram inspect segments -o jsonl        every segment, for a program
  barogram inspect segment 01M808TX003BHN18A03MTRB98B
                                            where the bytes of one are
  barogram inspect space                    what each day takes
  barogram inspect space --by dag_id        what each DAG takes
  barogram inspect wal --data /var/lib/barogram";

/// `barogram inspect`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// The folder that holds all data; a server may have it open
    #[arg(long, global = true, default_value = "barogram-data")]
    pub data: PathBuf,
    /// What to look at [default: manifest]
    #[command(subcommand)]
    pub command: Option<InspectCommand>,
}

/// What there is to look at.
#[derive(Debug, Subcommand)]
pub enum InspectCommand {
    /// The newest manifest: how much is stored, and by whom
    Manifest,
    /// Every live segment
    Segments,
    /// One segment in depth: row groups, columns, streams
    Segment(SegmentArgs),
    /// What each day takes, or each value of a label
    Space(SpaceArgs),
    /// The files of the write-ahead log
    Wal,
}

/// `barogram inspect segment`
#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// Its path or its id, as `inspect segments` shows them
    pub segment: String,
    /// How many of its streams are shown, the largest first
    #[arg(long, default_value_t = 10)]
    pub streams: usize,
}

/// `barogram inspect space`
#[derive(Debug, Args)]
pub struct SpaceArgs {
    /// Sum up by the values of this label, which reads the footer of every segment
    #[arg(long)]
    pub by: Option<String>,
}
