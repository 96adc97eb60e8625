//! Segments that are written by hand, with the Parquet library alone, each with one fault.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringViewArray, TimestampNanosecondArray, UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::TimestampNanosecondType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use serde_json::Value;

const STREAMS: &str = "barogram.streams";

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Craft {
    /// Nothing.
    Same,
    /// Two rows of a stream have changed places.
    Unsorted,
    /// A row is there in the place of the one after it.
    Twice,
    /// The stream table tells another number of bytes.
    Lengths,
    /// The stream table gives a row of the second stream to the first.
    Shifted,
    /// The stream table tells a label of which the column knows nothing.
    Labels,
    /// The last row is of the next day.
    OtherDay,
    /// The trigrams tell that there are no lines.
    Trigrams,
    /// The columns have other types.
    Columns,
}

/// The bytes of a segment.
pub struct Forged {
    pub bytes: Vec<u8>,
}

/// All rows of a segment, if they can be read.
pub fn readable(bytes: &[u8]) -> Option<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes)).ok()?;
    let schema = Arc::clone(builder.schema());
    let batches: Result<Vec<_>, _> = builder.build().ok()?.collect();
    concat_batches(&schema, &batches.ok()?).ok()
}

impl Forged {
    pub fn new(segment: &[u8], craft: Craft) -> Self {
        let rows = readable(segment).unwrap();
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(segment)).unwrap();
        let pairs = builder.metadata().file_metadata().key_value_metadata().unwrap();
        let table = pairs.iter().find(|pair| pair.key == STREAMS).unwrap();
        let mut table = decode(table.value.as_deref().unwrap());
        let rows = forge(&rows, &mut table["streams"], craft);
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.append_key_value_metadata(KeyValue::new(STREAMS.to_owned(), encode(&table)));
        if craft == Craft::Trigrams {
            let mut sets = vec![0; 1 + 792 * 8];
            sets[0] = 1;
            let text = STANDARD.encode(zstd::bulk::compress(&sets, 1).unwrap());
            writer.append_key_value_metadata(KeyValue::new("barogram.grams".to_owned(), text));
        }
        Self { bytes: writer.into_inner().unwrap() }
    }
}

fn decode(text: &str) -> Value {
    let json = zstd::stream::decode_all(&STANDARD.decode(text).unwrap()[..]).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn encode(table: &Value) -> String {
    STANDARD.encode(zstd::bulk::compress(&serde_json::to_vec(table).unwrap(), 1).unwrap())
}

/// The first stream is `audit` with rows 0 to 39, the second `etl` with the others.
fn forge(rows: &RecordBatch, streams: &mut Value, craft: Craft) -> RecordBatch {
    let mut order: Vec<u32> = (0..u32::try_from(rows.num_rows()).unwrap()).collect();
    match craft {
        Craft::Same | Craft::Trigrams => {}
        Craft::Unsorted => order.swap(50, 51),
        Craft::Twice => order[51] = 50,
        Craft::Lengths => streams[1]["bytes"] = 1.into(),
        Craft::Shifted => {
            streams[0]["rows"] = 41.into();
            streams[1]["first_row"] = 41.into();
            streams[1]["rows"] = 149.into();
        }
        Craft::Labels => streams[1]["labels"][0][1] = "other".into(),
        Craft::OtherDay => {
            let times = rows.column(0).as_primitive::<TimestampNanosecondType>();
            let mut times = times.values().to_vec();
            *times.last_mut().unwrap() += super::DAY;
            let times = TimestampNanosecondArray::from(times).with_timezone("UTC");
            return with_column(rows, 0, Arc::new(times));
        }
        Craft::Columns => {
            let lines: &StringViewArray = rows.column(1).as_string_view();
            let lengths = arrow::array::UInt64Array::from_iter_values(
                lines.iter().map(|line| line.unwrap_or_default().len() as u64),
            );
            return with_column(rows, 1, Arc::new(lengths));
        }
    }
    take_record_batch(rows, &UInt32Array::from(order)).unwrap()
}

fn with_column(rows: &RecordBatch, at: usize, column: ArrayRef) -> RecordBatch {
    let mut columns = rows.columns().to_vec();
    let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
    let field = fields[at].as_ref().clone().with_data_type(column.data_type().clone());
    fields[at] = Arc::new(field);
    columns[at] = column;
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns).unwrap()
}
