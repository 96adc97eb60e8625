//! One batch: pushed until the server has it, or says why it will never take some of it.

use std::collections::BTreeMap;
use std::time::Duration;

use airflow::column;
use airflow::path::LogPath;
use anyhow::{Context, Result};
use bytes::Bytes;
use collector::Pieces;
use loki::push::{CONTENT_TYPE, PushLimits};
use model::Stream;
use tokio::time::sleep;

use super::meter::Meter;
use crate::client::{Backoff, Client, Pushed};

/// Logs that are told of: enough to see what is wrong.
const LOGS_MAX: usize = 100;

/// What the server refused: how many entries, by the log that they are of and its reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How many entries.
    pub entries: u64,
    /// How many of which log, and why the first of them.
    pub told: BTreeMap<String, (u64, String)>,
}

impl Refused {
    /// Takes what another batch had.
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        for (log, (entries, reason)) in other.told {
            if self.told.len() < LOGS_MAX || self.told.contains_key(&log) {
                self.told.entry(log).or_insert((0, reason)).0 += entries;
            }
        }
    }

    fn note(&mut self, streams: &[Stream], reason: &str) {
        for stream in streams {
            for entry in &stream.entries {
                let log = log_of(&stream.labels, &entry.metadata);
                let told = BTreeMap::from([(log, (1, reason.to_owned()))]);
                self.add(Self { entries: 1, told });
            }
        }
    }
}

/// Whose log an entry is of, by its columns.
fn log_of(labels: &model::Labels, metadata: &model::Labels) -> String {
    let of = column::attribution(labels, metadata);
    of.map_or_else(String::new, |of| LogPath { task: of.task, trigger_job: None }.to_string())
}

/// Pushes a body until the server has what it will ever take of it. Without an answer, or with one
/// that may be another later, it is tried again, for ever.
///
/// # Errors
/// When the server would take nothing from us.
pub async fn deliver(client: &Client, body: Bytes, meter: &Meter) -> Result<Refused> {
    let mut refused = Refused::default();
    let Some(reason) = push(client, &body, meter).await? else { return Ok(refused) };
    let mut pieces = Pieces::default();
    let aside = pieces.refuse(taken_apart(&body)?);
    aside.iter().for_each(|piece| refused.note(piece, &reason));
    while let Some(piece) = pieces.pop() {
        let body = Bytes::from(loki::push::encode(&piece));
        let Some(reason) = push(client, &body, meter).await? else { continue };
        let aside = pieces.refuse(piece);
        aside.iter().for_each(|piece| refused.note(piece, &reason));
    }
    Ok(refused)
}

/// Pushes until there is an answer that will not change: none where it is stored, or why it is
/// not.
async fn push(client: &Client, body: &Bytes, meter: &Meter) -> Result<Option<String>> {
    let backoff = Backoff::from_seconds(0, 60);
    let mut failures = 0;
    loop {
        let (reason, after) = match client.push(CONTENT_TYPE, body.clone()).await? {
            Pushed::Stored => return Ok(None),
            Pushed::Refused(reason) => return Ok(Some(reason)),
            Pushed::Later { reason, after } => (reason, after),
        };
        failures += 1;
        let pause = backoff.pause(failures).max(after.unwrap_or(Duration::ZERO));
        meter.say(&format!("{reason:#}; it is tried again in {} s", pause.as_secs_f32().ceil()));
        sleep(pause).await;
    }
}

fn taken_apart(body: &[u8]) -> Result<Vec<Stream>> {
    // It is our own, and was built within the bounds of a batch.
    let most = usize::MAX;
    let limits =
        PushLimits { max_recv_msg_size: most, max_decompressed_size: most, max_elements: most };
    loki::push::decode(Some(CONTENT_TYPE), None, body, &limits)
        .context("a refused push cannot be taken apart; this is a bug, please report it")
}
