//! Who asks for a block that somebody else is fetching waits for that, instead of asking again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::channel::oneshot::{self, Receiver, Sender};
use futures::future::Shared;

use super::block::{Block, BlockKey};

/// How a flight ended. It is told to all who wait.
pub(super) type Landing = Result<Block, Arc<object_store::Error>>;

/// A block on its way. It ends without a landing when its leader has failed to give one.
pub(super) type Flight = Shared<Receiver<Landing>>;

/// The blocks that are being fetched: no more of them than their readers ask for.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<BlockKey, Flight>>);

/// What to do for a block.
#[derive(Debug)]
pub(super) enum Role {
    /// Nothing: here it is.
    Found(Block),
    /// Wait.
    Follow(Flight),
    /// Fetch it and [land](Lead::land).
    Lead(Lead),
}

impl Flights {
    /// What to do for a block, unless `known` has it. A leader makes it known before it lands, so
    /// nobody can fall between the two.
    pub(super) fn join(
        self: &Arc<Self>,
        key: BlockKey,
        known: impl FnOnce(&BlockKey) -> Option<Block>,
    ) -> Role {
        let mut flights = self.flights();
        if let Some(block) = known(&key) {
            return Role::Found(block);
        }
        if let Some(flight) = flights.get(&key) {
            return Role::Follow(flight.clone());
        }
        let (sender, receiver) = oneshot::channel();
        flights.insert(key.clone(), receiver.shared());
        Role::Lead(Lead { flights: Arc::clone(self), key, sender: Some(sender) })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<BlockKey, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to fetch a block. Dropping it gives the duty to whoever waits.
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    pub(super) key: BlockKey,
    sender: Option<Sender<Landing>>,
}

impl Lead {
    /// Tells all who wait.
    pub(super) fn land(mut self, landing: Landing) {
        let sender = self.sender.take();
        self.flights.flights().remove(&self.key);
        // Often nobody waits.
        drop(sender.map(|sender| sender.send(landing)));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.flights.flights().remove(&self.key);
        }
    }
}
