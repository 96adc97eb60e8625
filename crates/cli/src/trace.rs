//! Our own log: to stderr, so that what a command prints can be piped.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// The environment variable that says what is logged, e.g. `debug` or `barogram_store=debug`.
pub const LEVEL_VARIABLE: &str = "BAROGRAM_LOG";

/// Starts logging from a level on, unless the environment says otherwise.
pub fn start(level: LevelFilter) {
    let filter = EnvFilter::try_from_env(LEVEL_VARIABLE)
        .unwrap_or_else(|_| EnvFilter::default().add_directive(level.into()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
