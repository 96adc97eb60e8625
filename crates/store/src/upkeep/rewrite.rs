//! One step of upkeep: segments give way to one with their rows, or with those that stay.

use std::sync::Arc;

use model::{Clock, Timestamp};
use object_store::ObjectStore;

use crate::compact::{self, LeftOut};
use crate::id::Ids;
use crate::layout::SegmentPath;
use crate::live::Live;
use crate::manifest::{Change, Committed, Manifests, SegmentRecord};
use crate::segment::{self, Encoded, Library};
use crate::{Config, Error, FailPoints, Hop, Metrics, Threads};

/// Replaces segments.
pub(crate) struct Rewriter {
    pub(crate) config: Config,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) library: Arc<Library>,
    pub(crate) manifests: Manifests,
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<Ids>,
    pub(crate) metrics: Metrics,
    pub(crate) fail_points: FailPoints,
    pub(crate) threads: Threads,
}

/// What became of segments that were to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// They are replaced.
    Done {
        /// Rows that are no more, be it that they were there twice.
        rows_gone: u64,
        /// Bytes of objects that are no more.
        bytes_gone: u64,
    },
    /// All rows stay, so there was nothing to do.
    Unchanged,
    /// Somebody else has replaced one of them meanwhile.
    Superseded,
}

impl Rewriter {
    /// Merges segments into one, the oldest first, without what is dropped.
    ///
    /// # Errors
    /// When the object store fails, or a segment cannot be read.
    pub(super) async fn rewrite(
        &self,
        old: &[SegmentRecord],
        left_out: Arc<dyn LeftOut>,
    ) -> Result<Rewritten, Error> {
        let Some(first) = old.first() else { return Ok(Rewritten::Unchanged) };
        let id = self.ids.next(self.clock.now());
        let path = SegmentPath { id, ..first.path.clone() };
        let encoded = self.merge(old, &path, left_out).await?;
        self.fail_points.pass(Hop::CompactionMerged)?;
        let rows: u64 = old.iter().map(|segment| segment.rows).sum();
        let new = match encoded {
            Some(encoded) if old.len() == 1 && encoded.rows == rows => {
                return Ok(Rewritten::Unchanged);
            }
            Some(encoded) => vec![segment::upload(&self.objects, &path, encoded).await?],
            None => Vec::new(),
        };
        self.fail_points.pass(Hop::CompactionUploaded)?;
        let done = self.replace(old, new).await?;
        self.fail_points.pass(Hop::CompactionCommitted)?;
        Ok(done)
    }

    /// Puts new segments, which are uploaded, in the place of old ones.
    ///
    /// # Errors
    /// When the object store fails. It may have happened all the same.
    pub(super) async fn replace(
        &self,
        old: &[SegmentRecord],
        new: Vec<SegmentRecord>,
    ) -> Result<Rewritten, Error> {
        let sum = |segments: &[SegmentRecord], of: fn(&SegmentRecord) -> u64| -> u64 {
            segments.iter().map(of).sum()
        };
        let rows_gone = sum(old, |s| s.rows).saturating_sub(sum(&new, |s| s.rows));
        let bytes_gone = sum(old, |s| s.bytes).saturating_sub(sum(&new, |s| s.bytes));
        let paths = old.iter().map(|segment| segment.path.clone()).collect();
        let change = Change::Replace { old: paths, new, at: self.clock.now() };
        Ok(match self.commit(&change).await? {
            Committed::Done(_) => Rewritten::Done { rows_gone, bytes_gone },
            Committed::Superseded(_) => Rewritten::Superseded,
        })
    }

    /// Commits a change and shows what came of it.
    ///
    /// # Errors
    /// When the object store fails. It may have happened all the same.
    pub(super) async fn commit(&self, change: &Change) -> Result<Committed, Error> {
        let id = self.ids.next(self.clock.now());
        let committed =
            self.manifests.commit(self.live.manifest(), change, id, &*self.clock).await?;
        let (Committed::Done(manifest) | Committed::Superseded(manifest)) = &committed;
        self.live.advance(Arc::clone(manifest));
        self.metrics.manifest_commits.inc();
        Ok(committed)
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Merges on a thread of its own: it is all decoding and encoding, which would hold up
    /// those who append and ask.
    async fn merge(
        &self,
        old: &[SegmentRecord],
        path: &SegmentPath,
        left_out: Arc<dyn LeftOut>,
    ) -> Result<Option<Encoded>, Error> {
        let mut inputs = Vec::with_capacity(old.len());
        for record in old {
            inputs.push(self.library.open(record).await?);
        }
        let (path, mut config) = (path.clone(), self.config.clone());
        if self.now().since(path.day.end()) >= config.complete_age {
            config.packing = config.packing_complete;
        }
        let merged = self
            .threads
            .start(async move { compact::merge(&inputs, &path, &*left_out, &config).await });
        merged.await.map_err(Error::Task)?
    }
}
