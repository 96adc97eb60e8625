//! Which lines a part of the store has, by fingerprint.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use model::{Labels, TenantId, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// An entry within its stream: its time, and 64 bits for its line and metadata. Two different
/// entries are taken for one only if they have the same nanosecond and the same hash, one in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    timestamp: Timestamp,
    text: u64,
}

impl Fingerprint {
    /// The fingerprint of an entry whose metadata has this hash.
    pub(crate) fn new(timestamp: Timestamp, line: &str, metadata: MetadataHash) -> Self {
        Self { timestamp, text: xxh3_64_with_seed(line.as_bytes(), metadata.0) }
    }

    /// The line's time.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.timestamp
    }
}

/// What is kept of an entry's metadata. Neighbours share theirs, so it is made once for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetadataHash(u64);

impl MetadataHash {
    /// The hash of an entry's metadata.
    pub(crate) fn new(metadata: &Labels) -> Self {
        Self(metadata.stream_id().0)
    }
}

/// The fingerprints of every line of a generation of the head.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<TenantId, HashMap<Labels, Prints, RandomState>>);

/// Fingerprints. Senders choose lines and times, so the hash has a seed that they do not know.
pub(crate) type Prints = HashSet<Fingerprint, RandomState>;

impl Seen {
    /// The fingerprints of one stream.
    pub(crate) fn stream(&self, tenant: &TenantId, labels: &Labels) -> Option<&Prints> {
        self.0.get(tenant)?.get(labels)
    }

    /// The same, to add to it.
    pub(crate) fn stream_mut(&mut self, tenant: &TenantId, labels: &Labels) -> &mut Prints {
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
