//! What a commit changes, and what becomes of it on a manifest that others may have changed. Pure.
//!
//! A change whose outcome is unknown is tried again, perhaps much later and on top of other
//! commits, so each one can tell from a manifest alone whether it is in it already.

use std::collections::HashSet;

use model::Timestamp;
use ulid::Ulid;

use super::MANIFEST_VERSION;
use super::document::{Manifest, RemovedRecord, SegmentRecord, WriterRecord};
use crate::layout::SegmentPath;
use crate::wal::Checkpoint;

/// What a commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A log was opened: earlier openings of it may publish no more.
    Take {
        /// Whose log.
        writer: Ulid,
    },
    /// What a log held is in segments.
    Publish {
        /// The new segments.
        segments: Vec<SegmentRecord>,
        /// Whose log they come from.
        writer: Ulid,
        /// Which opening of it.
        epoch: u64,
        /// How far they reach in it, which rises with each publication.
        checkpoint: Checkpoint,
    },
    /// Segments give way to others that hold their rows, or those of them that stay.
    Replace {
        /// What goes.
        old: Vec<SegmentPath>,
        /// What takes the place of the first of them.
        new: Vec<SegmentRecord>,
        /// When.
        at: Timestamp,
    },
    /// Segments that a manifest has lost, which none should, are live again.
    Restore {
        /// Which.
        segments: Vec<SegmentRecord>,
    },
    /// The objects of removed segments are gone.
    Forget {
        /// Which.
        paths: Vec<SegmentPath>,
    },
}

/// What becomes of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Applied {
    /// This manifest is to be committed.
    Next(Box<Manifest>),
    /// The change is in the manifest already, or there is nothing left to change.
    Already,
    /// Somebody else has replaced or dropped what was to be replaced.
    Superseded,
    /// The writer's log was opened again, so this opening may publish no more.
    Fenced,
}

impl Change {
    /// When the first of the objects was named that come with this change: until it is committed
    /// nobody knows that they are needed.
    pub(crate) fn objects_since(&self) -> Option<Timestamp> {
        let (Self::Publish { segments, .. } | Self::Replace { new: segments, .. }) = self else {
            return None;
        };
        let named = segments.iter().map(|segment| segment.path.id.timestamp_ms()).min()?;
        Some(Timestamp::from_millis(i64::try_from(named).unwrap_or(i64::MAX)))
    }
}

impl Manifest {
    /// Applies a change to this manifest.
    pub(crate) fn apply(&self, change: &Change, commit: Ulid) -> Applied {
        let mut next = Self { version: MANIFEST_VERSION, number: self.number + 1, ..self.clone() };
        next.commit = commit;
        let refused = match change {
            Change::Take { writer } => next.take(*writer),
            Change::Publish { segments, writer, epoch, checkpoint } => {
                next.publish(segments, *writer, *epoch, *checkpoint)
            }
            Change::Replace { old, new, at } => next.replace(old, new, *at),
            Change::Restore { segments } => next.restore(segments),
            Change::Forget { paths } => next.forget(paths),
        };
        refused.unwrap_or_else(|| Applied::Next(Box::new(next)))
    }

    fn take(&mut self, writer: Ulid) -> Option<Applied> {
        self.writer_mut(writer).epoch += 1;
        None
    }

    fn publish(
        &mut self,
        segments: &[SegmentRecord],
        writer: Ulid,
        epoch: u64,
        checkpoint: Checkpoint,
    ) -> Option<Applied> {
        let record = self.writer_mut(writer);
        // Looked at first: what a later opening has published under these numbers need not be ours.
        if record.epoch > epoch {
            return Some(Applied::Fenced);
        }
        if record.next_sequence >= checkpoint.sequence {
            return Some(Applied::Already);
        }
        (record.epoch, record.next_sequence) = (epoch, checkpoint.sequence);
        self.segments.extend_from_slice(segments);
        None
    }

    fn replace(
        &mut self,
        old: &[SegmentPath],
        new: &[SegmentRecord],
        at: Timestamp,
    ) -> Option<Applied> {
        let going: HashSet<&SegmentPath> = old.iter().collect();
        let live = self.segments.iter().filter(|segment| going.contains(&segment.path));
        if live.count() < going.len() {
            return Some(Applied::Superseded);
        }
        let place = self.segments.iter().position(|segment| going.contains(&segment.path))?;
        self.segments.splice(place..place, new.iter().cloned());
        let gone = self.segments.extract_if(.., |segment| going.contains(&segment.path));
        let removed = gone.map(|s| RemovedRecord { path: s.path, bytes: s.bytes, removed_at: at });
        self.removed.extend(removed);
        None
    }

    fn restore(&mut self, segments: &[SegmentRecord]) -> Option<Applied> {
        let live = self.segments.iter().map(|segment| &segment.path);
        let known: HashSet<&SegmentPath> =
            live.chain(self.removed.iter().map(|r| &r.path)).collect();
        let missing = segments.iter().filter(|segment| !known.contains(&segment.path)).cloned();
        let missing: Vec<SegmentRecord> = missing.collect();
        if missing.is_empty() {
            return Some(Applied::Already);
        }
        for segment in missing {
            // Among those of like age, so that of equal times the one that came first stays first.
            let later = self.segments.iter().position(|other| other.path.id > segment.path.id);
            self.segments.insert(later.unwrap_or(self.segments.len()), segment);
        }
        None
    }

