//! Writes a segment: from sorted rows to the bytes of a Parquet file.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use model::{Column, ColumnKind, Entry, Labels, Timestamp};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::checksum::Checksums;
use super::grams::{self, GRAMS_KEY, Grams};
use super::stats::{STREAMS_KEY, StreamEntry, StreamTable};
use crate::filter::Extent;
use crate::layout::SegmentPath;
use crate::rows::{DictionaryBuilder, RowsBuilder};
use crate::schema::{self, LINE, TIMESTAMP};
use crate::{Config, Error};

/// The rows of a stream, sorted by time.
pub(crate) type SortedStream<'a> = (&'a Labels, Vec<&'a Entry>);

/// The bytes of a segment, and what the manifest will say of it.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) rows: u64,
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
}

/// A segment on its way: batches go in, in the order of the rows.
pub(crate) struct SegmentWriter {
    path: SegmentPath,
    writer: ArrowWriter<Vec<u8>>,
    /// The trigrams of each row group, and how many rows there are.
    grams: Vec<Grams>,
    rows: usize,
    row_group_rows: usize,
}

impl SegmentWriter {
    /// Begins a segment of this schema, whose lines have about `line_bytes` bytes at most.
    ///
    /// # Errors
    /// When the Parquet library refuses, which no input should make it do.
    pub(crate) fn new(
        path: &SegmentPath,
        schema: SchemaRef,
        line_bytes: u64,
        config: &Config,
    ) -> Result<Self, Error> {
        let failed = || Error::segment("encode", &path.path());
        let properties = properties(config, line_bytes).map_err(failed())?;
        let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties));
        Ok(Self {
            path: path.clone(),
            writer: writer.map_err(failed())?,
            grams: Vec::new(),
            rows: 0,
            row_group_rows: config.row_group_rows,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// As [`SegmentWriter::new`].
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        // The line is the second column of every segment.
        for line in batch.column(1).as_string_view().iter().flatten() {
            if self.rows.is_multiple_of(self.row_group_rows) {
                self.grams.push(Grams::new());
            }
            self.rows += 1;
            self.grams.iter_mut().last().into_iter().for_each(|grams| grams.add(line.as_bytes()));
        }
        self.writer.write(batch).map_err(Error::segment("encode", &self.path.path()))
    }

    /// Ends the segment, whose rows are of these streams.
    ///
    /// # Errors
    /// As [`SegmentWriter::new`].
    pub(crate) fn finish(mut self, table: &StreamTable) -> Result<Encoded, Error> {
        let failed = || Error::segment("encode", &self.path.path());
        let external = |error| ParquetError::External(Box::new(error));
        let streams = table.to_text().map_err(external).map_err(failed())?;
        self.writer.append_key_value_metadata(KeyValue::new(STREAMS_KEY.to_owned(), streams));
        let external = |error| ParquetError::External(Box::new(error));
        let grams = grams::to_text(&self.grams).map_err(external).map_err(failed())?;
        self.writer.append_key_value_metadata(KeyValue::new(GRAMS_KEY.to_owned(), grams));
        let checksums = Checksums::of(&self.path, &mut self.writer).map_err(failed())?;
        self.writer.append_key_value_metadata(checksums);
        let failed = Error::segment("encode", &self.path.path());
        let bytes = self.writer.into_inner().map_err(failed)?.into();
        let extents = || table.0.iter().map(|stream| stream.extent);
        let min = extents().map(|extent| extent.min).min().unwrap_or(Timestamp::MAX);
        let max = extents().map(|extent| extent.max).max().unwrap_or(Timestamp::MIN);
        Ok(Encoded { bytes, rows: table.rows(), min, max })
    }
}

