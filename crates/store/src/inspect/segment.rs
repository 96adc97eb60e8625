//! One segment in depth: where its bytes are, and whose lines they hold.

use std::collections::BTreeSet;

use model::Timestamp;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use serde::Serialize;

use crate::schema;
use crate::segment::{Segment, StreamStats};

/// A segment in depth. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentDepth {
    /// Its object.
    pub path: String,
    /// Whether the newest manifest lists it.
    pub is_live: bool,
    /// The size of the object.
    pub bytes: u64,
    /// The part of it that is no column: page indexes, stream table, schema.
    pub footer_bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The bytes of its lines, uncompressed.
    pub line_bytes: u64,
    /// The program that wrote it, in the words of its Parquet library.
    pub created_by: Option<String>,
    /// Its row groups, in their order.
    pub row_groups: Vec<RowGroupSpace>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnSpace>,
    /// How many streams it has.
    pub streams: u64,
    /// Those with the most bytes of lines, the largest first.
    pub largest_streams: Vec<StreamSpace>,
}

/// A row group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowGroupSpace {
    /// Its rows.
    pub rows: u64,
    /// Its bytes as they are stored.
    pub compressed_bytes: u64,
    /// Its bytes when they are decompressed, but encoded still.
    pub uncompressed_bytes: u64,
}

/// A column, over all row groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnSpace {
    /// What it is called in the file.
    pub name: String,
    /// `label`, `metadata`, or `entry` for what every row has.
    pub kind: String,
    /// Its bytes as they are stored.
    pub compressed_bytes: u64,
    /// Its bytes when they are decompressed, but encoded still.
    pub uncompressed_bytes: u64,
    /// How it is compressed.
    pub compression: String,
    /// How its values and levels are encoded.
    pub encodings: Vec<String>,
}

/// A stream of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamSpace {
    /// Its labels, as `{app="airflow", dag_id="etl"}`.
    pub labels: String,
    /// Its rows.
    pub rows: u64,
    /// The bytes of its lines, uncompressed.
    pub line_bytes: u64,
    /// The time of its earliest row.
    #[serde(with = "crate::nanoseconds")]
    pub min_timestamp: Timestamp,
    /// The time of its latest row.
    #[serde(with = "crate::nanoseconds")]
    pub max_timestamp: Timestamp,
}

impl SegmentDepth {
    pub(super) fn new(
        segment: &Segment,
        path: String,
        is_live: bool,
        bytes: u64,
        streams: usize,
    ) -> Self {
        let table = &segment.streams().0;
        let mut largest: Vec<_> = table.iter().collect();
        // Equal ones stay in the order of the file.
        largest.sort_by_key(|stream| std::cmp::Reverse(stream.line_bytes));
        let largest = largest.into_iter().take(streams);
        let groups = segment.parquet().row_groups();
        let columns = columns(segment, groups);
        let compressed: u64 = columns.iter().map(|column| column.compressed_bytes).sum();
        Self {
            path,
            is_live,
            bytes,
            footer_bytes: bytes.saturating_sub(compressed),
            rows: segment.streams().rows(),
            line_bytes: table.iter().map(|stream| stream.line_bytes).sum(),
            created_by: segment.parquet().file_metadata().created_by().map(str::to_owned),
            row_groups: groups.iter().map(RowGroupSpace::new).collect(),
            columns,
            streams: table.len() as u64,
            largest_streams: largest.map(|stream| StreamSpace::new(&stream.stats())).collect(),
        }
    }
}

impl RowGroupSpace {
    fn new(group: &RowGroupMetaData) -> Self {
        Self {
            rows: count(group.num_rows()),
            compressed_bytes: count(group.compressed_size()),
            uncompressed_bytes: count(group.total_byte_size()),
        }
    }
}

impl StreamSpace {
    fn new(stats: &StreamStats) -> Self {
        Self {
            labels: stats.labels.to_string(),
            rows: stats.rows,
            line_bytes: stats.bytes,
            min_timestamp: stats.min,
            max_timestamp: stats.max,
        }
    }
}

fn columns(segment: &Segment, groups: &[RowGroupMetaData]) -> Vec<ColumnSpace> {
    let fields = segment.schema().fields().iter().enumerate();
    let spaces = fields.map(|(at, field)| {
        let chunks = || groups.iter().filter_map(move |group| group.columns().get(at));
        let sum = |size: fn(&ColumnChunkMetaData) -> i64| chunks().map(size).map(count).sum();
        let encodings: BTreeSet<String> =
            chunks().flat_map(ColumnChunkMetaData::encodings).map(|e| e.to_string()).collect();
        let compression = chunks().next().map(|chunk| chunk.compression().to_string());
        let kind = field.metadata().get(schema::KIND_KEY);
        ColumnSpace {
            name: field.name().clone(),
            kind: kind.map_or("entry", String::as_str).to_owned(),
            compressed_bytes: sum(ColumnChunkMetaData::compressed_size),
            uncompressed_bytes: sum(ColumnChunkMetaData::uncompressed_size),
            compression: compression.unwrap_or_default(),
            encodings: encodings.into_iter().collect(),
        }
    });
    spaces.collect()
}

/// Parquet counts with a sign.
fn count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
