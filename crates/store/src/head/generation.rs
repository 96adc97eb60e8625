//! One generation of the head: what was appended between two seals, of every tenant.

use std::collections::HashMap;

use model::{Entry, Labels, Stream, TenantId, Timestamp};

use super::{Fingerprint, Table};

/// Rows of every tenant. All tenants are sealed together, since they share a log, and a log's
/// checkpoint is one number.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    tables: HashMap<TenantId, Table>,
    rows: u64,
    bytes: u64,
    since: Option<Timestamp>,
}

impl Generation {
    /// What entries occupy in memory, in bytes: their text, what holds them, and their
    /// fingerprints. Metadata is mostly shared between neighbours, so only the text of its pairs is
    /// counted.
    pub(crate) fn entries_bytes(entries: &[Entry]) -> u64 {
        const HELD_BYTES: usize = size_of::<Entry>() + 16 + 2 * size_of::<Fingerprint>();
        let mut last: Option<(&Labels, usize)> = None;
        let bytes = entries.iter().map(|entry| {
            let known = last.filter(|(last, _)| last.is_shared_with(&entry.metadata));
            let (_, metadata) = *last
                .insert(known.unwrap_or_else(|| (&entry.metadata, entry.metadata.text_bytes())));
            entry.line.len() + metadata + HELD_BYTES
        });
        bytes.sum::<usize>() as u64
    }

    /// What a stream occupies beside its entries, in bytes: its labels, and what holds it.
    pub(crate) fn stream_bytes(labels: &Labels) -> u64 {
        const HELD_BYTES: usize = 512;
        (labels.text_bytes() + HELD_BYTES) as u64
    }

    /// Adds rows, behind those that are there.
    pub(crate) fn insert(&mut self, tenant: &TenantId, stream: Stream) {
        self.rows += stream.entries.len() as u64;
        self.bytes += Self::entries_bytes(&stream.entries);
        let bytes_if_new = Self::stream_bytes(&stream.labels);
        let table = self.tables.entry(tenant.clone()).or_default();
        let before = table.len();
        table.insert(stream);
        self.bytes += if table.len() > before { bytes_if_new } else { 0 };
    }

    /// Notes when the first row came; later calls change nothing.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        if self.rows > 0 {
            self.since.get_or_insert(now);
        }
    }

    /// The rows of one tenant.
    pub(crate) fn table(&self, tenant: &TenantId) -> Option<&Table> {
        self.tables.get(tenant)
    }

    /// The rows of every tenant, in the order of their names.
    pub(crate) fn tables(&self) -> Vec<(&TenantId, &Table)> {
        let mut tables: Vec<_> = self.tables.iter().collect();
        tables.sort_by_key(|(tenant, _)| *tenant);
        tables
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// What they occupy in memory, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the first of them came.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.since
    }
}
