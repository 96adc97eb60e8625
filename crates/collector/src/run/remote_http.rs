//! `remote.http` at work: a server is asked, and asked again.

use std::sync::Arc;

use alloy::{Secret, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::component::remote_http::Settings;
use crate::error::Chain;
use crate::limits::FETCHED_BYTES_MAX;
use crate::run::exports::Exports;
use crate::run::remote::{self, Subject};
use crate::run::stats::Stats;
use crate::write::Client;

/// Asks until it is told to end.
pub async fn run(
    settings: watch::Receiver<Settings>,
    seed: u64,
    around: (Exports, Arc<Stats>, CancellationToken),
) {
    let (what, export) = ("what a server says", "content");
    let subject = Subject { what, export, frequency: |it: &Settings| it.poll_frequency };
    remote::run(settings, subject, content, seed, around).await;
}

/// What the server says now.
async fn content(settings: Settings) -> Result<Value, String> {
    let client = Client::new(&settings.endpoint).map_err(|error| Chain(&error).to_string())?;
    let text = client.fetch(&settings.method, &settings.body, FETCHED_BYTES_MAX).await?;
    Ok(match settings.is_secret {
        true => Value::Secret(Secret::new(text)),
        false => Value::string(text),
    })
}
