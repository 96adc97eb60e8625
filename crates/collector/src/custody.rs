//! Who answers for lines that were read and are not acknowledged yet.
//!
//! What was read of a file travels with a ticket. Whoever needs the lines holds the ticket, each
//! sink for itself; when the last of them lets go, the lines are dealt with and the file's position
//! moves. Once the custody is closed, letting go means nothing any more: a collector that is torn
//! down in the middle of its work must not look as if it had finished it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::stage::Origins;

use crate::Error;
use crate::stage::Position;
use crate::status::Progress;
use crate::tail::{FileNo, Mark, Positions};

/// The positions of all files, and whether they may still move.
#[derive(Debug, Clone)]
pub struct Custody(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    positions: Mutex<Positions>,
    /// Held while they are written: there is one file of them.
    writing: Mutex<()>,
    progress: Progress,
    is_closed: AtomicBool,
}

/// Stands for entries that somebody must still deliver.
#[derive(Debug)]
pub struct Ticket {
    custody: Custody,
    entries: u64,
    claim: Option<Claim>,
    /// What the entries came from, where others answer for that.
    _origins: Vec<Origins>,
}

/// What becomes true of a file once its entries are dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The file.
    pub no: FileNo,
    /// How far it is dealt with.
    pub position: Position,
    /// Whether nothing more will come of it.
    pub is_last: bool,
}

/// Closes the custody when it goes, however that comes about.
#[derive(Debug)]
pub struct Closing(Custody);

impl Custody {
    /// A custody of these positions.
    pub fn new(positions: Positions, progress: Progress) -> Self {
        let (positions, is_closed) = (Mutex::new(positions), AtomicBool::new(false));
        Self(Arc::new(Inner { positions, writing: Mutex::new(()), progress, is_closed }))
    }

    /// A ticket for so many entries of a file.
    pub fn ticket(&self, entries: u64, claim: Claim) -> Ticket {
        Ticket { custody: self.clone(), entries, claim: Some(claim), _origins: Vec::new() }
    }

    /// A ticket for entries whose file was dealt with when they were queued, by an earlier
    /// collector.
    pub fn ticket_of_queued(&self, entries: u64) -> Ticket {
        self.0.progress.note(|status| status.entries_queued += entries);
        self.ticket_of_origins(entries, Vec::new())
    }

    /// A ticket for entries that came from these: they are let go of with it.
    pub fn ticket_of_origins(&self, entries: u64, origins: Vec<Origins>) -> Ticket {
        Ticket { custody: self.clone(), entries, claim: None, _origins: origins }
    }

    /// Whether letting go means nothing any more.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed.load(Ordering::SeqCst) || std::thread::panicking()
    }

    /// A file is dealt with up to here, if that still counts.
    pub fn settle(&self, Claim { no, position, is_last }: Claim) {
        if self.is_closed() {
            return;
        }
        let mut positions = self.positions();
        positions.settle(no, position);
        if is_last {
            positions.forget(no);
        }
    }

    /// The positions.
    pub fn positions(&self) -> MutexGuard<'_, Positions> {
        self.0.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the positions to disk, if they have changed.
    ///
    /// # Errors
    /// When the state folder cannot be used.
    pub fn save(&self) -> Result<(), Error> {
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = self.positions().changed();
        let Some(changes) = changed else { return Ok(()) };
        changes.write().map_err(|(path, source)| {
            self.positions().keep_changed();
            Error::StateFolder { path, source }
        })?;
        self.positions().written(&changes);
        Ok(())
    }

    /// Where the files of these tickets can be read on from once all of them are queued.
    pub fn marks<'a>(&self, tickets: impl IntoIterator<Item = &'a Arc<Ticket>>) -> Vec<Mark> {
        let positions = self.positions();
        let mut last: Vec<(FileNo, Position)> = Vec::new();
        for claim in tickets.into_iter().filter_map(|ticket| ticket.claim) {
            match last.iter_mut().find(|(no, _)| *no == claim.no) {
                Some((_, position)) => *position = claim.position,
                None => last.push((claim.no, claim.position)),
            }
        }
        last.into_iter().filter_map(|(no, position)| positions.mark(no, position)).collect()
    }

    /// From now on no position moves, once this is dropped.
    pub fn closing(&self) -> Closing {
        Closing(self.clone())
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.0.is_closed.store(true, Ordering::SeqCst);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let inner = &self.custody.0;
        if self.custody.is_closed() {
            return;
        }
        if let Some(claim) = self.claim {
            self.custody.settle(claim);
        }
        inner.progress.note(|status| status.entries_settled += self.entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries that are settled when the holders of a ticket let go, before or after the end.
    #[track_caller]
    fn check(is_closed: bool, expect: u64) {
        let folder = tempfile::tempdir().unwrap();
        let progress = Progress::new();
        let custody = Custody::new(Positions::open(folder.path()).unwrap(), progress.clone());
        let closing = custody.closing();
        let first = Arc::new(custody.ticket_of_queued(3));
        let second = Arc::clone(&first);
        drop(first);
        assert_eq!(progress.watch().borrow().entries_settled, 0, "the other still holds it");
        if is_closed {
            drop(closing);
        }
        drop(second);
        assert_eq!(progress.watch().borrow().entries_settled, expect);
    }

    #[test]
    fn the_last_to_let_go_settles() {
        check(false, 3);
    }

    #[test]
    fn what_is_torn_down_is_not_settled() {
        check(true, 0);
    }
}
