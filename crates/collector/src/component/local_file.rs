//! `local.file`: the content of a file, and what it becomes.

use std::path::PathBuf;
use std::time::Duration;

use alloy::decode::Arguments;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub filename: PathBuf,
    /// How often it is looked at.
    pub poll_frequency: Duration,
    /// Whether its content must not be shown.
    pub is_secret: bool,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    args.one_of("detector", &[("fsnotify", ()), ("poll", ())], ());
    Settings {
        filename: args.required::<String>("filename").into(),
        poll_frequency: args.optional("poll_frequency", Duration::from_secs(60)),
        is_secret: args.optional("is_secret", false),
    }
}
