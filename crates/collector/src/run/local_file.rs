//! `local.file` at work: the content of a file, and what it becomes.

use std::sync::Arc;
use std::time::Duration;

use alloy::{Secret, Value};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::component::local_file::Settings;
use crate::limits::FILE_LOOK_MAX;
use crate::run::exports::Exports;
use crate::run::stats::Stats;

/// What the file says now.
///
/// # Errors
/// Why it cannot be read, for people.
pub fn exports(settings: &Settings) -> Result<Value, String> {
    let path = &settings.filename;
    let content = std::fs::read_to_string(path);
    let content = content.map_err(|error| format!("{}: {error}", path.display()))?;
    let content = match settings.is_secret {
        true => Value::Secret(Secret::new(content)),
        false => Value::string(content),
    };
    Ok(Value::object([("content", content)]))
}

/// Looks at the file until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    exports: Exports,
    stats: Arc<Stats>,
    cancel: CancellationToken,
) {
    loop {
        let current = settings.borrow_and_update().clone();
        match self::exports(&current) {
            Ok(found) => {
                stats.note(None);
                exports.tell(found).await;
            }
            // What it said before stays in force.
            Err(problem) => {
                tracing::warn!(problem, "a file cannot be read, it is tried again");
                stats.note(Some(problem));
            }
        }
        let pause = current.poll_frequency.clamp(Duration::from_millis(100), FILE_LOOK_MAX);
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = sleep(pause) => {}
        }
    }
}
