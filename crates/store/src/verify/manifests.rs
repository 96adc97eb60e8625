//! Every manifest that is kept, one after the other: do they parse, and does each follow the one
//! before it?

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::finding::{Finding, Severity, chain};
use super::objects::Listing;
use super::report::Reporter;
use super::step::Step;
use crate::Error;
use crate::layout::{SegmentPath, manifest_path};
use crate::manifest::{Manifest, Manifests, SegmentRecord, check_follows};

/// What the manifests tell.
pub(super) struct History {
    /// The newest that can be read.
    pub(super) newest: Arc<Manifest>,
    /// Whether that is the newest there is. If not, nobody knows what is live.
    pub(super) is_whole: bool,
    /// Segments that one manifest has and the next has lost, and that did not come back.
    pub(super) lost: BTreeMap<SegmentPath, SegmentRecord>,
}

/// Reads them, two at a time.
///
/// # Errors
/// When the object store fails, or a newer program wrote one of them.
pub(super) async fn check(
    manifests: &Manifests,
    listing: &Listing,
    reporter: &mut Reporter<'_>,
) -> Result<History, Error> {
    let numbers = manifests.numbers().await?;
    let mut walk = Walk { manifests, reporter, known: None, lost: BTreeMap::new(), read: 0 };
    for (at, number) in numbers.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| numbers.get(before));
        walk.check_gap(before.copied(), *number);
        walk.step(*number, at + 1 == numbers.len()).await?;
    }
    let last = numbers.last().copied().unwrap_or(0);
    let known = walk.known.take().unwrap_or_else(|| Arc::new(Manifest::empty()));
    let is_whole = known.number == last;
    let newest = if is_whole { manifests.newer(Arc::clone(&known)).await? } else { known };
    let lost = walk.lost(&newest, listing);
    let summary = walk.reporter.summary();
    (summary.manifest, summary.manifests) = (newest.number, walk.read);
    Ok(History { newest, is_whole, lost })
}

struct Walk<'a, 'b> {
    manifests: &'a Manifests,
    reporter: &'a mut Reporter<'b>,
    /// The last one that could be read.
    known: Option<Arc<Manifest>>,
    lost: BTreeMap<SegmentPath, (u64, SegmentRecord)>,
    read: u64,
}

impl Walk<'_, '_> {
    fn check_gap(&mut self, before: Option<u64>, number: u64) {
        const ADVICE: &str = "put the missing ones back from a copy, if there is one; stores that \
                              were not behind do not need them";
        if let Some(before) = before.filter(|before| before + 1 != number) {
            let what = format!("it follows {before}: those between are missing");
            self.reporter.add(Finding::error("manifest.gap", manifest_path(number), what, ADVICE));
        }
    }

    async fn step(&mut self, number: u64, is_newest: bool) -> Result<(), Error> {
        match self.manifests.read(number).await {
            Ok(Some(next)) => {
                self.read += 1;
                let next = Arc::new(next);
                if let Some(base) = self.known.take().filter(|base| base.number + 1 == number) {
                    self.follow(&base, &next);
                }
                self.known = Some(next);
            }
            // It was old, and was removed since the list.
            Ok(None) => {}
            Err(error @ (Error::Corrupt { .. } | Error::Invariant { .. })) => {
                self.reporter.add(unreadable(number, is_newest, &error));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn follow(&mut self, base: &Manifest, next: &Manifest) {
        const ADVICE: &str = "keep a copy of the whole store and report it: only a fault of the \
                              program or of the object store does this";
        let lost = lost_between(base, next);
        if lost.is_empty()
            && let Err(error) = check_follows(base, next)
        {
            let path = manifest_path(next.number);
            self.reporter.add(Finding::error("manifest.rule", path, error.to_string(), ADVICE));
        }
        self.lost.extend(lost.into_iter().map(|r| (r.path.clone(), (next.number, r.clone()))));
    }

    /// Tells of lost segments, and which of them did not come back.
    fn lost(
        &mut self,
        newest: &Manifest,
        listing: &Listing,
    ) -> BTreeMap<SegmentPath, SegmentRecord> {
        let live = newest.segments.iter().map(|segment| &segment.path);
        let known: HashSet<_> = live.chain(newest.removed.iter().map(|r| &r.path)).collect();
        let mut lost = BTreeMap::new();
        for (path, (number, record)) in std::mem::take(&mut self.lost) {
            let (place, rows) = (manifest_path(number), record.rows);
            if known.contains(&path) {
                let what = format!("it lost {path}, which came back later");
                self.reporter.add(Finding::note("manifest.lost", place, what, "nothing is to do"));
                continue;
            }
            let is_there = listing.segments.contains_key(&path.path());
            let advice = if is_there {
                "--repair makes it live again"
            } else {
                "put its object back from a copy, then run --repair"
            };
            let what = format!("it has lost {path} with {rows} rows, which was never replaced");
            self.reporter.add(Finding::error("manifest.lost", place, what, advice));
            if is_there {
                let record = record.clone();
                self.reporter.report.repairs.push(Step::Restore { record }.into());
            }
            lost.insert(path, record);
        }
        lost
    }
}

/// The live segments of a manifest of which the next says nothing.
fn lost_between<'a>(base: &'a Manifest, next: &Manifest) -> Vec<&'a SegmentRecord> {
    let live = next.segments.iter().map(|segment| &segment.path);
    let kept: HashSet<_> = live.chain(next.removed.iter().map(|removed| &removed.path)).collect();
    base.segments.iter().filter(|segment| !kept.contains(&segment.path)).collect()
}

fn unreadable(number: u64, is_newest: bool, error: &Error) -> Finding {
    let (severity, advice) = if is_newest {
        let advice = "put it back from a copy; without it the store does not start, and nothing \
                      else can be repaired";
        (Severity::Error, advice)
    } else {
        (Severity::Warning, "nothing is to do: newer ones have taken its place")
    };
    let offset = match error {
        Error::Corrupt { offset, .. } => Some(*offset),
        _ => None,
    };
    let path = manifest_path(number);
    Finding::new(severity, "manifest.unreadable", path, chain(error), advice).at(offset)
}
