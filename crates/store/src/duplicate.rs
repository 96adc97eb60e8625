//! Which entries of an append are in published segments already.
//!
//! It makes sending again after a crash exact: a collector repeats what was not acknowledged, and
//! some of that may have been stored, flushed and published all the same. Entries that are later
//! than all that is published of their stream, which is nearly all, cost a look at the manifest.

use std::ops::Range;
use std::sync::Arc;

use futures::TryStreamExt;
use model::{TimeRange, Timestamp};

use crate::admit::{Received, ReceivedStream};
use crate::cache::Cache;
use crate::head::{Fingerprint, Prints};
use crate::layout::SegmentPath;
use crate::manifest::{Manifest, SegmentRecord};
use crate::segment::{Library, RowPrints, Segment, by_row_group};
use crate::{Config, Error};

/// Rows that are read for their fingerprints at a time.
const BATCH_ROWS: usize = 8192;

/// The fingerprints of published rows, read when they are needed.
#[derive(Debug)]
pub(crate) struct Published {
    library: Arc<Library>,
    prints: Cache<Part, Arc<Prints>>,
}

/// The rows of one stream in one row group of a segment, by the first of them: what is read, and
/// kept, at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    segment: SegmentPath,
    first_row: u64,
}

impl Published {
    /// Nothing is known yet.
    pub(crate) fn new(library: Arc<Library>, config: &Config) -> Self {
        Self { library, prints: Cache::new(config.fingerprint_cache_bytes) }
    }

    /// For each stream of the append, those of its fingerprints that are in the manifest's
    /// segments.
    pub(crate) async fn find(
        &self,
        manifest: &Manifest,
        received: &Received,
    ) -> Result<Vec<Prints>, Error> {
        let mut found = vec![Prints::default(); received.streams.len()];
        let times = received.streams.iter().flat_map(|stream| &stream.prints);
        let times = times.map(|print| print.timestamp());
        let span = times.map(|t| (t, t)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((first, last)) = span else { return Ok(found) };
        let range = TimeRange { start: first, end: Timestamp(last.as_nanos().saturating_add(1)) };
        for record in manifest.overlapping(&received.tenant, range) {
            let segment = self.library.open(record).await?;
            for (stream, found) in received.streams.iter().zip(&mut found) {
                self.find_stream(record, &segment, stream, found).await?;
            }
        }
        Ok(found)
    }

    async fn find_stream(
        &self,
        record: &SegmentRecord,
        segment: &Segment,
        stream: &ReceivedStream,
        found: &mut Prints,
    ) -> Result<(), Error> {
        let Some(entry) = segment.streams().find(&stream.labels) else { return Ok(()) };
        let extent = entry.extent;
        let inside = |print: &&Fingerprint| {
            extent.min <= print.timestamp() && print.timestamp() <= extent.max
        };
        let wanted: Vec<&Fingerprint> = stream.prints.iter().filter(inside).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let rows = extent.first_row..extent.end_row();
        for (_, rows) in by_row_group(rows, &segment.row_groups()) {
            let published = self.part(record, segment, rows).await?;
            found.extend(wanted.iter().copied().filter(|print| published.contains(print)));
        }
        Ok(())
    }

    async fn part(
        &self,
        record: &SegmentRecord,
        segment: &Segment,
        rows: Range<u64>,
    ) -> Result<Arc<Prints>, Error> {
        let part = Part { segment: record.path.clone(), first_row: rows.start };
        if let Some(prints) = self.prints.get(&part) {
            return Ok(prints);
        }
        let batches = segment.read([rows], segment.row_columns(), BATCH_ROWS)?;
        let prints = batches.try_fold(Prints::default(), async |mut prints, batch| {
            prints.extend(RowPrints::new(&batch).all());
            Ok(prints)
        });
        let prints = Arc::new(prints.await?);
        let bytes = prints.capacity() * (size_of::<Fingerprint>() + 1);
        self.prints.insert(part, Arc::clone(&prints), bytes);
        Ok(prints)
    }
}
