//! A range of time, as every command takes it.

use clap::Args;

/// A range of time.
#[derive(Debug, Clone, Args)]
pub struct RangeArgs {
    /// How far back to look
    #[arg(long, default_value = "1h")]
    pub since: String,
    /// Where to begin, e.g. 2026-01-15T06:00:00Z (instead of --since)
    #[arg(long)]
    pub from: Option<String>,
    /// Where to end; this time itself is outside [default: now]
    #[arg(long)]
    pub to: Option<String>,
}
