//! What a manifest says, as plain data: the one place outside `manifest/` that knows its document.

use std::collections::BTreeMap;

use model::Timestamp;
use serde::Serialize;

use crate::manifest::{Manifest, SegmentRecord};

/// A manifest as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestState {
    /// Its number: how many commits there were.
    pub number: u64,
    /// The version of its format.
    pub version: u32,
    /// The id that its committer gave it.
    pub commit: String,
    /// Live segments.
    pub segments: u64,
    /// Their rows.
    pub rows: u64,
    /// The bytes of their objects.
    pub bytes: u64,
    /// Segments that are not live any more, whose objects are still there.
    pub removed_segments: u64,
    /// The bytes of their objects.
    pub removed_bytes: u64,
    /// Whoever published or was restarted.
    pub writers: Vec<WriterState>,
}

/// How far the log of a writer is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WriterState {
    /// The writer.
    pub id: String,
    /// How often its log was opened again.
    pub epoch: u64,
    /// The first record of its log that is not in segments.
    pub next_sequence: u64,
}

/// A live segment, as the manifest tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentState {
    /// Its object.
    pub path: String,
    /// Its id, which is the name of the object.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// Its UTC day, as `2026-11-22`.
    pub day: String,
    /// Its rows.
    pub rows: u64,
    /// The size of its object.
    pub bytes: u64,
    /// The time of its earliest row.
    #[serde(with = "crate::nanoseconds")]
    pub min_timestamp: Timestamp,
    /// The time of its latest row.
    #[serde(with = "crate::nanoseconds")]
    pub max_timestamp: Timestamp,
}

/// The live segments of a tenant's UTC day, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayState {
    /// The tenant.
    pub tenant: String,
    /// The day, as `2026-11-22`.
    pub day: String,
    /// Its segments.
    pub segments: u64,
    /// Their rows.
    pub rows: u64,
    /// The bytes of their objects.
    pub bytes: u64,
    /// The time of the earliest row.
    #[serde(with = "crate::nanoseconds")]
    pub min_timestamp: Timestamp,
    /// The time of the latest row.
    #[serde(with = "crate::nanoseconds")]
    pub max_timestamp: Timestamp,
}

pub(super) fn manifest(manifest: &Manifest) -> ManifestState {
    let writers = manifest.writers.iter();
    ManifestState {
        number: manifest.number,
        version: manifest.version,
        commit: manifest.commit.to_string(),
        segments: manifest.segments.len() as u64,
        rows: manifest.segments.iter().map(|segment| segment.rows).sum(),
        bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
        removed_segments: manifest.removed.len() as u64,
        removed_bytes: manifest.removed.iter().map(|removed| removed.bytes).sum(),
        writers: writers
            .map(|writer| WriterState {
                id: writer.id.to_string(),
                epoch: writer.epoch,
                next_sequence: writer.next_sequence,
            })
            .collect(),
    }
}

pub(super) fn segment(record: &SegmentRecord) -> SegmentState {
    SegmentState {
        path: record.path.to_string(),
        id: record.path.id.to_string(),
        tenant: record.path.tenant.to_string(),
        day: record.path.day.to_string(),
        rows: record.rows,
        bytes: record.bytes,
        min_timestamp: record.min_timestamp,
        max_timestamp: record.max_timestamp,
    }
}

/// By tenant and day.
pub(super) fn days(segments: &[SegmentState]) -> Vec<DayState> {
    let mut days: BTreeMap<(&str, &str), DayState> = BTreeMap::new();
    for segment in segments {
        let day = days.entry((&segment.tenant, &segment.day)).or_insert_with(|| DayState {
            tenant: segment.tenant.clone(),
            day: segment.day.clone(),
            segments: 0,
            rows: 0,
            bytes: 0,
            min_timestamp: segment.min_timestamp,
            max_timestamp: segment.max_timestamp,
        });
        day.segments += 1;
        day.rows += segment.rows;
        day.bytes += segment.bytes;
        day.min_timestamp = day.min_timestamp.min(segment.min_timestamp);
        day.max_timestamp = day.max_timestamp.max(segment.max_timestamp);
    }
    days.into_values().collect()
}
