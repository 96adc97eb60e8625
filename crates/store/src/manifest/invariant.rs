//! The rules that every manifest keeps, named once. They are checked before a manifest is
//! committed and after one is read, so that a mistake stops at the first manifest that has it.

use std::collections::HashSet;

use super::document::{Manifest, SegmentRecord};
use crate::Error;
use crate::layout::Day;

/// What breaks a rule, as a sentence, if anything does.
type BrokenBy = fn(&Manifest) -> Option<String>;

/// Each rule by its name.
const RULES: [(&str, BrokenBy); 5] = [
    ("a segment is listed once", |manifest| {
        let mut known = HashSet::new();
        let twice = manifest.segments.iter().find(|segment| !known.insert(&segment.path));
        twice.map(|segment| format!("{} is listed twice", segment.path))
    }),
    ("a segment has rows and bytes", |manifest| {
        broken(manifest, |segment| segment.rows > 0 && segment.bytes > 0)
    }),
    ("a segment's rows are of its day", |manifest| {
        broken(manifest, |segment| {
            let (min, max) = (segment.min_timestamp, segment.max_timestamp);
            min <= max && Day::of(min) == segment.path.day && Day::of(max) == segment.path.day
        })
    }),
    ("what is removed is not live, and removed once", |manifest| {
        let mut known: HashSet<_> = manifest.segments.iter().map(|live| &live.path).collect();
        let twice = manifest.removed.iter().find(|removed| !known.insert(&removed.path));
        twice.map(|removed| format!("{} is listed twice", removed.path))
    }),
    ("a writer is listed once", |manifest| {
        let mut known = HashSet::new();
        let twice = manifest.writers.iter().find(|writer| !known.insert(writer.id));
        twice.map(|writer| format!("{} is listed twice", writer.id))
    }),
];

/// Checks a manifest by itself.
pub(super) fn check(manifest: &Manifest) -> Result<(), Error> {
    for (rule, broken_by) in RULES {
        if let Some(detail) = broken_by(manifest) {
            return Err(Error::Invariant { number: manifest.number, rule, detail });
        }
    }
    Ok(())
}

/// Checks that a manifest may follow another.
pub(crate) fn check_follows(base: &Manifest, next: &Manifest) -> Result<(), Error> {
    let broken = |rule, detail| Err(Error::Invariant { number: next.number, rule, detail });
    if next.number != base.number + 1 {
        return broken("numbers go up by one", format!("it follows {}", base.number));
    }
    let live = next.segments.iter().map(|segment| &segment.path);
    let kept: HashSet<_> = live.chain(next.removed.iter().map(|removed| &removed.path)).collect();
    if let Some(lost) = base.segments.iter().find(|segment| !kept.contains(&segment.path)) {
        return broken("no segment is lost", format!("{} is missing", lost.path));
    }
    for writer in &base.writers {
        let reached = next.checkpoint(writer.id).map_or(0, |checkpoint| checkpoint.sequence);
        if reached < writer.next_sequence {
            let detail = format!("{} fell from {} to {reached}", writer.id, writer.next_sequence);
            return broken("a checkpoint never goes back", detail);
        }
        if next.epoch(writer.id) < writer.epoch {
            let detail = format!("{} fell from {}", writer.id, writer.epoch);
            return broken("an epoch never goes back", detail);
        }
    }
    check(next)
}

fn broken(manifest: &Manifest, holds: impl Fn(&SegmentRecord) -> bool) -> Option<String> {
    let segment = manifest.segments.iter().find(|segment| !holds(segment))?;
    Some(format!("{} says {segment:?}", segment.path))
}

#[cfg(test)]
mod tests {
    use model::{TenantId, Timestamp};
    use ulid::Ulid;

    use super::*;
    use crate::layout::SegmentPath;
    use crate::manifest::{Applied, Change, RemovedRecord};
    use crate::wal::Checkpoint;

    fn segment(id: u128) -> SegmentRecord {
        let (tenant, time) = (TenantId::default(), Timestamp(5));
        let path = SegmentPath { tenant, day: Day::of(time), id: Ulid::from(id) };
        SegmentRecord { path, rows: 1, bytes: 1, min_timestamp: time, max_timestamp: time }
    }

    fn base() -> Manifest {
        let (writer, checkpoint) = (Ulid::nil(), Checkpoint { sequence: 7 });
        let segments = vec![segment(1)];
        let change = Change::Publish { segments, writer, epoch: 2, checkpoint };
        next(&Manifest::empty(), &change)
    }

    fn next(base: &Manifest, change: &Change) -> Manifest {
        match base.apply(change, Ulid::from(u128::from(base.number))) {
            Applied::Next(next) => *next,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check_rule(expect: &str, change: impl FnOnce(&mut Manifest)) {
        let mut next = next(&base(), &Change::Take { writer: Ulid::from(5_u128) });
        change(&mut next);
        let rule = match check_follows(&base(), &next) {
            Err(Error::Invariant { rule, .. }) => rule,
            other => panic!("{other:?}"),
        };
        assert_eq!(rule, expect);
    }

    #[test]
    fn each_rule_is_looked_at() {
        check_rule("numbers go up by one", |next| next.number = 3);
        check_rule("no segment is lost", |next| next.segments.clear());
        check_rule("a checkpoint never goes back", |next| next.writers[0].next_sequence = 6);
        check_rule("an epoch never goes back", |next| next.writers[0].epoch = 1);
        check_rule("what is removed is not live, and removed once", |next| {
            let SegmentRecord { path, bytes, .. } = segment(1);
            next.removed.push(RemovedRecord { path, bytes, removed_at: Timestamp(0) });
        });
        check_rule("a segment is listed once", |next| next.segments.push(segment(1)));
        check_rule("a segment has rows and bytes", |next| next.segments[0].rows = 0);
        check_rule("a segment's rows are of its day", |next| {
            next.segments[0].max_timestamp = Timestamp::from_secs(86_400);
        });
        check_rule("a writer is listed once", |next| {
            let again = next.writers[0].clone();
            next.writers.push(again);
        });
    }
}
