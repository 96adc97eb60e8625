//! All objects: which there are, which of them nobody needs, and whether delete requests can be
//! read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use model::Timestamp;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::finding::{Finding, Severity, chain};
use super::manifests::History;
use super::report::Reporter;
use super::step::Step;
use crate::layout::{self, QUARANTINE_FOLDER};
use crate::{Config, Error, delete};

/// Names of objects that are not ours which are told.
const FOREIGN_TOLD_MAX: usize = 5;

/// Every object of a store by its sort.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Segments, live or not, and their sizes.
    pub(super) segments: HashMap<Path, u64>,
    deletes: Vec<Path>,
    manifests: u64,
    quarantined: u64,
    quarantined_bytes: u64,
    foreign: u64,
    /// The first few of the foreign ones.
    foreign_told: Vec<Path>,
}

impl Listing {
    pub(super) async fn of(objects: &Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let mut listing = Self::default();
        let mut listed = objects.list(None);
        let failed = || Error::object("list", &Path::default());
        while let Some(object) = listed.try_next().await.map_err(failed())? {
            listing.add(object);
        }
        Ok(listing)
    }

    /// Whether there is anything that a store has written.
    pub(super) fn has_store(&self) -> bool {
        self.manifests > 0 || !self.segments.is_empty()
    }

    fn add(&mut self, object: ObjectMeta) {
        let path = object.location;
        if layout::parse_segment_id(&path).is_some() {
            self.segments.insert(path, object.size);
        } else if layout::parse_manifest_path(&path).is_some() {
            self.manifests += 1;
        } else if layout::parse_delete_path(&path).is_some() {
            self.deletes.push(path);
        } else if path.as_ref().split('/').next() == Some(QUARANTINE_FOLDER) {
            self.quarantined += 1;
            self.quarantined_bytes += object.size;
        } else if layout::parse_erased_path(&path).is_none() && path != layout::version_path() {
            self.foreign += 1;
            if self.foreign_told.len() < FOREIGN_TOLD_MAX {
                self.foreign_told.push(path);
            }
        }
    }
}

/// Tells what is wrong with objects that are no live segments.
///
/// # Errors
/// When the object store fails, or a newer program wrote a delete request.
pub(super) async fn check(
    objects: &Arc<dyn ObjectStore>,
    listing: &Listing,
    history: &History,
    now: Timestamp,
    reporter: &mut Reporter<'_>,
) -> Result<(), Error> {
    orphans(listing, history, now, reporter);
    removed(listing, history, reporter);
    others(listing, reporter);
    for path in &listing.deletes {
        reporter.summary().delete_requests += 1;
        match delete::read(objects, path).await {
            Ok(_) => {}
            Err(error @ Error::Corrupt { .. }) => {
                let advice = "put it back from a copy, or remove it if its lines may show again; \
                              the store does not start with it";
                reporter.add(Finding::error("delete.unreadable", path, chain(&error), advice));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Objects that no manifest knows.
fn orphans(listing: &Listing, history: &History, now: Timestamp, reporter: &mut Reporter<'_>) {
    if !history.is_whole {
        return;
    }
    let newest = &history.newest;
    let live = newest.segments.iter().map(|segment| segment.path.path());
    let removed = newest.removed.iter().map(|removed| removed.path.path());
    let lost = history.lost.keys().map(|path| path.path());
    let known: HashSet<Path> = live.chain(removed).chain(lost).collect();
    let mut orphans: Vec<_> =
        listing.segments.iter().filter(|(path, _)| !known.contains(*path)).collect();
    orphans.sort();
    for (path, bytes) in orphans {
        let made = layout::parse_segment_id(path).map_or(now, layout::made_at);
        let age = now.since(made);
        let is_old = age >= Config::default().orphan_age;
        let (severity, advice) = if is_old {
            (Severity::Warning, "--repair removes it, and so does the store within a day")
        } else {
            (Severity::Note, "nothing is to do: it may be on its way into a manifest")
        };
        let what = format!("no manifest knows it, and it is {} old ({bytes} bytes)", hours(age));
        reporter.add(Finding::new(severity, "orphan", path, what, advice));
        let summary = reporter.summary();
        (summary.orphans, summary.orphan_bytes) =
            (summary.orphans + 1, summary.orphan_bytes + bytes);
        if is_old {
            let step = Step::RemoveOrphan { path: path.clone(), bytes: *bytes };
            reporter.report.repairs.push(step.into());
        }
    }
}

/// Objects of segments that are not live any more and wait to be removed.
fn removed(listing: &Listing, history: &History, reporter: &mut Reporter<'_>) {
    for removed in &history.newest.removed {
        let path = removed.path.path();
        if listing.segments.contains_key(&path) {
            let what = format!("it is not live any more ({} bytes)", removed.bytes);
            let advice = "nothing is to do: the store removes it in a while";
            reporter.add(Finding::note("removed", path, what, advice));
        }
    }
}

fn others(listing: &Listing, reporter: &mut Reporter<'_>) {
    if listing.quarantined > 0 {
        let (count, bytes) = (listing.quarantined, listing.quarantined_bytes);
        let what = format!("{count} broken objects are kept ({bytes} bytes)");
        let advice = "remove them when nobody needs them any more";
        reporter.add(Finding::note("quarantine", QUARANTINE_FOLDER, what, advice));
    }
    if let Some(first) = listing.foreign_told.first() {
        let told: Vec<&str> = listing.foreign_told.iter().map(AsRef::as_ref).collect();
        let what = format!("{} objects are not the store's: {}", listing.foreign, told.join(", "));
        let advice = "nothing is to do: they are left alone";
        reporter.add(Finding::note("foreign", first, what, advice));
    }
}

fn hours(age: Duration) -> String {
    let hours = age.as_secs() / 3600;
    if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) }
}
