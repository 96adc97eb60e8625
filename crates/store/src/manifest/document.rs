//! What a manifest says, and its JSON. How a commit changes it is in `change.rs`. Pure.

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
    /// The live segments, in the order of the age of their rows.
    pub(crate) segments: Vec<SegmentRecord>,
    /// Segments that are no longer live and whose objects are still there, for those who read.
    #[serde(default)]
    pub(crate) removed: Vec<RemovedRecord>,
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

/// A segment that was replaced or has expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovedRecord {
    /// Where its object is.
    pub(crate) path: SegmentPath,
    /// The size of the object.
    pub(crate) bytes: u64,
    /// Since when it is not live, by the clock of who committed that.
    #[serde(with = "crate::nanoseconds")]
    pub(crate) removed_at: Timestamp,
}

/// How far a writer's log is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriterRecord {
    /// The writer.
    pub(crate) id: Ulid,
    /// How often its log was opened. Only the latest opening may publish. Version 1 had none.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// The first record of its log that is not in the segments.
    pub(crate) next_sequence: u64,
}

impl Manifest {
    /// The empty store.
    pub(crate) fn empty() -> Self {
        Self {
            version: MANIFEST_VERSION,
            number: 0,
            commit: Ulid::nil(),
            segments: Vec::new(),
            removed: Vec::new(),
            writers: Vec::new(),
        }
    }

    /// How far a writer's log is published.
    pub(crate) fn checkpoint(&self, writer: Ulid) -> Option<Checkpoint> {
        let record = self.writer(writer)?;
        Some(Checkpoint { sequence: record.next_sequence })
    }

    /// The latest opening of a writer's log; 0 before the first.
    pub(crate) fn epoch(&self, writer: Ulid) -> u64 {
        self.writer(writer).map_or(0, |record| record.epoch)
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

    fn writer(&self, writer: Ulid) -> Option<&WriterRecord> {
        self.writers.iter().find(|record| record.id == writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest as it was written when version 1 was fixed.
    const V1: &str =
        include_str!("../../tests/fixtures/v1/objects/manifest/00000000000000000001.json");
    /// The same for version 2.
    const V2: &str = include_str!("../../tests/fixtures/v2/manifest.json");

    #[test]
    fn version_1_is_read() {
        let manifest: Manifest = serde_json::from_str(V1).unwrap();
        assert_eq!((manifest.version, manifest.number, manifest.segments.len()), (1, 1, 2));
        assert_eq!((manifest.removed.len(), manifest.writers[0].epoch), (0, 0));
    }

    #[test]
    fn version_2_is_read_and_written_byte_for_byte() {
        let manifest: Manifest = serde_json::from_str(V2).unwrap();
        assert_eq!((manifest.version, manifest.segments.len(), manifest.removed.len()), (2, 1, 2));
        assert_eq!(format!("{}\n", serde_json::to_string_pretty(&manifest).unwrap()), V2);
    }
}
