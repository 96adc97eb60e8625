//! Removes objects that nobody needs: those of segments that are not live any more, and those that
//! never became part of a manifest.

use std::collections::HashSet;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::rewrite::Rewriter;
use crate::layout::{self, SegmentPath};
use crate::manifest::Change;
use crate::{Error, Hop};

/// Objects that are removed in one round at most; the others wait for the next.
const SWEPT_MAX: usize = 1000;

/// Removes the objects of segments that are not live since long enough, then forgets them.
///
/// # Errors
/// When the object store fails. What is removed already is not missed.
pub(super) async fn removed(rewriter: &Rewriter) -> Result<u64, Error> {
    let (manifest, now) = (rewriter.live.manifest(), rewriter.now());
    let age = rewriter.config.removed_age;
    let due = manifest.removed.iter().filter(|removed| now.since(removed.removed_at) >= age);
    let paths: Vec<SegmentPath> = due.take(SWEPT_MAX).map(|removed| removed.path.clone()).collect();
    if paths.is_empty() {
        return Ok(0);
    }
    rewriter.fail_points.pass(Hop::Deleting)?;
    for path in &paths {
        remove(rewriter, &path.path()).await?;
    }
    rewriter.fail_points.pass(Hop::Deleted)?;
    let swept = paths.len() as u64;
    rewriter.commit(&Change::Forget { paths }).await?;
    Ok(swept)
}

/// Removes the objects of segments that no manifest knows and that are old enough.
///
/// # Errors
/// When the object store fails.
pub(super) async fn orphans(rewriter: &Rewriter) -> Result<u64, Error> {
    let (now, age) = (rewriter.now(), rewriter.config.orphan_age);
    let folder = Path::from(layout::TENANT_FOLDER);
    let listed = rewriter.objects.list(Some(&folder)).map_ok(|object| object.location);
    let listed: Vec<Path> = listed.try_collect().await.map_err(Error::object("list", &folder))?;
    let is_old = |id| now.since(layout::made_at(id)) >= age;
    // Looked at after the list, so that what was committed meanwhile is known.
    let manifest = rewriter.manifests.newest().await?;
    let live = manifest.segments.iter().map(|segment| segment.path.path());
    let known = live.chain(manifest.removed.iter().map(|removed| removed.path.path()));
    let known: HashSet<Path> = known.collect();
    let orphans = listed
        .into_iter()
        .filter(|path| layout::parse_segment_id(path).is_some_and(is_old) && !known.contains(path));
    let orphans: Vec<Path> = orphans.take(SWEPT_MAX).collect();
    for path in &orphans {
        tracing::info!(%path, "an object that no manifest knows is removed");
        remove(rewriter, path).await?;
    }
    Ok(orphans.len() as u64)
}

async fn remove(rewriter: &Rewriter, path: &Path) -> Result<(), Error> {
    match rewriter.objects.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::object("remove", path)(error)),
    }
}
