//! Reads a segment: its footer once, then only the pages of the rows and columns that are wanted.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, TimestampNanosecondType};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use model::{ColumnKind, Labels, Timestamp};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::checksum::Checksums;
use super::grams::{self, GRAMS_KEY, Grams};
use super::narrow::Narrow;
use super::object::ParquetObject;
use super::pieces::{Piece, by_row_group, select};
use super::stats::{STREAMS_KEY, StreamTable};
use crate::cache::Cache;
use crate::filter::{Extent, Filter, RowTest, prune};
use crate::layout::SegmentPath;
use crate::manifest::SegmentRecord;
use crate::schema::{self, TIMESTAMP};
use crate::{Config, Error};

/// Rows whose metadata is tested at a time.
const NARROW_ROWS: usize = 8192;

/// Every segment that was opened lately.
#[derive(Debug)]
pub(crate) struct Library {
    objects: Arc<dyn ObjectStore>,
    segments: Cache<SegmentPath, Arc<Segment>>,
    /// `Config::partition_rows`.
    pub(crate) partition_rows: u64,
}

impl Library {
    /// A library without books.
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, config: &Config) -> Self {
        let segments = Cache::new(config.footer_cache_bytes);
        Self { objects, segments, partition_rows: config.partition_rows }
    }

    /// Opens a segment: reads its footer, unless it is known.
    pub(crate) async fn open(&self, record: &SegmentRecord) -> Result<Arc<Segment>, Error> {
        if let Some(segment) = self.segments.get(&record.path) {
            return Ok(segment);
        }
        let path = record.path.path();
        let objects = Arc::clone(&self.objects);
        let object = ParquetObject { objects, path, bytes: record.bytes };
        let segment = Arc::new(Segment::load(object).await?);
        self.segments.insert(record.path.clone(), Arc::clone(&segment), segment.memory_bytes());
        Ok(segment)
    }
}

/// An opened segment.
#[derive(Debug)]
pub(crate) struct Segment {
    object: ParquetObject,
    metadata: ArrowReaderMetadata,
    streams: StreamTable,
    /// The labels of each stream as text, once somebody has asked for it.
    texts: Vec<OnceLock<Box<str>>>,
    /// The times of each page of the timestamp column.
    pages: Vec<Extent>,
    /// The trigrams of each row group; none where the file does not tell them.
    grams: Vec<Grams>,
}

impl Segment {
    /// Opens an object of this size, whether or not a manifest lists it.
    pub(crate) async fn open(
        objects: Arc<dyn ObjectStore>,
        path: Path,
        bytes: u64,
    ) -> Result<Self, Error> {
        Self::load(ParquetObject { objects, path, bytes }).await
    }

