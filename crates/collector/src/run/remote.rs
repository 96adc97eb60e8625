//! What the components `remote.…` have in common: something is asked for, and asked for again. Who
//! needs it waits until it is known; what was known stays in force while it cannot be had.

use std::sync::Arc;
use std::time::Duration;

use alloy::Value;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::limits::{API_PAUSE_MAX, API_PAUSE_MIN};
use crate::run::exports::Exports;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// What is asked for.
pub struct Subject<S> {
    /// Whose it is, as in "what a server says".
    pub what: &'static str,
    /// The name under which it is exported.
    pub export: &'static str,
    /// How often it is asked for.
    pub frequency: fn(&S) -> Duration,
}

/// Asks until it is told to end. The errors of `ask` are for people.
pub async fn run<S: Clone, A: Future<Output = Result<Value, String>>>(
    mut settings: watch::Receiver<S>,
    subject: Subject<S>,
    ask: impl Fn(S) -> A,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    let Subject { what, export, frequency } = subject;
    let mut is_failing = false;
    loop {
        let current = settings.borrow_and_update().clone();
        let mut backoff = Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed);
        let asking = async {
            loop {
                let pause = match ask(current.clone()).await {
                    Ok(value) => {
                        is_failing = false;
                        backoff.reset();
                        stats.note(None);
                        exports.tell(Value::object([(export, value)])).await;
                        frequency(&current)
                    }
                    Err(problem) => {
                        if !std::mem::replace(&mut is_failing, true) {
                            tracing::warn!(problem, "{what} cannot be had for now");
                        }
                        stats.note(Some(problem));
                        backoff.next().min(frequency(&current))
                    }
                };
                sleep(pause).await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = asking => {}
        }
    }
}
