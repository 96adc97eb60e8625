//! What a segment tells of its own bytes: whose they are, and a checksum of each column of each row
//! group. The Parquet library writes no checksums of pages, and zstd lets many a flipped bit pass.
//!
//! It stands in the footer under the key [`CHECKSUMS_KEY`]. Queries do not look at it; a
//! [verification](crate::verify) does.

use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData};
use serde::{Deserialize, Serialize};

use crate::layout::SegmentPath;

/// The key of the checksums in the Parquet file's key-value metadata.
const CHECKSUMS_KEY: &str = "barogram.checksums";
/// The version that is written. What a later one says is not understood, and not looked at.
const CHECKSUMS_VERSION: u32 = 1;

/// The value under [`CHECKSUMS_KEY`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksums {
    version: u32,
    /// The name under which the segment was written.
    pub(crate) segment: SegmentPath,
    /// Of each row group, of each column: the crc32 of its bytes.
    pub(crate) chunks: Vec<Vec<u32>>,
}

impl Checksums {
    /// Ends the last row group of a segment and looks at all of them.
    ///
    /// # Errors
    /// When the Parquet library refuses, which no input should make it do.
    pub(super) fn of(
        path: &SegmentPath,
        writer: &mut ArrowWriter<Vec<u8>>,
    ) -> Result<KeyValue, ParquetError> {
        writer.flush()?;
        writer.sync()?;
        let bytes = writer.inner();
        let missing = || ParquetError::General("a column is not where it was written".to_owned());
        let sum = |column| range(column).and_then(|range| bytes.get(range)).map(crc32fast::hash);
        let groups = writer.flushed_row_groups().iter();
        let chunks = groups.map(|group| group.columns().iter().map(sum).collect());
        let chunks: Option<Vec<Vec<u32>>> = chunks.collect();
        let (version, segment) = (CHECKSUMS_VERSION, path.clone());
        let checksums = Self { version, segment, chunks: chunks.ok_or_else(missing)? };
        let text = serde_json::to_string(&checksums);
        let text = text.map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(KeyValue::new(CHECKSUMS_KEY.to_owned(), text))
    }

    /// Those of a file; `None` when it has none, or some that we do not understand.
    pub(super) fn read(file: &ParquetMetaData) -> Option<Self> {
        let pairs = file.file_metadata().key_value_metadata().into_iter().flatten();
        let text = pairs.filter(|pair| pair.key == CHECKSUMS_KEY).find_map(|p| p.value.as_deref());
        let checksums: Self = serde_json::from_str(text?).ok()?;
        (checksums.version == CHECKSUMS_VERSION).then_some(checksums)
    }
}

/// Where the bytes of a column of a row group are; `None` when the footer makes no sense.
pub(crate) fn range(column: &ColumnChunkMetaData) -> Option<std::ops::Range<usize>> {
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let end = start.checked_add(column.compressed_size())?;
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?).filter(|r| r.start <= r.end)
}
