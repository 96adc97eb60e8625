//! Which lines a part of the store has, by fingerprint.

use std::collections::{HashMap, HashSet};

use model::{Labels, TenantId, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// A line within its stream: its time, and 64 bits for its text. Two different lines are taken
/// for one only if they have the same nanosecond and the same hash, one in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    timestamp: Timestamp,
    text: u64,
}

impl Fingerprint {
    /// The fingerprint of a line.
    pub(crate) fn new(timestamp: Timestamp, line: &str) -> Self {
        Self { timestamp, text: xxh3_64(line.as_bytes()) }
    }

    /// The line's time.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.timestamp
    }
}

/// The fingerprints of every line of a generation of the head.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<TenantId, HashMap<Labels, HashSet<Fingerprint>>>);

impl Seen {
    /// The fingerprints of one stream.
    pub(crate) fn stream(
        &self,
        tenant: &TenantId,
        labels: &Labels,
    ) -> Option<&HashSet<Fingerprint>> {
        self.0.get(tenant)?.get(labels)
    }

    /// The same, to add to it.
    pub(crate) fn stream_mut(
        &mut self,
        tenant: &TenantId,
        labels: &Labels,
    ) -> &mut HashSet<Fingerprint> {
        self.0.entry(tenant.clone()).or_default().entry(labels.clone()).or_default()
    }

    /// Takes fingerprints back.
    pub(crate) fn forget(
        &mut self,
        tenant: &TenantId,
        labels: &Labels,
        prints: impl IntoIterator<Item = Fingerprint>,
    ) {
        let stream = self.stream_mut(tenant, labels);
        for print in prints {
            stream.remove(&print);
        }
    }
}
