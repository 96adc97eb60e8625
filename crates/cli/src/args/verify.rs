//! `barogram verify`

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  barogram verify --data /var/lib/barogram              every byte, while the server runs
  barogram verify --store s3://logs --quick             manifests, footers and lists alone
  barogram verify --data /var/lib/barogram --repair     with the server stopped
It ends with 0 when no error was found, with 1 when some were, and with 2 when it could not look.";

/// `barogram verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The data folder of the server; what of it is not there is not looked at
    #[arg(long, default_value = "barogram-data")]
    pub data: PathBuf,
    /// Where stored logs are kept, if not in the data folder: s3://bucket/prefix,
    /// gs://bucket/prefix, az://container/prefix or a folder
    #[arg(long, env = "BAROGRAM_STORE", value_name = "URL")]
    pub store: Option<String>,
    /// A setting of the object store. May be repeated
    #[arg(long = "store-option", value_name = "KEY=VALUE")]
    pub store_options: Vec<String>,
    /// Do the repairs instead of only telling of them; the server must be stopped
    #[arg(long)]
    pub repair: bool,
    /// Leave out the rows of segments
    #[arg(long)]
    pub quick: bool,
}
