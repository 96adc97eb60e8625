//! What was read of one file and is still on its way, in the order in which it was read. The file's
//! position moves over what is dealt with, and never past what is not: a line that a stage holds
//! back keeps all that was read after it.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::stage::{Origin, Origins};

use crate::custody::{Claim, Custody};

/// The ledger of one file, or of something else that is read in its order.
#[derive(Debug)]
pub struct Ledger<K: Keeper = Custody> {
    keeper: K,
    open: Mutex<Open<K::Claim>>,
}

/// Who keeps how far something is dealt with.
pub trait Keeper: Debug + Send + Sync + 'static {
    /// How far.
    type Claim: Debug + Send;

    /// It is dealt with so far.
    fn keep(&self, claim: Self::Claim);
}

#[derive(Debug)]
struct Open<C> {
    /// The number of the first that is open.
    first: u64,
    /// What becomes true once one is dealt with and all before it are, and whether it is.
    claims: VecDeque<(C, bool)>,
}

/// Stands for what was read at once. The last entry that came from it settles it.
#[derive(Debug)]
struct Part<K: Keeper> {
    ledger: Arc<Ledger<K>>,
    number: u64,
}

impl<K: Keeper> Origin for Part<K> {}

impl Keeper for Custody {
    type Claim = Claim;

    fn keep(&self, claim: Claim) {
        self.settle(claim);
    }
}

impl<K: Keeper> Ledger<K> {
    /// The ledger of something whose position is kept here.
    pub fn new(keeper: K) -> Arc<Self> {
        let open = Open { first: 0, claims: VecDeque::new() };
        Arc::new(Self { keeper, open: Mutex::new(open) })
    }

    /// Opens an item: what was read, up to here. It is closed when nobody holds it any more.
    pub fn begin(self: &Arc<Self>, claim: K::Claim) -> Origins {
        let mut open = self.open();
        let number = open.first + open.claims.len() as u64;
        open.claims.push_back((claim, false));
        Origins::one(Arc::new(Part { ledger: Arc::clone(self), number }))
    }

    fn close(&self, number: u64) {
        let mut open = self.open();
        let at = usize::try_from(number - open.first).unwrap_or(usize::MAX);
        if let Some((_, is_done)) = open.claims.get_mut(at) {
            *is_done = true;
        }
        let mut reached = None;
        while open.claims.front().is_some_and(|(_, is_done)| *is_done) {
            reached = open.claims.pop_front().map(|(claim, _)| claim);
            open.first += 1;
        }
        // Under the lock, so that a position does not overtake a later one.
        if let Some(claim) = reached {
            self.keeper.keep(claim);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open<K::Claim>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Keeper> Drop for Part<K> {
    fn drop(&mut self) {
        self.ledger.close(self.number);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::{Lanes, Position};
    use crate::status::Progress;
    use crate::tail::{FileNo, LogFile, Positions, Saved};

    fn at(place: u64) -> Position {
        Position { replay_from: place, lanes: Lanes::each(|_| place) }
    }

    proptest! {
        /// Whatever is let go of first, the position is before the first item that is held.
        #[test]
        fn a_position_never_passes_what_is_held(
            order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            std::fs::write(&path, "line\n").unwrap();
            let file = LogFile::open(&path).unwrap();
            let custody = Custody::new(Positions::open(folder.path()).unwrap(), Progress::new());
            let (no, inode, fingerprint) = (FileNo(0), file.inode(), file.fingerprint());
            let (position, pod, is_done) = (at(0), None, false);
            let states = Vec::new();
            let saved = Saved { path, inode, fingerprint, position, pod, is_done, states };
            custody.positions().track(no, saved);
            let ledger = Ledger::new(custody.clone());
            let claim = |place| Claim { no, position: at(place), is_last: false };
            let begin = |place: u64| ledger.begin(claim(place));
            let mut held: Vec<Option<Origins>> = (1..=20).map(|place| Some(begin(place))).collect();
            for item in order {
                held[item] = None;
                let first = held.iter().position(Option::is_some).unwrap_or(20);
                prop_assert_eq!(custody.positions().position(no), Some(at(first as u64)));
            }
        }
    }
}