/// Encodes streams, sorted by their labels, none of them without rows.
///
/// # Errors
/// When the Parquet library refuses, which no input should make it do.
pub(crate) fn encode(
    path: &SegmentPath,
    streams: &[SortedStream<'_>],
    config: &Config,
) -> Result<Encoded, Error> {
    let schema = Arc::new(schema::segment(&columns(streams)));
    let table = table(streams);
    let longest = table.0.iter().map(StreamEntry::mean_line_bytes).max().unwrap_or(0);
    let mut writer = SegmentWriter::new(path, Arc::clone(&schema), longest, config)?;
    let batches = Batches { streams, schema, rows: config.page_rows, stream: 0, entry: 0 };
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.finish(&table)
}

fn columns(streams: &[SortedStream<'_>]) -> BTreeSet<Column> {
    let mut labels: BTreeSet<&str> = BTreeSet::new();
    let mut metadata: BTreeSet<&str> = BTreeSet::new();
    let mut last: Option<&Labels> = None;
    for (stream, entries) in streams {
        labels.extend(stream.iter().map(|(name, _)| name));
        for entry in entries {
            if last.is_none_or(|last| !last.is_shared_with(&entry.metadata)) {
                metadata.extend(entry.metadata.iter().map(|(name, _)| name));
                last = Some(&entry.metadata);
            }
        }
    }
    let labels = labels.into_iter().map(Column::label);
    labels.chain(metadata.into_iter().map(Column::metadata)).collect()
}

fn table(streams: &[SortedStream<'_>]) -> StreamTable {
    let mut first_row = 0;
    let entries = streams.iter().filter_map(|(labels, entries)| {
        let (min, max) = (entries.first()?.timestamp, entries.last()?.timestamp);
        let extent = Extent { first_row, rows: entries.len() as u64, min, max };
        first_row = extent.end_row();
        let line_bytes = entries.iter().map(|entry| entry.line.len() as u64).sum();
        Some(StreamEntry { labels: (*labels).clone(), extent, line_bytes })
    });
    StreamTable(entries.collect())
}

fn properties(config: &Config, line_bytes: u64) -> Result<WriterProperties, ParquetError> {
    const PAGE_BYTES: usize = 512 * 1024;
    const TIME_LEVEL: i32 = 6;
    let longest = usize::try_from(line_bytes).unwrap_or(usize::MAX);
    let (time, line) = (ColumnPath::from(TIMESTAMP), ColumnPath::from(LINE));
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(config.packing.zstd_level)?))
        .set_max_row_group_row_count(Some(config.row_group_rows))
        .set_data_page_row_count_limit(config.page_rows)
        .set_data_page_size_limit(PAGE_BYTES)
        // Page limits are looked at after so many rows, so they must not be more than a page.
        .set_write_batch_size(config.page_rows.min(PAGE_BYTES / longest.max(1)).clamp(1, 1024))
        // A step to the next stream spoils the differences of 128 rows; bytes apart, which are
        // few, cost little to pack well.
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time.clone(), Encoding::BYTE_STREAM_SPLIT)
        .set_column_compression(time, Compression::ZSTD(ZstdLevel::try_new(TIME_LEVEL)?))
        // Lines seldom repeat, and their least and greatest tell nothing. Lengths apart leave the
        // text whole, to be packed and to be searched.
        .set_column_dictionary_enabled(line.clone(), false)
        .set_column_encoding(line.clone(), line_encoding(config))
        .set_column_statistics_enabled(line, EnabledStatistics::None)
        .build())
}

/// Either way lengths stand apart from the text.
fn line_encoding(config: &Config) -> Encoding {
    if config.packing.shares_prefixes {
        Encoding::DELTA_BYTE_ARRAY
    } else {
        Encoding::DELTA_LENGTH_BYTE_ARRAY
    }
}

/// The rows as record batches of at most `rows` rows.
struct Batches<'a> {
    streams: &'a [SortedStream<'a>],
    schema: SchemaRef,
    rows: usize,
    /// Where the next batch begins.
    stream: usize,
    entry: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.stream < self.streams.len()).then(|| {
            let schema = Arc::clone(&self.schema);
            self.batch(&schema)
        })
    }
}

impl Batches<'_> {
    fn batch(&mut self, schema: &Schema) -> Result<RecordBatch, Error> {
        let metadata = schema::names(schema, ColumnKind::Metadata);
        let labels: Vec<&str> = schema::names(schema, ColumnKind::Label).collect();
        let mut label_columns: Vec<_> =
            labels.iter().map(|_| DictionaryBuilder::default()).collect();
        let mut rows = RowsBuilder::new(true, metadata);
        while let Some((stream, entries)) = self.streams.get(self.stream) {
            let free = self.rows.max(1) - rows.rows();
            let part = &entries[self.entry..entries.len().min(self.entry + free)];
            part.iter().for_each(|entry| rows.push(entry));
            for (name, column) in labels.iter().zip(&mut label_columns) {
                column.push_n(stream.get(name), part.len());
            }
            self.entry += part.len();
            if self.entry < entries.len() {
                break;
            }
            (self.stream, self.entry) = (self.stream + 1, 0);
        }
        let columns = rows.finish()?;
        let mut arrays: Vec<ArrayRef> = vec![columns.timestamp];
        arrays.extend(columns.line);
        for column in label_columns {
            arrays.push(column.finish()?);
        }
        arrays.extend(columns.metadata);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}
