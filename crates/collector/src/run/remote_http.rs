//! `remote.http` at work: a server is asked, and asked again. Who needs what it says waits until it
//! has said something; what it said last stays in force while it is away.

use std::sync::Arc;

use alloy::{Secret, Value};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::component::remote_http::Settings;
use crate::error::Chain;
use crate::limits::{API_PAUSE_MAX, API_PAUSE_MIN, FETCHED_BYTES_MAX};
use crate::run::exports::Exports;
use crate::run::stats::Stats;
use crate::write::{Backoff, Client};

/// Asks until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    let mut is_failing = false;
    loop {
        let current = settings.borrow_and_update().clone();
        let mut backoff = Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed);
        let asking = async {
            loop {
                let pause = match content(&current).await {
                    Ok(content) => {
                        is_failing = false;
                        backoff.reset();
                        stats.note(None);
                        exports.tell(Value::object([("content", content)])).await;
                        current.poll_frequency
                    }
                    Err(problem) => {
                        if !std::mem::replace(&mut is_failing, true) {
                            tracing::warn!(problem, "what a server says cannot be had for now");
                        }
                        stats.note(Some(problem));
                        backoff.next().min(current.poll_frequency)
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

/// What the server says now.
async fn content(settings: &Settings) -> Result<Value, String> {
    let client = Client::new(&settings.endpoint).map_err(|error| Chain(&error).to_string())?;
    let text = client.fetch(&settings.method, &settings.body, FETCHED_BYTES_MAX).await?;
    Ok(match settings.is_secret {
        true => Value::Secret(Secret::new(text)),
        false => Value::string(text),
    })
}
