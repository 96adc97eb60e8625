//! At a start: what the log holds becomes the head again.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use ulid::Ulid;

use crate::admit::Received;
use crate::live::Live;
use crate::wal::{self, Append, Checkpoint, Recovered};
use crate::{Disk, Error, Threads};

/// Appends that were read and wait to become part of the head: enough that neither side waits for
/// the other's slower moments.
const READ_AHEAD: usize = 64;

/// Reads the log from the checkpoint on and makes visible what it holds.
pub(crate) async fn recover(
    live: &Arc<Live>,
    threads: Threads,
    disk: &Arc<dyn Disk>,
    writer: Ulid,
    checkpoint: Checkpoint,
) -> Result<Recovered, Error> {
    let (live, disk) = (Arc::clone(live), Arc::clone(disk));
    let recovery = threads.start(async move {
        match threads {
            Threads::Blocking => beside(&live, &*disk, writer, checkpoint),
            Threads::InPlace => wal::recover(&*disk, writer, checkpoint, |append| {
                live.replay(received(append));
            }),
        }
    });
    recovery.await.map_err(Error::Task)?
}

/// Reads on one thread while another fills the head: each is half of the work.
fn beside(
    live: &Live,
    disk: &dyn Disk,
    writer: Ulid,
    checkpoint: Checkpoint,
) -> Result<Recovered, Error> {
    let (read, replayed) = sync_channel(READ_AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || replayed.into_iter().for_each(|append| live.replay(append)));
        // Nobody takes it only after a panic, with which the scope ends too.
        wal::recover(disk, writer, checkpoint, move |append| drop(read.send(received(append))))
    })
}

fn received(append: Append) -> Received {
    Received::new(append.tenant, append.streams)
}
