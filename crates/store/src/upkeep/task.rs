//! The rounds of upkeep, one after the other.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use model::{Labels, Timestamp};

use super::expire::{self, Looked};
use super::report::{NextExpiry, UpkeepReport};
use super::retention::expires_at;
use super::rewrite::{Rewriter, Rewritten};
use super::rules::Rules;
use super::{erase, sweep};
use crate::Error;
use crate::compact::{self, LeftOut};
use crate::delete::Deletes;
use crate::flush::Flusher;
use crate::manifest::SegmentRecord;

/// Merges in one round at most, so that what expires does not wait for ever.
const MERGES_MAX: usize = 16;

/// The upkeep of a store.
pub(crate) struct Upkeep {
    pub(crate) rewriter: Rewriter,
    report: Mutex<UpkeepReport>,
    /// What is remembered from round to round. One round runs at a time.
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    looked: Looked,
    swept_at: Option<Timestamp>,
}

impl Upkeep {
    /// Nothing was done yet.
    pub(crate) fn new(rewriter: Rewriter) -> Self {
        Self { rewriter, report: Mutex::default(), state: tokio::sync::Mutex::default() }
    }

    /// What was done, and what comes next.
    pub(crate) fn report(&self) -> UpkeepReport {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all that is due.
    ///
    /// # Errors
    /// When the object store fails. What is left is due in the next round.
    pub(crate) async fn round(
        &self,
        flusher: &Flusher,
        deletes: &Deletes,
        rules: &Arc<dyn Rules>,
    ) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        flusher.refresh().await?;
        self.expire(&mut state.looked, rules).await?;
        self.erase(flusher, deletes, rules).await?;
        self.compact().await?;
        self.sweep(&mut state).await?;
        self.note(|report, now| report.ran_at = Some(now));
        Ok(())
    }

    async fn expire(&self, looked: &mut Looked, rules: &Arc<dyn Rules>) -> Result<(), Error> {
        let freed = expire::expire(&self.rewriter, rules, looked).await?;
        let metrics = &self.rewriter.metrics;
        metrics.expired_rows.inc_by(freed.rows);
        metrics.expired_bytes.inc_by(freed.bytes);
        if freed.rows > 0 {
            let (rows, bytes, segments) = (freed.rows, freed.bytes, freed.segments);
            tracing::info!(rows, bytes, segments, "lines have expired");
        }
        let next = self.next_expiry(rules);
        let next_bytes = next.map_or(0, |next| i64::try_from(next.bytes).unwrap_or(i64::MAX));
        metrics.expires_next_bytes.set(next_bytes);
        metrics.expired_at_seconds.set(self.rewriter.now().as_millis() / 1000);
        self.note(|report, now| {
            report.expired.add(freed, now);
            report.next = next;
        });
        Ok(())
    }

    async fn erase(
        &self,
        flusher: &Flusher,
        deletes: &Deletes,
        rules: &Arc<dyn Rules>,
    ) -> Result<(), Error> {
        deletes.forget_finished(self.rewriter.now()).await?;
        if !erase::is_due(&self.rewriter, deletes, rules) {
            return Ok(());
        }
        flusher.flush().await?;
        let freed = erase::erase(&self.rewriter, deletes, rules).await?;
        self.rewriter.metrics.erased_rows.inc_by(freed.rows);
        tracing::info!(rows = freed.rows, "deleted lines are erased");
        self.note(|report, now| report.erased.add(freed, now));
        Ok(())
    }

    async fn compact(&self) -> Result<(), Error> {
        for _ in 0..MERGES_MAX {
            let (manifest, now) = (self.rewriter.live.manifest(), self.rewriter.now());
            let groups = compact::plan(&manifest, &self.rewriter.config, now);
            let Some(group) = groups.into_iter().next() else { break };
            let segments = manifest.segments.iter();
            let old: Vec<SegmentRecord> =
                segments.filter(|segment| group.contains(&segment.path)).cloned().collect();
            self.merge(&old).await?;
        }
        Ok(())
    }

    async fn merge(&self, old: &[SegmentRecord]) -> Result<(), Error> {
        let done = self.rewriter.rewrite(old, Arc::new(Nothing)).await?;
        if let Rewritten::Done { rows_gone, .. } = done {
            let (segments, metrics) = (old.len() as u64, &self.rewriter.metrics);
            tracing::debug!(segments, duplicates = rows_gone, "merged segments");
            metrics.merges.inc();
            metrics.merged_bytes.inc_by(old.iter().map(|segment| segment.bytes).sum());
            metrics.duplicate_lines.inc_by(rows_gone);
            self.note(|report, _| report.merged_segments += segments);
        }
        Ok(())
    }

    async fn sweep(&self, state: &mut State) -> Result<(), Error> {
        let mut swept = sweep::removed(&self.rewriter).await?;
        let (now, age) = (self.rewriter.now(), self.rewriter.config.sweep_age);
        if state.swept_at.is_none_or(|swept_at| now.since(swept_at) >= age) {
            swept += sweep::orphans(&self.rewriter).await?;
            state.swept_at = Some(now);
        }
        self.rewriter.metrics.swept_objects.inc_by(swept);
        self.note(|report, _| report.swept_objects += swept);
        Ok(())
    }

    /// What expires next as a whole.
    fn next_expiry(&self, rules: &Arc<dyn Rules>) -> Option<NextExpiry> {
        let manifest = self.rewriter.live.manifest();
        let expiry = |segment: &SegmentRecord| {
            expires_at(segment.path.day, rules.kept_between(&segment.path.tenant).1)
        };
        let at = manifest.segments.iter().filter_map(expiry).min()?;
        let due = || manifest.segments.iter().filter(|segment| expiry(segment) == Some(at));
        let (segments, bytes) = (due().count() as u64, due().map(|segment| segment.bytes).sum());
        Some(NextExpiry { at, segments, bytes })
    }

    fn note(&self, change: impl FnOnce(&mut UpkeepReport, Timestamp)) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut report, self.rewriter.now());
    }
}

/// Leaves nothing out.
struct Nothing;

impl LeftOut for Nothing {
    fn stream(&self, _: &Labels) -> bool {
        false
    }

    fn rows(&self, _: &Labels, _: &RecordBatch) -> Option<Vec<bool>> {
        None
    }
}
