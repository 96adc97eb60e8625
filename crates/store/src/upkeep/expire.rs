//! Retention: what is older than it is to be kept goes, as whole segments where possible.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use model::{Labels, TenantId, Timestamp};

use super::report::Freed;
use super::retention::{Due, due, expires_at};
use super::rewrite::{Rewriter, Rewritten};
use super::rules::Rules;
use crate::Error;
use crate::compact::LeftOut;
use crate::layout::{Day, SegmentPath};
use crate::manifest::SegmentRecord;

/// When to look at segments again of which nothing has expired yet, so that their footers are not
/// read for nothing.
#[derive(Debug, Default)]
pub(super) struct Looked(HashMap<SegmentPath, Option<Timestamp>>);

/// Removes what has expired, and tells how much that was.
///
/// # Errors
/// When the object store fails; what is left is left for the next time.
pub(super) async fn expire(
    rewriter: &Rewriter,
    rules: &Arc<dyn Rules>,
    looked: &mut Looked,
) -> Result<Freed, Error> {
    let (manifest, now) = (rewriter.live.manifest(), rewriter.now());
    let mut freed = Freed::default();
    let mut whole = Vec::new();
    looked.0.retain(|path, _| manifest.segments.iter().any(|segment| segment.path == *path));
    for segment in &manifest.segments {
        match due_of(rewriter, rules, looked, segment, now).await? {
            Due::NotBefore(_) => {}
            Due::All => whole.push(segment.clone()),
            Due::Part => {
                let left_out =
                    Expired { rules: Arc::clone(rules), path: segment.path.clone(), now };
                let part = std::slice::from_ref(segment);
                freed.add(part, rewriter.rewrite(part, Arc::new(left_out)).await?);
            }
        }
    }
    if !whole.is_empty() {
        let done = rewriter.replace(&whole, Vec::new()).await?;
        freed.segments += if done == Rewritten::Superseded { 0 } else { whole.len() as u64 };
        freed.add(&whole, done);
    }
    Ok(freed)
}

/// How much of a segment has expired. Its footer is read only where its streams differ in that.
async fn due_of(
    rewriter: &Rewriter,
    rules: &Arc<dyn Rules>,
    looked: &mut Looked,
    segment: &SegmentRecord,
    now: Timestamp,
) -> Result<Due, Error> {
    let SegmentPath { tenant, day, .. } = &segment.path;
    let (shortest, longest) = rules.kept_between(tenant);
    let by_bounds = due(*day, [shortest, longest], now);
    let again = looked.0.get(&segment.path);
    let is_early = again.is_some_and(|again| again.is_none_or(|again| now < again));
    if by_bounds != Due::Part || is_early {
        return Ok(if is_early { Due::NotBefore(None) } else { by_bounds });
    }
    let opened = rewriter.library.open(segment).await?;
    let streams = opened.streams().0.iter();
    let found = due(*day, streams.map(|stream| rules.kept(tenant, &stream.labels)), now);
    if let Due::NotBefore(again) = found {
        looked.0.insert(segment.path.clone(), again);
    }
    Ok(found)
}

/// Drops the streams of a day that have expired.
struct Expired {
    rules: Arc<dyn Rules>,
    path: SegmentPath,
    now: Timestamp,
}

impl LeftOut for Expired {
    fn stream(&self, labels: &Labels) -> bool {
        let (tenant, day): (&TenantId, Day) = (&self.path.tenant, self.path.day);
        expires_at(day, self.rules.kept(tenant, labels)).is_some_and(|at| at <= self.now)
    }

    fn rows(&self, _: &Labels, _: &RecordBatch) -> Option<Vec<bool>> {
        None
    }
}