    fn forget(&mut self, paths: &[SegmentPath]) -> Option<Applied> {
        let before = self.removed.len();
        let gone: HashSet<&SegmentPath> = paths.iter().collect();
        self.removed.retain(|removed| !gone.contains(&removed.path));
        (self.removed.len() == before).then_some(Applied::Already)
    }

    fn writer_mut(&mut self, writer: Ulid) -> &mut WriterRecord {
        let known = self.writers.iter().position(|record| record.id == writer);
        let at = known.unwrap_or_else(|| {
            let next_sequence = Checkpoint::START.sequence;
            self.writers.push(WriterRecord { id: writer, epoch: 0, next_sequence });
            self.writers.len() - 1
        });
        &mut self.writers[at]
    }
}

#[cfg(test)]
mod tests {
    use model::TenantId;

    use super::*;
    use crate::layout::Day;

    const WRITER: Ulid = Ulid::nil();

    fn segment(id: u128) -> SegmentRecord {
        let (tenant, time) = (TenantId::default(), Timestamp(5));
        let path = SegmentPath { tenant, day: Day::of(time), id: Ulid::from(id) };
        SegmentRecord { path, rows: 1, bytes: 1, min_timestamp: time, max_timestamp: time }
    }

    fn publish(ids: &[u128], epoch: u64, sequence: u64) -> Change {
        let segments = ids.iter().map(|id| segment(*id)).collect();
        Change::Publish { segments, writer: WRITER, epoch, checkpoint: Checkpoint { sequence } }
    }

    fn replace(old: &[u128], new: &[u128]) -> Change {
        let old = old.iter().map(|id| segment(*id).path).collect();
        let new = new.iter().map(|id| segment(*id)).collect();
        Change::Replace { old, new, at: Timestamp(7) }
    }

    fn restore(ids: &[u128]) -> Change {
        Change::Restore { segments: ids.iter().map(|id| segment(*id)).collect() }
    }

    fn forget(ids: &[u128]) -> Change {
        Change::Forget { paths: ids.iter().map(|id| segment(*id).path).collect() }
    }

    /// Applies changes one after the other; the last one must end so, and leave these ids live and
    /// these removed.
    #[track_caller]
    fn check(changes: &[Change], expect: &str, live: &[u128], removed: &[u128]) {
        let mut manifest = Manifest::empty();
        let mut last = "";
        for change in changes {
            last = match manifest.apply(change, Ulid::from(9_u128)) {
                Applied::Next(next) => {
                    manifest = *next;
                    "next"
                }
                Applied::Already => "already",
                Applied::Superseded => "superseded",
                Applied::Fenced => "fenced",
            };
        }
        assert_eq!(last, expect);
        let ids: Vec<u128> = manifest.segments.iter().map(|s| s.path.id.into()).collect();
        assert_eq!(ids, live);
        let ids: Vec<u128> = manifest.removed.iter().map(|s| s.path.id.into()).collect();
        assert_eq!(ids, removed);
    }

    #[test]
    fn a_publication_is_applied_once() {
        let take = Change::Take { writer: WRITER };
        check(&[publish(&[1, 2], 0, 5)], "next", &[1, 2], &[]);
        check(&[publish(&[1, 2], 0, 5), publish(&[1, 2], 0, 5)], "already", &[1, 2], &[]);
        // Even after others have compacted what it brought.
        let compacted = [publish(&[1, 2], 0, 5), replace(&[1, 2], &[3]), publish(&[1, 2], 0, 5)];
        check(&compacted, "already", &[3], &[1, 2]);
        check(&[publish(&[1], 0, 5), publish(&[2], 0, 6)], "next", &[1, 2], &[]);
        check(&[take.clone(), publish(&[1], 1, 5)], "next", &[1], &[]);
        check(&[take.clone(), publish(&[1], 0, 5)], "fenced", &[], &[]);
        check(&[take.clone(), publish(&[1], 1, 5), take, publish(&[2], 1, 6)], "fenced", &[1], &[]);
    }

    #[test]
    fn what_was_lost_comes_back_once_and_in_its_place() {
        let some = publish(&[1, 3], 0, 5);
        check(&[some.clone(), restore(&[2, 4])], "next", &[1, 2, 3, 4], &[]);
        check(&[some.clone(), restore(&[1])], "already", &[1, 3], &[]);
        check(&[some, replace(&[1], &[]), restore(&[1, 2])], "next", &[2, 3], &[1]);
    }

    #[test]
    fn what_replaces_segments_takes_the_place_of_the_first() {
        let four = publish(&[1, 2, 3, 4], 0, 5);
        check(&[four.clone(), replace(&[2, 3], &[9])], "next", &[1, 9, 4], &[2, 3]);
        check(&[four.clone(), replace(&[1], &[])], "next", &[2, 3, 4], &[1]);
        check(&[four.clone(), replace(&[2, 7], &[9])], "superseded", &[1, 2, 3, 4], &[]);
        let twice = [four.clone(), replace(&[2, 3], &[9]), replace(&[2, 3], &[8])];
        check(&twice, "superseded", &[1, 9, 4], &[2, 3]);
        check(&[four.clone(), replace(&[2, 3], &[9]), forget(&[2])], "next", &[1, 9, 4], &[3]);
        check(&[four, forget(&[2])], "already", &[1, 2, 3, 4], &[]);
    }
}
