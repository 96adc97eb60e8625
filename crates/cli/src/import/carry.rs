//! Several files are read and several batches pushed at a time; how far one has come is noted in
//! the order in which they were read.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;

use super::deliver::{Refused, deliver};
use super::journal::Journal;
use super::logs::{Failures, Logs};
use super::meter::{Count, Meter};
use super::read::{self, Batch, Shelf};
use crate::client::Client;

/// Files of a folder that are read at a time: one is read while another's lines are packed. A
/// server has more to do with them than we.
const FOLDER_READERS: usize = 2;
/// Objects that are read at a time: most of it is waiting for the first byte.
const BUCKET_READERS: usize = 16;
/// Batches that are read and not pushed yet.
const READY_MAX: usize = 2;
/// Pushes on their way at a time: while one waits for its fsync, others are sent and unpacked.
const PUSHES_MAX: usize = 4;

/// What came of it.
#[derive(Debug, Default)]
pub struct Carried {
    /// What was counted.
    pub count: Count,
    /// What the server refused.
    pub refused: Refused,
    /// What could not be read.
    pub failures: Failures,
    /// Files of which the end is left for the next time, since they may be written to.
    pub open: u64,
}

/// Brings all files to the server.
///
/// # Errors
/// When the server takes nothing from us, or the journal cannot be written.
pub async fn carry(
    shelf: Arc<Shelf>,
    client: &Client,
    journal: &mut Journal,
    meter: &Meter,
) -> Result<Carried> {
    let (outbox, inbox) = mpsc::channel(READY_MAX);
    let readers = match shelf.logs {
        Logs::Folder(_) => FOLDER_READERS,
        Logs::Bucket(..) => BUCKET_READERS,
    };
    let readers: Vec<_> = (0..readers)
        .map(|_| {
            let (shelf, outbox) = (Arc::clone(&shelf), outbox.clone());
            tokio::task::spawn_blocking(move || read::run(&shelf, &outbox))
        })
        .collect();
    drop(outbox);
    let batches = stream::unfold(inbox, async |mut inbox: mpsc::Receiver<Batch>| {
        inbox.recv().await.map(|batch| (batch, inbox))
    });
    // In their order: a later place of a file is not noted before an earlier one is reached.
    let mut pushed = std::pin::pin!(
        batches
            .map(|mut batch| async move {
                let body = std::mem::take(&mut batch.body);
                let refused = if body.is_empty() {
                    Ok(Refused::default())
                } else {
                    deliver(client, body, meter).await
                };
                refused.map(|refused| (batch, refused))
            })
            .buffered(PUSHES_MAX)
    );
    let mut carried = Carried::default();
    while let Some(pushed) = pushed.next().await {
        let (batch, refused) = pushed?;
        let marks = batch.marks.iter().map(|(at, known)| (&*shelf.tasks[*at].file.name, *known));
        journal.note(marks).context("failed to write the journal")?;
        carried.take(&shelf, &batch, refused);
        meter.show(&carried.count);
    }
    for reader in readers {
        reader.await.context("a reader failed; this is a bug, please report it")?;
    }
    Ok(carried)
}

impl Carried {
    fn take(&mut self, shelf: &Shelf, batch: &Batch, refused: Refused) {
        let ended = batch.marks.iter().filter(|(_, known)| known.whole).count();
        self.count.files += ended as u64;
        self.count.entries += batch.entries;
        self.count.line_bytes += batch.line_bytes;
        self.count.file_bytes += batch.file_bytes;
        self.open += batch.open;
        self.refused.add(refused);
        for (at, reason) in &batch.failures {
            self.failures.add(&shelf.tasks[*at].file.name, reason);
        }
    }
}
