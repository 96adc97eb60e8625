//! `local.file_match`: the files that patterns stand for.

use std::time::Duration;

use alloy::Target;
use alloy::decode::Arguments;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Targets whose `__path__` is a pattern, and `__path_exclude__` another.
    pub path_targets: Vec<Target>,
    /// Files that were not written to for so long are left out; zero: none.
    pub ignore_older_than: Duration,
    /// How often files are looked for, at least.
    pub sync_period: Duration,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    Settings {
        path_targets: args.required("path_targets"),
        ignore_older_than: args.optional("ignore_older_than", Duration::ZERO),
        sync_period: args.optional("sync_period", Duration::from_secs(10)),
    }
}
