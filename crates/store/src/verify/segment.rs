//! One segment: is its object there, does its footer agree with the manifest, do its bytes fit
//! their checksums, and are its rows what it tells of them?

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use model::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::file::metadata::ColumnChunkMetaData;

use super::check::Depth;
use super::finding::{Finding, Tally, chain};
use super::rows;
use crate::layout::{Day, SegmentPath};
use crate::manifest::SegmentRecord;
use crate::segment::{Checksums, Segment, chunk_range};
use crate::{Error, ErrorKind};

/// What to do about whatever is wrong with the bytes of a segment.
pub(super) const REWRITE: &str = "--repair writes what can be read of it anew and keeps the object";
/// Bytes of a column that are read at a time for its checksum.
const SUM_BYTES: usize = 1024 * 1024;

/// What was seen of a segment.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    pub(super) verdict: Verdict,
    pub(super) has_checksums: bool,
    pub(super) rows_verified: u64,
}

/// What is to be thought of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// The object store did not answer as it should, which says nothing of the segment.
    Unreachable,
    /// Its object is not there.
    Lost,
    /// Rules are broken. Its rows are those of `origin`, if its footer can be read.
    Broken {
        origin: Option<SegmentPath>,
    },
}

/// Looks at a segment whose object has this size, as far as it was listed.
pub(super) async fn look(
    objects: &Arc<dyn ObjectStore>,
    record: &SegmentRecord,
    size: Option<u64>,
    depth: Depth,
) -> Looked {
    let (objects, owned) = (Arc::clone(objects), record.clone());
    // Of its own, since a library that is given odd bytes may panic.
    let task = tokio::spawn(async move { Look::new(objects, owned).run(size, depth).await });
    task.await.unwrap_or_else(|error| {
        let path = &record.path;
        let what = format!("it cannot be read at all: {error}");
        let finding = Finding::error("segment.footer", path, what, REWRITE);
        let (findings, verdict) = (vec![finding], Verdict::Broken { origin: None });
        Looked { findings, verdict, has_checksums: true, rows_verified: 0 }
    })
}

/// A look at a segment.
pub(super) struct Look {
    objects: Arc<dyn ObjectStore>,
    pub(super) record: SegmentRecord,
    pub(super) tally: Tally,
    is_broken: bool,
    is_unreachable: bool,
}

impl Look {
    fn new(objects: Arc<dyn ObjectStore>, record: SegmentRecord) -> Self {
        let tally = Tally::default();
        Self { objects, record, tally, is_broken: false, is_unreachable: false }
    }

    async fn run(mut self, listed: Option<u64>, depth: Depth) -> Looked {
        let size = match listed {
            Some(size) => Some(size),
            None => self.size().await,
        };
        let Some(size) = size else {
            let is_lost = !self.is_unreachable;
            return self.finish(is_lost.then_some(Verdict::Lost), true, 0);
        };
        self.check_size(size);
        let path = self.record.path.path();
        let segment = match Segment::open(Arc::clone(&self.objects), path, size).await {
            Ok(segment) => segment,
            Err(error) => {
                self.failed("segment.footer", &error);
                return self.finish(None, true, 0);
            }
        };
        let checksums = segment.checksums();
        let origin = checksums.as_ref().map_or(&self.record.path, |sums| &sums.segment).clone();
        self.check_footer(&segment, &origin, size);
        if depth == Depth::Full && self.has_columns_inside(&segment, size) {
            if let Some(checksums) = &checksums {
                self.check_sums(&segment, checksums).await;
            }
            rows::check(&mut self, &segment).await;
        }
        let is_verified = depth == Depth::Full && !self.is_broken && !self.is_unreachable;
        let rows = if is_verified { segment.streams().rows() } else { 0 };
        let broken = self.is_broken.then_some(Verdict::Broken { origin: Some(origin) });
        self.finish(broken, checksums.is_some(), rows)
    }

    fn finish(self, verdict: Option<Verdict>, has_checksums: bool, rows_verified: u64) -> Looked {
        let verdict = match verdict {
            // What did not answer once may answer later, and then all of it can be judged.
            _ if self.is_unreachable => Verdict::Unreachable,
            Some(verdict) => verdict,
            None if self.is_broken => Verdict::Broken { origin: None },
            None => Verdict::Whole,
        };
        let findings = self.tally.finish().collect();
        Looked { findings, verdict, has_checksums, rows_verified }
    }

    /// Notes that a rule is broken.
    pub(super) fn broken(&mut self, rule: &'static str, offset: Option<u64>, what: impl Display) {
        self.is_broken = true;
        let path = &self.record.path;
        self.tally.add(rule, || Finding::error(rule, path, what.to_string(), REWRITE).at(offset));
    }

    /// Notes that reading has failed: be it the object store's fault or that of the bytes.
    pub(super) fn failed(&mut self, rule: &'static str, error: &Error) {
        if error.kind() == ErrorKind::Retry {
            self.unreachable(error);
        } else {
            self.broken(rule, None, chain(error));
        }
    }

