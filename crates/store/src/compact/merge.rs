//! Merges segments of one tenant and day: the rows of all, by stream and time, each once.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use model::{Labels, Timestamp};

use super::cursor::Cursor;
use super::output::Output;
use crate::head::Fingerprint;
use crate::layout::SegmentPath;
use crate::segment::{Encoded, RowPrints, Segment};
use crate::{Config, Error};

/// Which rows are left out, for they have expired or were deleted.
pub(crate) trait LeftOut: Send + Sync {
    /// Whether all rows of a stream are left out.
    fn stream(&self, labels: &Labels) -> bool;

    /// Of some rows of a stream, those that are left out, if there are any: `true` for each one.
    fn rows(&self, labels: &Labels, rows: &RecordBatch) -> Option<Vec<bool>>;
}

/// Merges segments, the oldest first, into the bytes of one; `None` when no row is left. Of rows
/// that are equal in stream, time, line and metadata the first stays.
pub(crate) async fn merge(
    inputs: &[Arc<Segment>],
    path: &SegmentPath,
    left_out: &dyn LeftOut,
    config: &Config,
) -> Result<Option<Encoded>, Error> {
    let mut cursors = Vec::with_capacity(inputs.len());
    for segment in inputs {
        cursors.push(Cursor::new(Arc::clone(segment)).await?);
    }
    let mut merge = Merge { cursors, left_out, output: Output::new(inputs, path, config)? };
    while let Some(labels) = merge.next_stream() {
        merge.stream(&labels).await?;
    }
    merge.output.finish()
}

struct Merge<'a> {
    cursors: Vec<Cursor>,
    left_out: &'a dyn LeftOut,
    output: Output,
}

impl Merge<'_> {
    /// The first stream of which any segment has rows left.
    fn next_stream(&self) -> Option<Labels> {
        self.cursors.iter().filter_map(Cursor::labels).min().cloned()
    }

    /// Merges the rows of one stream.
    async fn stream(&mut self, labels: &Labels) -> Result<(), Error> {
        if self.left_out.stream(labels) {
            return self.skip(labels).await;
        }
        self.output.begin(labels);
        loop {
            let heads: Vec<(usize, Timestamp)> = self.heads(labels).collect();
            let Some(time) = heads.iter().map(|(_, time)| *time).min() else { return Ok(()) };
            let first: Vec<usize> =
                heads.iter().filter(|(_, t)| *t == time).map(|(at, _)| *at).collect();
            match first[..] {
                // Until another segment has a row of this stream, no row can be there twice.
                [at] => {
                    let others = heads.iter().filter(|(other, _)| *other != at);
                    let end = others.map(|(_, time)| *time).min();
                    self.take(at, end, None).await?;
                }
                _ => self.tie(labels, &first, time).await?,
            }
        }
    }

    /// Which cursors stand in the stream, and at which time.
    fn heads(&self, labels: &Labels) -> impl Iterator<Item = (usize, Timestamp)> {
        let cursors = self.cursors.iter().enumerate();
        cursors.filter_map(|(at, cursor)| Some((at, cursor.time_in(labels)?)))
    }

    async fn skip(&mut self, labels: &Labels) -> Result<(), Error> {
        for cursor in &mut self.cursors {
            while cursor.labels() == Some(labels) {
                cursor.advance(cursor.rows_before(None)).await?;
            }
        }
        Ok(())
    }

    /// Takes the rows of one time from each of several cursors, each row once.
    async fn tie(
        &mut self,
        labels: &Labels,
        cursors: &[usize],
        time: Timestamp,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let end = Timestamp(time.as_nanos().saturating_add(1));
        // The greatest of all times has none after it, so there every row of the stream is of it.
        let end = (end > time).then_some(end);
        for at in cursors {
            while self.cursors[*at].time_in(labels) == Some(time) {
                self.take(*at, end, Some(&mut seen)).await?;
            }
        }
        Ok(())
    }

    /// Takes the rows of a cursor before a time, as far as its batch reaches; of these, where
    /// others may have the same, only those that were not seen.
    async fn take(
        &mut self,
        at: usize,
        end: Option<Timestamp>,
        seen: Option<&mut HashSet<Fingerprint>>,
    ) -> Result<(), Error> {
        let cursor = &mut self.cursors[at];
        let rows = cursor.rows_before(end);
        if let (Some((batch, first)), Some(labels)) = (cursor.position(), cursor.labels()) {
            let part = batch.slice(first, rows);
            let dropped = self.left_out.rows(labels, &part).unwrap_or_default();
            let mut keep: Vec<bool> = dropped.iter().map(|dropped| !dropped).collect();
            if let Some(seen) = seen {
                keep.resize(rows, true);
                let prints = RowPrints::new(&part).all();
                keep.iter_mut().zip(prints).for_each(|(keep, print)| *keep &= seen.insert(print));
            }
            for range in runs(&keep, rows) {
                self.output.push(part.slice(range.start, range.len()))?;
            }
        }
        cursor.advance(rows).await
    }
}

/// The ranges of rows that are kept; without a word on any, all.
fn runs(keep: &[bool], rows: usize) -> Vec<Range<usize>> {
    if keep.is_empty() {
        return std::iter::once(0..rows).collect();
    }
    let mut runs: Vec<Range<usize>> = Vec::new();
    for row in (0..rows).filter(|row| keep[*row]) {
        match runs.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

/// The first and the last time of some rows of a stream.
pub(super) fn span(rows: &RecordBatch) -> Option<(Timestamp, Timestamp)> {
    let times = rows.column(0).as_primitive::<TimestampNanosecondType>().values();
    Some((Timestamp(*times.first()?), Timestamp(*times.last()?)))
}
