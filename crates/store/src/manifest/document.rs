//! What a manifest says, its JSON, and how a commit changes it. Pure.

use std::collections::HashSet;

use model::{TenantId, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::MANIFEST_VERSION;
use crate::layout::SegmentPath;
use crate::wal::Checkpoint;

/// One state of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The version of the format.
    pub(crate) version: u32,
    /// Its place in the sequence, the same as in its name. 0 is the empty store, which no object
    /// tells of.
    pub(crate) number: u64,
    /// Made by who committed it, to know its own commit again.
    pub(crate) commit: Ulid,
    /// The live segments, in the order in which they were published.
    pub(crate) segments: Vec<SegmentRecord>,
    /// Every writer that ever published.
    pub(crate) writers: Vec<WriterRecord>,
}

/// A live segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentRecord {
    /// Where it is, which tells its tenant, its day and its id.
    pub(crate) path: SegmentPath,
    /// Its rows.
    pub(crate) rows: u64,
    /// The size of the object.
    pub(crate) bytes: u64,
    /// The time of its earliest row.
    #[serde(with = "crate::nanoseconds")]
    pub(crate) min_timestamp: Timestamp,
    /// The time of its latest row.
    #[serde(with = "crate::nanoseconds")]
    pub(crate) max_timestamp: Timestamp,
}

/// How far a writer's log is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriterRecord {
    /// The writer.
    pub(crate) id: Ulid,
    /// The first record of its log that is not in the segments.
    pub(crate) next_sequence: u64,
}

/// What a commit adds. Applying it twice is the same as once, so that a commit whose outcome is
/// unknown can be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// New segments.
    pub(crate) segments: Vec<SegmentRecord>,
    /// Whose log they come from.
    pub(crate) writer: Ulid,
    /// How far they reach in it.
    pub(crate) checkpoint: Checkpoint,
}

impl Manifest {
    /// The empty store.
    pub(crate) fn empty() -> Self {
        let (segments, writers) = (Vec::new(), Vec::new());
        Self { version: MANIFEST_VERSION, number: 0, commit: Ulid::nil(), segments, writers }
    }

    /// How far a writer's log is published.
    pub(crate) fn checkpoint(&self, writer: Ulid) -> Option<Checkpoint> {
        let record = self.writers.iter().find(|record| record.id == writer)?;
        Some(Checkpoint { sequence: record.next_sequence })
    }

    /// The segments of a tenant that have rows in a time range.
    pub(crate) fn overlapping(
        &self,
        tenant: &TenantId,
        range: TimeRange,
    ) -> impl Iterator<Item = &SegmentRecord> {
        self.segments.iter().filter(move |segment| {
            range.overlaps(segment.min_timestamp, segment.max_timestamp)
                && segment.path.tenant == *tenant
        })
    }

    /// The manifest after this one.
    pub(crate) fn next(&self, change: &Change, commit: Ulid) -> Self {
        let mut next = Self { version: MANIFEST_VERSION, number: self.number + 1, ..self.clone() };
        next.commit = commit;
        let known: HashSet<&SegmentPath> = self.segments.iter().map(|known| &known.path).collect();
        let new = change.segments.iter().filter(|segment| !known.contains(&segment.path));
        next.segments.extend(new.cloned());
        let sequence = change.checkpoint.sequence;
        match next.writers.iter_mut().find(|record| record.id == change.writer) {
            Some(record) => record.next_sequence = record.next_sequence.max(sequence),
            None => next.writers.push(WriterRecord { id: change.writer, next_sequence: sequence }),
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest as it was written when version 1 was fixed.
    const FIXTURE: &str =
        include_str!("../../tests/fixtures/v1/objects/manifest/00000000000000000001.json");

    #[test]
    fn version_1_is_read_and_written_byte_for_byte() {
        let manifest: Manifest = serde_json::from_str(FIXTURE).unwrap();
        assert_eq!((manifest.version, manifest.number, manifest.segments.len()), (1, 1, 2));
        assert_eq!(serde_json::to_string_pretty(&manifest).unwrap(), FIXTURE);
    }
}