    /// What the Parquet file tells of itself.
    pub(crate) fn parquet(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// What it tells of its own bytes; a segment that is older than checksums has none.
    pub(crate) fn checksums(&self) -> Option<Checksums> {
        Checksums::read(self.parquet())
    }

    /// The rows and times of the timestamp column's pages; none if the file has no page index.
    pub(crate) fn pages(&self) -> &[Extent] {
        &self.pages
    }

    /// Whether a row group may have this line, as far as its trigrams tell.
    pub(crate) fn may_have(&self, group: usize, line: &str) -> bool {
        self.grams.get(group).is_none_or(|grams| grams.may_contain(line.as_bytes()))
    }

    async fn load(mut object: ParquetObject) -> Result<Self, Error> {
        let path = object.path.clone();
        let failed = || Error::segment("open", &path);
        let options = ArrowReaderOptions::new();
        let metadata =
            ArrowReaderMetadata::load_async(&mut object, options).await.map_err(failed())?;
        schema::check(metadata.schema()).map_err(ParquetError::General).map_err(failed())?;
        let streams = stream_table(&metadata).map_err(failed())?;
        let pages = pages(&metadata).map_err(failed())?;
        let texts = streams.0.iter().map(|_| OnceLock::new()).collect();
        let grams = trigrams(&metadata);
        Ok(Self { object, metadata, streams, texts, pages, grams })
    }

    /// The streams of the segment.
    pub(crate) fn streams(&self) -> &StreamTable {
        &self.streams
    }

    /// The labels of a stream, by its place in the table: `{a="b", c="d"}`.
    pub(crate) fn stream_text(&self, stream: usize) -> &str {
        self.texts[stream].get_or_init(|| self.streams.0[stream].labels.to_string().into())
    }

    /// The schema of the segment.
    pub(crate) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The columns that tell the rows of a stream apart, as places in the schema: time and line,
    /// which come first, and the metadata.
    pub(crate) fn row_columns(&self) -> Vec<usize> {
        let fields = self.schema().fields().iter().enumerate();
        fields.filter(|(_, field)| !schema::is_label(field)).map(|(at, _)| at).collect()
    }

    /// The rows that a filter may want, in the order of the file.
    pub(crate) fn pieces(&self, filter: &Filter) -> Vec<Piece> {
        let streams = self.streams.0.iter().enumerate();
        let pieces = streams.filter_map(|(stream, entry)| {
            let extent = entry.extent;
            let (first_row, end_row) = prune(extent, &self.pages, filter.time)?;
            let all_inside = filter.time.contains(extent.min) && filter.time.contains(extent.max);
            let piece = Piece { stream, first_row, end_row, all_inside };
            (filter.streams)(&entry.labels).then_some(piece)
        });
        self.with_texts(pieces.collect(), &filter.texts)
    }

    /// Of some pieces, the parts in row groups whose lines may have what is looked for.
    fn with_texts(&self, pieces: Vec<Piece>, texts: &[Vec<String>]) -> Vec<Piece> {
        if texts.is_empty() || self.grams.is_empty() {
            return pieces;
        }
        let any = |grams: &Grams, texts: &Vec<String>| {
            texts.iter().any(|text| grams.may_contain(text.as_bytes()))
        };
        let groups = self.grams.iter().map(|grams| texts.iter().all(|texts| any(grams, texts)));
        let groups: Vec<bool> = groups.collect();
        if groups.iter().all(|wanted| *wanted) {
            return pieces;
        }
        let bounds = self.row_groups();
        let parts = pieces.iter().flat_map(|piece| {
            let parts = by_row_group(piece.first_row..piece.end_row, &bounds);
            parts.filter(|(group, _)| groups[*group]).map(|(_, rows)| Piece {
                first_row: rows.start,
                end_row: rows.end,
                ..*piece
            })
        });
        parts.collect()
    }

    /// Where each row group begins, and where the last ends.
    pub(crate) fn row_groups(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups().iter();
        let mut end = 0;
        let ends = groups.map(|group| {
            end += u64::try_from(group.num_rows()).unwrap_or(0);
            end
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// Reads rows, given as ascending ranges, of the columns with these positions in the schema.
    pub(crate) fn read(
        &self,
        ranges: impl IntoIterator<Item = Range<u64>>,
        columns: impl IntoIterator<Item = usize>,
        batch_rows: usize,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        let selected = select(&self.row_groups(), ranges);
        let selection =
            RowSelection::from_consecutive_ranges(selected.ranges.into_iter(), selected.rows);
        let projection = ProjectionMask::roots(self.metadata.parquet_schema(), columns);
        let path = self.object.path.clone();
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(
            self.object.clone(),
            self.metadata.clone(),
        );
        let stream = builder
            .with_row_groups(selected.groups)
            .with_row_selection(selection)
            .with_projection(projection)
            .with_batch_size(batch_rows.max(1))
            .build()
            .map_err(Error::segment("read", &path))?;
        Ok(stream.map_err(move |error| Error::segment("read", &path)(error)).boxed())
    }

    /// The pieces of these pieces whose rows pass a test of their metadata.
    pub(crate) async fn narrow(
        &self,
        pieces: &[Piece],
        test: &RowTest,
    ) -> Result<Vec<Piece>, Error> {
        let names = test.names.iter();
        let columns: Vec<usize> = names
            .filter_map(|name| schema::find(self.schema(), ColumnKind::Metadata, name))
            .collect();
        if columns.is_empty() {
            let none = Labels::default();
            let passes = |piece: &&Piece| (test.test)(&self.streams.0[piece.stream].labels, &none);
            return Ok(pieces.iter().filter(passes).copied().collect());
        }
        let mut narrow = Narrow::new(&self.streams, pieces, test);
        let ranges = pieces.iter().map(|piece| piece.first_row..piece.end_row);
        let mut batches = self.read(ranges, columns, NARROW_ROWS)?;
        while let Some(batch) = batches.try_next().await? {
            narrow.add(&batch);
        }
        Ok(narrow.finish())
    }

    fn memory_bytes(&self) -> usize {
        // Labels twice: in the table, and as text.
        const STREAM_BYTES: usize = 512;
        const GRAMS_BYTES: usize = 6400;
        let streams = self.streams.0.len() * STREAM_BYTES;
        let grams = self.grams.len() * GRAMS_BYTES;
        let pages = self.pages.len() * size_of::<Extent>();
        self.metadata.metadata().memory_size() + streams + pages + grams
    }
}

/// The trigrams of each row group. Segments of earlier programs have none.
fn trigrams(metadata: &ArrowReaderMetadata) -> Vec<Grams> {
    let sets = value(metadata, GRAMS_KEY).and_then(grams::parse).unwrap_or_default();
    let groups = metadata.metadata().num_row_groups();
    if sets.len() == groups { sets } else { Vec::new() }
}

/// What stands under a key of the file's metadata.
fn value<'a>(metadata: &'a ArrowReaderMetadata, key: &str) -> Option<&'a str> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    pairs.filter(|pair| pair.key == key).find_map(|pair| pair.value.as_deref())
}

fn stream_table(metadata: &ArrowReaderMetadata) -> Result<StreamTable, ParquetError> {
    let file = metadata.metadata().file_metadata();
    let text = value(metadata, STREAMS_KEY);
    let missing = || ParquetError::General(format!("the file has no {STREAMS_KEY:?}"));
    let table = StreamTable::parse(text.ok_or_else(missing)?);
    let table = table.map_err(|error| ParquetError::External(Box::new(error)))?;
    if i64::try_from(table.rows()).ok() != Some(file.num_rows()) {
        let (told, found) = (table.rows(), file.num_rows());
        let text = format!("the stream table tells of {told} rows, and the file has {found}");
        return Err(ParquetError::General(text));
    }
    Ok(table)
}

/// The rows and times of the timestamp column's pages; none if the file has no page index.
fn pages(metadata: &ArrowReaderMetadata) -> Result<Vec<Extent>, ParquetError> {
    let file = metadata.metadata();
    let (Some(index), Some(offsets)) = (file.column_index(), file.offset_index()) else {
        return Ok(Vec::new());
    };
    let column =
        StatisticsConverter::try_new(TIMESTAMP, metadata.schema(), metadata.parquet_schema())?;
    let groups: Vec<usize> = (0..file.num_row_groups()).collect();
    let mins = column.data_page_mins(index, offsets, &groups)?;
    let maxes = column.data_page_maxes(index, offsets, &groups)?;
    let Some(rows) = column.data_page_row_counts(offsets, file.row_groups(), &groups)? else {
        return Ok(Vec::new());
    };
    let mins = mins.as_primitive::<TimestampNanosecondType>();
    let maxes = maxes.as_primitive::<TimestampNanosecondType>();
    let mut first_row = 0;
    let pages = rows.iter().zip(mins).zip(maxes).map(|((rows, min), max)| {
        let rows = rows.unwrap_or(0);
        // A page that does not tell its times may have any.
        let min = min.map_or(Timestamp::MIN, Timestamp);
        let max = max.map_or(Timestamp::MAX, Timestamp);
        let page = Extent { first_row, rows, min, max };
        first_row += rows;
        page
    });
    Ok(pages.collect())
}
