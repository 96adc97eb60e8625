//! A verification: what is looked at, and in which order.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt};

use super::finding::Finding;
use super::log;
use super::manifests::{self, History};
use super::objects::{self, Listing};
use super::report::{Listener, Progress, Report, Reporter, Told};
use super::segment::{self, Verdict};
use super::step::Step;
use crate::layout::{self, SegmentPath};
use crate::manifest::{Manifests, SegmentRecord};
use crate::{Error, inspect, open};

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything but the rows of segments: their footers are.
    Quick,
    /// Every byte of every segment.
    Full,
}

/// Looks at a store from outside and changes nothing. A store that is being served goes on
/// meanwhile.
#[derive(Debug, Clone)]
pub struct Verification {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) wal_dir: Option<PathBuf>,
    place: String,
    now: Timestamp,
}

impl Verification {
    /// Of a data folder with objects of its own.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn folder(path: &Path, now: Timestamp) -> Result<Self, Error> {
        let (objects, wal_dir) = inspect::folder(path)?;
        Ok(Self::new(objects, Some(wal_dir), path.display().to_string(), now))
    }

    /// Of an object store, and of the log of one of its stores, if there is one here. `place` is
    /// what errors call it.
    #[must_use]
    pub fn new(
        objects: Arc<dyn ObjectStore>,
        wal_dir: Option<PathBuf>,
        place: String,
        now: Timestamp,
    ) -> Self {
        Self { objects, wal_dir, place, now }
    }

    /// Looks at everything. At most one batch of rows, the compressed bytes of one row group, one
    /// file of the log and the names of all objects are in memory.
    ///
    /// # Errors
    /// When it cannot look: there is no store, a newer program wrote it, or the object store fails.
    pub async fn run<'a>(
        &self,
        depth: Depth,
        listener: &'a mut (dyn FnMut(Told<'_>) + Send + 'a),
    ) -> Result<Report, Error> {
        let listener: &mut Listener<'a> = listener;
        let mut reporter = Reporter::new(listener);
        // What is committed while we list must not seem unknown, so the list comes first.
        let listing = Listing::of(&self.objects).await?;
        self.marker(&listing, &mut reporter).await?;
        let manifests = Manifests::new(Arc::clone(&self.objects));
        let history = manifests::check(&manifests, &listing, &mut reporter).await?;
        objects::check(&self.objects, &listing, &history, self.now, &mut reporter).await?;
        self.segments(depth, &manifests, &listing, &history, &mut reporter).await?;
        if let Some(folder) = self.wal_dir.as_deref().filter(|folder| folder.exists()) {
            log::check(folder, &manifests, &history, &mut reporter).await?;
        }
        Ok(reporter.report)
    }

    /// The marker of the format. A store makes it anew when it is missing.
    async fn marker(&self, listing: &Listing, reporter: &mut Reporter<'_>) -> Result<(), Error> {
        const ADVICE: &str = "write one line, `barogram format 1`, to it";
        let path = layout::version_path();
        let text = match self.objects.get(&path).await {
            Ok(object) => object.bytes().await.map_err(Error::object("read", &path))?,
            Err(object_store::Error::NotFound { .. }) if listing.has_store() => {
                reporter.add(Finding::error("marker", &path, "it is missing", ADVICE));
                return Ok(());
            }
            Err(error) => return Err(Error::object("read", &path)(error)),
        };
        match open::check_version(&String::from_utf8_lossy(&text), &self.place) {
            Err(Error::Corrupt { reason, .. }) => {
                reporter.add(Finding::error("marker", &path, reason, ADVICE));
                Ok(())
            }
            other => other,
        }
    }

    async fn segments(
        &self,
        depth: Depth,
        manifests: &Manifests,
        listing: &Listing,
        history: &History,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), Error> {
        let live = &history.newest.segments;
        let (segments_of, bytes_of) = (live.len() as u64, live.iter().map(|s| s.bytes).sum());
        let mut progress = Progress { segments_of, bytes_of, ..Progress::default() };
        let (summary, rows) = (reporter.summary(), live.iter().map(|s| s.rows).sum());
        (summary.segments, summary.segment_bytes, summary.rows) = (segments_of, bytes_of, rows);
        reporter.progress(progress);
        let mut broken = Vec::new();
        for record in live {
            let size = listing.segments.get(&record.path.path()).copied();
            let looked = segment::look(&self.objects, record, size, depth).await;
            let is_live =
                looked.verdict == Verdict::Whole || self.is_live(manifests, record).await?;
            if is_live {
                looked.findings.into_iter().for_each(|finding| reporter.add(finding));
                let summary = reporter.summary();
                summary.rows_verified += looked.rows_verified;
                summary.segments_without_checksums += u64::from(!looked.has_checksums);
                broken.push((record, looked.verdict));
            }
            progress.segments += 1;
            progress.bytes += record.bytes;
            reporter.progress(progress);
        }
        if history.is_whole {
            plan(broken, reporter);
        }
        Ok(())
    }

    /// Whether a segment that seemed broken still counts: it may have been merged and removed since
    /// we read the manifest.
    async fn is_live(&self, manifests: &Manifests, record: &SegmentRecord) -> Result<bool, Error> {
        let newest = match manifests.newest().await {
            Ok(newest) => newest,
            // That was told already.
            Err(Error::Corrupt { .. } | Error::Invariant { .. }) => return Ok(true),
            Err(error) => return Err(error),
        };
        Ok(newest.segments.iter().any(|segment| segment.path == record.path))
    }
}

/// What to do about broken segments. Where an object says that it is another one, its rows belong
/// to that one, unless they are there.
fn plan(looked: Vec<(&SegmentRecord, Verdict)>, reporter: &mut Reporter<'_>) {
    let is_broken = |verdict: &Verdict| matches!(verdict, Verdict::Lost | Verdict::Broken { .. });
    let broken = looked.iter().filter(|(_, verdict)| is_broken(verdict));
    let mut wanted: HashSet<SegmentPath> = broken.map(|(record, _)| record.path.clone()).collect();
    for (record, verdict) in looked {
        let record = record.clone();
        let step = match verdict {
            Verdict::Whole | Verdict::Unreachable => continue,
            Verdict::Lost => Step::TakeOut { record, is_there: false },
            Verdict::Broken { origin } => match origin {
                None => Step::TakeOut { record, is_there: true },
                Some(origin) if wanted.remove(&origin) => Step::Rewrite { record, origin },
                // Its rows are elsewhere, or nobody wants them any more.
                Some(_) => Step::TakeOut { record, is_there: true },
            },
        };
        reporter.report.repairs.push(step.into());
    }
}