    fn unreachable(&mut self, error: &dyn std::error::Error) {
        const RULE: &str = "segment.unreachable";
        self.is_unreachable = true;
        let path = &self.record.path;
        let what = format!("the object store did not answer as it should: {}", chain(error));
        self.tally.add(RULE, || Finding::error(RULE, path, what, "look again later"));
    }

    /// The size of an object that was not listed.
    async fn size(&mut self) -> Option<u64> {
        match self.objects.head(&self.record.path.path()).await {
            Ok(found) => return Some(found.size),
            Err(object_store::Error::NotFound { .. }) => {
                let (path, rows) = (&self.record.path, self.record.rows);
                let what = format!("its object with {rows} rows is not there");
                let advice = "put it back from a copy; --repair takes it out of the manifest, so \
                              that queries work again";
                let rule = "segment.lost";
                self.tally.add(rule, || Finding::error(rule, path, what, advice));
            }
            Err(error) => self.unreachable(&error),
        }
        None
    }

    fn check_size(&mut self, size: u64) {
        let told = self.record.bytes;
        if size != told {
            let what = format!("its object has {size} bytes, and the manifest tells of {told}");
            self.broken("segment.size", None, what);
        }
    }

    /// Compares what the footer says with what the manifest does. That streams are sorted and cover
    /// all rows was looked at when it was opened.
    fn check_footer(&mut self, segment: &Segment, origin: &SegmentPath, size: u64) {
        let streams = segment.streams();
        let (rows, told) = (streams.rows(), self.record.rows);
        if rows != told {
            let what = format!("it has {rows} rows, and the manifest tells of {told}");
            self.broken("segment.rows", None, what);
        }
        if segment.row_groups().last() != Some(&rows) {
            self.broken("segment.rows", None, "its row groups have other rows than its footer");
        }
        let times = |of: fn(&(Timestamp, Timestamp)) -> Timestamp| {
            streams.0.iter().map(move |s| of(&(s.extent.min, s.extent.max)))
        };
        let min = times(|(min, _)| *min).min().unwrap_or(Timestamp::MAX);
        let max = times(|(_, max)| *max).max().unwrap_or(Timestamp::MIN);
        if (min, max) != (self.record.min_timestamp, self.record.max_timestamp) {
            let what = "its first or last time is not the one that the manifest tells";
            self.broken("segment.times", None, what);
        }
        if [min, max].iter().any(|time| Day::of(*time) != self.record.path.day) {
            let what = format!("it has rows from {min} to {max}, which is not its day");
            self.broken("segment.day", None, what);
        }
        if *origin != self.record.path {
            self.broken("segment.name", None, format!("it was written as {origin}"));
        }
        self.has_columns_inside(segment, size);
    }

    /// Whether its columns lie within the object, so that they can be asked for.
    fn has_columns_inside(&mut self, segment: &Segment, size: u64) -> bool {
        let mut columns = columns(segment);
        let is_inside = columns.all(|(_, _, column)| {
            let range = chunk_range(column);
            range.is_some_and(|range| u64::try_from(range.end).is_ok_and(|end| end <= size))
        });
        if !is_inside {
            self.broken("segment.footer", None, "its footer tells of columns beyond its end");
        }
        is_inside
    }

    async fn check_sums(&mut self, segment: &Segment, checksums: &Checksums) {
        for (group, at, column) in columns(segment) {
            let expect = checksums.chunks.get(group).and_then(|group| group.get(at));
            let Some(range) = chunk_range(column) else { continue };
            let offset = range.start as u64;
            match self.sum(range).await {
                Ok(sum) if Some(&sum) == expect => {}
                Ok(_) => {
                    let name = column.column_path();
                    let what = format!(
                        "the checksum of column {name} in row group {group} does not fit its bytes"
                    );
                    self.broken("segment.checksum", Some(offset), what);
                }
                Err(error) => self.unreachable(&error),
            }
        }
    }

    async fn sum(&self, range: std::ops::Range<usize>) -> Result<u32, object_store::Error> {
        let path = self.record.path.path();
        let mut sum = crc32fast::Hasher::new();
        for start in range.clone().step_by(SUM_BYTES) {
            let part = start as u64..range.end.min(start + SUM_BYTES) as u64;
            let bytes: Bytes = self.objects.get_range(&path, part).await?;
            sum.update(&bytes);
        }
        Ok(sum.finalize())
    }
}

/// Each column of each row group, with both numbers.
fn columns(segment: &Segment) -> impl Iterator<Item = (usize, usize, &ColumnChunkMetaData)> {
    let groups = segment.parquet().row_groups().iter().enumerate();
    groups.flat_map(|(group, columns)| {
        columns.columns().iter().enumerate().map(move |(at, column)| (group, at, column))
    })
}
