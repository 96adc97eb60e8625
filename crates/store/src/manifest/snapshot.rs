//! What a query sees: segments and head at one moment, for as long as it is held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use model::{ColumnKind, Labels, TenantId};

use super::document::Manifest;
use crate::Error;
use crate::filter::{Filter, MetadataColumns, Projection};
use crate::head::{StreamRows, Table};
use crate::scan::{Partition, Pruning, Scan};
use crate::schema;
use crate::segment::{Library, Piece, Segment, StreamStats, divide};

/// How many segments are opened at the same time: each is one or two small reads.
const OPEN_AT_ONCE: usize = 16;

/// The rows of one tenant at one moment. Cheap to make and to clone; what is appended or flushed
/// later does not show in it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    tenant: TenantId,
    manifest: Arc<Manifest>,
    /// The head's part, oldest first.
    tables: Vec<Table>,
    library: Arc<Library>,
}

/// A segment with the rows that a filter may want.
type Found = (Arc<Segment>, Vec<Piece>);

impl Snapshot {
    pub(crate) fn new(
        tenant: TenantId,
        manifest: Arc<Manifest>,
        tables: Vec<Table>,
        library: Arc<Library>,
    ) -> Self {
        Self { tenant, manifest, tables, library }
    }

    /// The streams that have rows in the filter's time, sorted by their labels. No row is read:
    /// rows and bytes of a stream count in full for each segment in which its own first and last
    /// time overlap the range.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub async fn streams(&self, filter: &Filter) -> Result<Vec<StreamStats>, Error> {
        let mut found: BTreeMap<Labels, StreamStats> = BTreeMap::new();
        let mut add = |stats: StreamStats| match found.get_mut(&stats.labels) {
            Some(known) => known.add(&stats),
            None => drop(found.insert(stats.labels.clone(), stats)),
        };
        for (segment, pieces) in self.segments(filter).await? {
            pieces.iter().for_each(|piece| add(segment.streams().0[piece.stream].stats()));
        }
        for table in &self.tables {
            for (labels, rows) in matching(table, filter) {
                let Some((min, max)) = rows.span() else { continue };
                let (labels, bytes) = (labels.clone(), rows.line_bytes());
                add(StreamStats { labels, rows: rows.rows(), bytes, min, max });
            }
        }
        Ok(found.into_values().collect())
    }

    /// Prepares a scan of the rows that the filter wants. Only footers of segments are read, and
    /// those once.
    ///
    /// # Errors
    /// When a segment cannot be opened.
    pub async fn scan(&self, filter: &Filter, projection: &Projection) -> Result<Scan, Error> {
        let segments = self.segments(filter).await?;
        let tables = self.tables.iter();
        let tables: Vec<Vec<_>> = tables.map(|table| matching(table, filter).collect()).collect();
        let names = match &projection.metadata {
            MetadataColumns::Named(names) => names.iter().cloned().collect(),
            MetadataColumns::All => metadata_names(&segments, &tables),
        };
        let schema = schema::scan(projection.line, &names);
        let mut pruning = self.pruning(segments.len());
        let mut partitions = Vec::with_capacity(segments.len() + tables.len());
        for (segment, pieces) in segments {
            let parts = divide(&pieces, &segment.row_groups(), self.library.partition_rows);
            let parts = parts.into_iter();
            // Without lines there is little to save.
            let rows = filter.rows.as_ref().filter(|_| projection.line);
            let part = |pieces| Partition::of_segment(&schema, filter.time, &segment, pieces, rows);
            partitions.extend(parts.filter_map(part));
        }
        for streams in tables {
            let streams = streams.into_iter();
            let streams = streams.map(|(l, rows)| (l.to_string().into(), Arc::clone(rows)));
            partitions.extend(Partition::of_memory(&schema, filter.time, streams.collect()));
        }
        pruning.rows = partitions.iter().map(Partition::rows_max).sum();
        Ok(Scan { schema, partitions, pruning })
    }

    /// How much there is to choose from, of which so many segments are wanted.
    fn pruning(&self, segments: usize) -> Pruning {
        let own = self.manifest.segments.iter().filter(|record| record.path.tenant == self.tenant);
        let (segments_of, stored) =
            own.fold((0, 0), |(count, rows), record| (count + 1, rows + record.rows));
        let held = self.tables.iter().flat_map(Table::streams).map(|(_, rows)| rows.rows());
        Pruning { segments, segments_of, rows: 0, rows_of: stored + held.sum::<u64>() }
    }

    /// The segments with rows that the filter may want, oldest first.
    async fn segments(&self, filter: &Filter) -> Result<Vec<Found>, Error> {
        let records = self.manifest.overlapping(&self.tenant, filter.time);
        // Collected first: a closure inside the stream would keep callers from sending this future
        // to another thread (rust-lang/rust#102211).
        let opened: Vec<_> = records.map(|record| self.library.open(record)).collect();
        let found = stream::iter(opened).buffered(OPEN_AT_ONCE).try_filter_map(async |segment| {
            let pieces = segment.pieces(filter);
            Ok((!pieces.is_empty()).then_some((segment, pieces)))
        });
        found.try_collect().await
    }
}

/// The streams of a part of the head that may have rows for a filter.
fn matching<'a>(
    table: &'a Table,
    filter: &'a Filter,
) -> impl Iterator<Item = (&'a Labels, &'a Arc<StreamRows>)> {
    table.streams().filter(|(labels, rows)| {
        rows.span().is_some_and(|(min, max)| filter.time.overlaps(min, max))
            && (filter.streams)(labels)
    })
}

/// Every metadata key that a scan may meet.
fn metadata_names(
    segments: &[Found],
    tables: &[Vec<(&Labels, &Arc<StreamRows>)>],
) -> BTreeSet<String> {
    let schemas = segments.iter().map(|(segment, _)| segment.schema());
    let stored = schemas.flat_map(|schema| schema::names(schema, ColumnKind::Metadata));
    let held = tables.iter().flatten().flat_map(|(_, rows)| rows.metadata());
    stored.chain(held.map(String::as_str)).map(str::to_owned).collect()
}
