//! From the head to the object store: seal, encode, upload, commit, and only then forget the log.
//!
//! Every step may fail and is tried again with the same names and the same commit id, so that a
//! step that seemed to fail and did not is found done.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Clock, TenantId, Timestamp};
use object_store::ObjectStore;
use tokio::sync::Mutex;
use ulid::Ulid;

use crate::append::Appender;
use crate::head::{Generation, Table};
use crate::id::Ids;
use crate::layout::{Day, SegmentPath};
use crate::live::{Live, Sealed};
use crate::manifest::{CHANGE_AGE_MAX, Change, Committed, Manifests, SegmentRecord};
use crate::metrics::Metrics;
use crate::segment::{self, Encoded};
use crate::{Config, Error, FailPoints, Hop, Threads};

/// Writes the head as segments.
pub(crate) struct Flusher {
    pub(crate) config: Config,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) manifests: Manifests,
    pub(crate) live: Arc<Live>,
    pub(crate) appender: Appender,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: Ulid,
    /// Which opening of the writer's log this is.
    pub(crate) epoch: u64,
    pub(crate) ids: Arc<Ids>,
    pub(crate) metrics: Metrics,
    /// What a flush that failed has left to do. One flush runs at a time.
    pub(crate) pending: Mutex<Option<Plan>>,
    pub(crate) fail_points: FailPoints,
    pub(crate) threads: Threads,
}

/// A flush on its way.
#[derive(Debug)]
pub(crate) struct Plan {
    sealed: Arc<Sealed>,
    /// The segments to be written, and of those that were, what the manifest will say.
    segments: Vec<(SegmentPath, Option<SegmentRecord>)>,
    commit: Ulid,
    made_at: Timestamp,
}

impl Flusher {
    /// Writes everything that was acknowledged before the call.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let mut pending = self.pending.lock().await;
        // What an earlier flush has left. If it was dropped just after it had sealed, there is no
        // plan yet.
        if let Some(sealed) = self.live.sealed() {
            let plan = pending.get_or_insert_with(|| self.plan(sealed));
            self.publish(plan).await?;
        }
        *pending = None;
        if let Some(sealed) = self.appender.seal().await? {
            self.fail_points.pass(Hop::Sealed)?;
            let plan = pending.insert(self.plan(sealed));
            self.publish(plan).await?;
            *pending = None;
        }
        Ok(())
    }

    /// Looks for manifests of other writers.
    ///
    /// # Errors
    /// When the object store fails, or another process has taken over our log.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        let newest = self.manifests.newer(self.live.manifest()).await?;
        self.live.advance(newest);
        if self.is_fenced() { Err(Error::Fenced) } else { Ok(()) }
    }

    /// Whether another process has taken over our log, as far as is known.
    pub(crate) fn is_fenced(&self) -> bool {
        self.live.manifest().epoch(self.writer) > self.epoch
    }

    fn plan(&self, sealed: Arc<Sealed>) -> Plan {
        let now = self.clock.now();
        let mut segments = Vec::new();
        for (tenant, table) in sealed.rows.tables() {
            for day in days(table) {
                let id = self.ids.next(now);
                segments.push((SegmentPath { tenant: tenant.clone(), day, id }, None));
            }
        }
        Plan { sealed, segments, commit: self.ids.next(now), made_at: now }
    }

    async fn publish(&self, plan: &mut Plan) -> Result<(), Error> {
        // With new names: those of old ones may be swept away.
        if self.clock.now().since(plan.made_at) >= CHANGE_AGE_MAX {
            *plan = self.plan(Arc::clone(&plan.sealed));
        }
        for (path, record) in &mut plan.segments {
            if record.is_none() {
                *record = Some(self.write(&plan.sealed, path).await?);
                self.fail_points.pass(Hop::Uploaded)?;
            }
        }
        let records = plan.segments.iter().filter_map(|(_, record)| record.clone());
        let segments: Vec<SegmentRecord> = records.collect();
        let (writer, epoch, checkpoint) = (self.writer, self.epoch, plan.sealed.checkpoint);
        let change = Change::Publish { segments: segments.clone(), writer, epoch, checkpoint };
        self.fail_points.pass(Hop::Committing)?;
        let committed =
            self.manifests.commit(self.live.manifest(), &change, plan.commit, &*self.clock).await?;
        self.fail_points.pass(Hop::Committed)?;
        let (Committed::Done(manifest) | Committed::Superseded(manifest)) = committed;
        self.live.advance(manifest);
        self.count(&segments);
        // The rows are published; log files that stay are ignored and removed later.
        if let Err(error) = self.appender.trim(checkpoint).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed to trim the log");
        }
        self.fail_points.pass(Hop::Trimmed)
    }

    /// Encodes and uploads one segment.
    async fn write(
        &self,
        sealed: &Arc<Sealed>,
        path: &SegmentPath,
    ) -> Result<SegmentRecord, Error> {
        let encoded = {
            let (sealed, path, config) = (Arc::clone(sealed), path.clone(), self.config.clone());
            self.threads.start(async move { encode(&sealed.rows, &path, &config) })
        };
        let encoded = encoded.await.map_err(Error::Task)??;
        segment::upload(&self.objects, path, encoded).await
    }

    fn count(&self, segments: &[SegmentRecord]) {
        let bytes = segments.iter().map(|segment| segment.bytes).sum();
        let (segments, rows) = (segments.len(), segments.iter().map(|s| s.rows).sum::<u64>());
        tracing::debug!(segments, rows, bytes, "flushed the head");
        self.metrics.flushes.inc();
        self.metrics.manifest_commits.inc();
        self.metrics.segment_bytes.inc_by(bytes);
    }
}

/// The days of which a table has rows.
fn days(table: &Table) -> BTreeSet<Day> {
    let mut days = BTreeSet::new();
    for (_, rows) in table.streams() {
        let Some((min, max)) = rows.span() else { continue };
        if Day::of(min) == Day::of(max) {
            days.insert(Day::of(min));
        } else {
            days.extend(
                rows.sorted(|_| true).into_iter().map(|at| Day::of(rows.row(at).timestamp)),
            );
        }
    }
    days
}

fn encode(rows: &Generation, path: &SegmentPath, config: &Config) -> Result<Encoded, Error> {
    let tenant: &TenantId = &path.tenant;
    let streams = rows.table(tenant).into_iter().flat_map(Table::streams);
    let streams = streams.filter_map(|(labels, rows)| {
        let positions = rows.sorted(|time| Day::of(time) == path.day);
        let entries: Vec<_> = positions.into_iter().map(|at| rows.row(at)).collect();
        (!entries.is_empty()).then_some((labels, entries))
    });
    segment::encode(path, &streams.collect::<Vec<_>>(), config)
}
