//! Deletion: lines that somebody wants gone, once nobody may cancel that any more.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use model::{Entry, Labels, TenantId, TimeRange, Timestamp};

use super::report::Freed;
use super::rewrite::{Rewriter, Rewritten};
use super::rules::{Erasure, Rules};
use crate::compact::LeftOut;
use crate::delete::Deletes;
use crate::manifest::SegmentRecord;
use crate::segment::RowPrints;
use crate::{DeleteRequest, Error};

/// Erases the lines of the requests that are due, and tells how many there were.
///
/// The caller has flushed the head. Lines in the heads of other processes are flushed long before a
/// request is due, which is why it is never due before twice [`Config::flush_age`].
///
/// # Errors
/// When the object store fails. The requests stay open, and hide their lines.
///
/// [`Config::flush_age`]: crate::Config::flush_age
pub(super) async fn erase(
    rewriter: &Rewriter,
    deletes: &Deletes,
    rules: &Arc<dyn Rules>,
) -> Result<Freed, Error> {
    let mut freed = Freed::default();
    for (tenant, erased) in due(rewriter, deletes, rules) {
        let mut complete = true;
        for segment in &rewriter.live.manifest().segments {
            if segment.path.tenant == tenant && erased.touches(rewriter, segment).await? {
                let part = std::slice::from_ref(segment);
                let done = rewriter.rewrite(part, Arc::new(erased.clone())).await?;
                complete &= done != Rewritten::Superseded;
                freed.add(part, done);
            }
        }
        // What was merged meanwhile by somebody else is looked at next time.
        if complete {
            for (request, _) in &erased.0 {
                deletes.finish(&tenant, request, rewriter.now()).await?;
            }
        }
    }
    Ok(freed)
}

/// Whether any request is due.
pub(super) fn is_due(rewriter: &Rewriter, deletes: &Deletes, rules: &Arc<dyn Rules>) -> bool {
    !due(rewriter, deletes, rules).is_empty()
}

/// The requests that are due, by tenant. One that cannot be read stays open; whoever hides its
/// lines says so.
fn due(rewriter: &Rewriter, deletes: &Deletes, rules: &Arc<dyn Rules>) -> Vec<(TenantId, Erased)> {
    let wait = rules.erased_after().max(2 * rewriter.config.flush_age);
    let now = rewriter.now();
    let open = deletes.open_requests().into_iter().map(|(tenant, requests)| {
        let due = requests.into_iter().filter(|request| now.since(request.created_at) >= wait);
        let readable = due.filter_map(|request| {
            let erasure = rules.erasure(&request)?;
            Some((request, erasure))
        });
        (tenant, Erased(readable.collect()))
    });
    open.filter(|(_, erased)| !erased.0.is_empty()).collect()
}

/// Drops the lines of some requests of one tenant.
#[derive(Clone)]
struct Erased(Vec<(DeleteRequest, Erasure)>);

impl Erased {
    /// Whether a segment may have such lines.
    async fn touches(&self, rewriter: &Rewriter, segment: &SegmentRecord) -> Result<bool, Error> {
        let (min, max) = (segment.min_timestamp, segment.max_timestamp);
        if !self.0.iter().any(|(request, _)| overlaps(request, min, max)) {
            return Ok(false);
        }
        let opened = rewriter.library.open(segment).await?;
        let touched = opened.streams().0.iter().any(|stream| {
            let (min, max) = (stream.extent.min, stream.extent.max);
            self.about(&stream.labels).any(|(request, _)| overlaps(request, min, max))
        });
        Ok(touched)
    }

    fn about(&self, labels: &Labels) -> impl Iterator<Item = &(DeleteRequest, Erasure)> {
        self.0.iter().filter(move |(_, erasure)| (erasure.streams)(labels))
    }
}

impl LeftOut for Erased {
    fn stream(&self, _: &Labels) -> bool {
        false
    }

    fn rows(&self, labels: &Labels, rows: &RecordBatch) -> Option<Vec<bool>> {
        let about: Vec<_> = self.about(labels).collect();
        if about.is_empty() {
            return None;
        }
        let times = rows.column(0).as_primitive::<TimestampNanosecondType>();
        let (lines, metadata) = (rows.column(1).as_string_view(), RowPrints::new(rows));
        let erased = (0..rows.num_rows()).map(|row| {
            let timestamp = Timestamp(times.value(row));
            let (line, metadata) = (lines.value(row).to_owned(), metadata.labels(row));
            let entry = Entry { timestamp, line, metadata };
            about.iter().any(|(request, erasure)| {
                (request.start..=request.end).contains(&timestamp)
                    && (erasure.entries)(labels, &entry)
            })
        });
        debug_assert_eq!(lines.len(), rows.num_rows(), "columns have the same length");
        Some(erased.collect())
    }
}

fn overlaps(request: &DeleteRequest, min: Timestamp, max: Timestamp) -> bool {
    let end = Timestamp(request.end.as_nanos().saturating_add(1));
    request.start <= request.end
        && (TimeRange { start: request.start, end }.overlaps(min, max) || max == request.end)
}
