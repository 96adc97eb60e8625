//! The stream table: which streams a segment has, and where its rows of each are.
//!
//! It stands in the footer of the Parquet file under the key [`STREAMS_KEY`], so that a selector
//! becomes exact row ranges, and labels, series and volumes are told, without reading a row.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Labels, Timestamp};
use serde::{Deserialize, Serialize};

use crate::filter::Extent;

/// The key of the stream table in the Parquet file's key-value metadata.
pub(crate) const STREAMS_KEY: &str = "barogram.streams";
/// The version of the table that is written, and the latest that is read.
pub(crate) const STREAMS_VERSION: u32 = 1;

/// The largest table that is read, in bytes of JSON: a million streams of a segment.
const TABLE_BYTES_MAX: usize = 512 * 1024 * 1024;
const ZSTD_LEVEL: i32 = 3;

/// What a snapshot knows of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamStats {
    /// The stream.
    pub labels: Labels,
    /// How many rows it has.
    pub rows: u64,
    /// The bytes of their lines.
    pub bytes: u64,
    /// The first time.
    pub min: Timestamp,
    /// The last time.
    pub max: Timestamp,
}

impl StreamStats {
    /// The same stream elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// A stream of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamEntry {
    pub(crate) labels: Labels,
    pub(crate) extent: Extent,
    /// The bytes of its lines.
    pub(crate) line_bytes: u64,
}

impl StreamEntry {
    /// The mean length of its lines.
    pub(crate) fn mean_line_bytes(&self) -> u64 {
        self.line_bytes / self.extent.rows.max(1)
    }

    /// What is told of it outside.
    pub(crate) fn stats(&self) -> StreamStats {
        let Extent { rows, min, max, .. } = self.extent;
        StreamStats { labels: self.labels.clone(), rows, bytes: self.line_bytes, min, max }
    }
}

/// The streams of a segment, in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StreamTable(pub(crate) Vec<StreamEntry>);

/// Why a text is no stream table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("the stream table is not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("the stream table is not zstd")]
    Zstd(#[from] std::io::Error),
    #[error("the stream table is not the JSON that it should be")]
    Json(#[from] serde_json::Error),
    #[error(
        "the stream table has version {0}, and this barogram reads up to {STREAMS_VERSION}: \
         upgrade barogram"
    )]
    Newer(u32),
    #[error("the stream table has streams that are out of order or overlap at row {0}")]
    Overlap(u64),
}

#[derive(Serialize, Deserialize)]
struct TableJson {
    version: u32,
    streams: Vec<StreamJson>,
}

#[derive(Serialize, Deserialize)]
struct StreamJson {
    labels: Vec<(String, String)>,
    first_row: u64,
    rows: u64,
    min: i64,
    max: i64,
    bytes: u64,
}

impl StreamTable {
    /// The value under [`STREAMS_KEY`].
    pub(crate) fn to_text(&self) -> Result<String, TableError> {
        let streams = self.0.iter().map(|stream| StreamJson {
            labels: stream.labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            first_row: stream.extent.first_row,
            rows: stream.extent.rows,
            min: stream.extent.min.as_nanos(),
            max: stream.extent.max.as_nanos(),
            bytes: stream.line_bytes,
        });
        let table = TableJson { version: STREAMS_VERSION, streams: streams.collect() };
        let json = serde_json::to_vec(&table)?;
        Ok(STANDARD.encode(zstd::bulk::compress(&json, ZSTD_LEVEL)?))
    }

    /// Reads the value under [`STREAMS_KEY`].
    pub(crate) fn parse(text: &str) -> Result<Self, TableError> {
        let json = zstd::stream::Decoder::new(&STANDARD.decode(text)?[..]).and_then(|decoder| {
            let mut json = Vec::new();
            let mut bounded = std::io::Read::take(decoder, TABLE_BYTES_MAX as u64);
            std::io::Read::read_to_end(&mut bounded, &mut json).map(|_| json)
        })?;
        // The version is read first, since a later one may have other fields.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(&json)?;
        if version > STREAMS_VERSION {
            return Err(TableError::Newer(version));
        }
        let table: TableJson = serde_json::from_slice(&json)?;
        let table = Self(table.streams.into_iter().map(StreamJson::entry).collect());
        table.check_order()?;
        Ok(table)
    }

    /// The stream with these labels. Streams are sorted by their labels.
    pub(crate) fn find(&self, labels: &Labels) -> Option<&StreamEntry> {
        let at = self.0.binary_search_by(|stream| stream.labels.cmp(labels)).ok()?;
        self.0.get(at)
    }

    /// How many rows the segment has.
    pub(crate) fn rows(&self) -> u64 {
        self.0.last().map_or(0, |stream| stream.extent.end_row())
    }

    fn check_order(&self) -> Result<(), TableError> {
        let mut end = 0;
        for (i, stream) in self.0.iter().enumerate() {
            let sorted = i == 0 || self.0[i - 1].labels < stream.labels;
            if !sorted || stream.extent.first_row != end || stream.extent.rows == 0 {
                return Err(TableError::Overlap(end));
            }
            end = stream.extent.end_row();
        }
        Ok(())
    }
}

impl StreamJson {
    fn entry(self) -> StreamEntry {
        let extent = Extent {
            first_row: self.first_row,
            rows: self.rows,
            min: Timestamp(self.min),
            max: Timestamp(self.max),
        };
        StreamEntry { labels: Labels::new(self.labels), extent, line_bytes: self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(first_rows: &[(u64, u64)]) -> StreamTable {
        let entries = first_rows.iter().enumerate().map(|(i, (first_row, rows))| {
            let (min, max) = (Timestamp(-5), Timestamp(i64::MAX));
            let extent = Extent { first_row: *first_row, rows: *rows, min, max };
            let labels = Labels::new([("app", format!("{i}")), ("quote", "\"\n".to_owned())]);
            StreamEntry { labels, extent, line_bytes: 7 }
        });
        StreamTable(entries.collect())
    }

    #[track_caller]
    fn check(first_rows: &[(u64, u64)], expect: Option<u64>) {
        let table = table(first_rows);
        match (StreamTable::parse(&table.to_text().unwrap()), expect) {
            (Ok(read), None) => assert_eq!(read, table),
            (Err(TableError::Overlap(row)), Some(expect)) => assert_eq!(row, expect),
            (read, expect) => panic!("{read:?}, not {expect:?}"),
        }
    }

    #[test]
    fn tables_round_trip_and_rows_must_be_whole() {
        check(&[], None);
        check(&[(0, 5), (5, 1)], None);
        check(&[(0, 5), (4, 1)], Some(5));
        check(&[(1, 5)], Some(0));
        check(&[(0, 0)], Some(0));
    }

    #[test]
    fn streams_are_found_by_their_labels() {
        let table = table(&[(0, 5), (5, 1)]);
        assert_eq!(table.find(&table.0[1].labels), Some(&table.0[1]));
        assert_eq!(table.find(&Labels::default()), None);
        assert_eq!(table.rows(), 6);
    }

    #[test]
    fn a_newer_table_is_refused_with_its_version() {
        let json = br#"{"version":2,"rivers":[]}"#;
        let text = STANDARD.encode(zstd::bulk::compress(json, 1).unwrap());
        assert!(matches!(StreamTable::parse(&text), Err(TableError::Newer(2))));
        assert!(matches!(StreamTable::parse("%"), Err(TableError::Base64(_))));
    }
}
