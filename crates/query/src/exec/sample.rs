//! `SampleExec`: rows go in, samples come out. For the functions that need every sample of a
//! window (`quantile_over_time`, `stddev_over_time`, `rate_counter` …).

use std::sync::{Arc, LazyLock};

use arrow::array::TimestampNanosecondArray;
use arrow::array::{
    ArrayRef, AsArray, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampNanosecondType, UInt32Type,
    UInt64Type,
};
use datafusion_common::{DataFusionError, Result};
use datafusion_execution::memory_pool::MemoryReservation;
use model::{Labels, Timestamp};

use super::sampling::{Interned, Memory, Sample, Sampling};
use super::unary::Operator;
use crate::scan::SEQUENCE;
use crate::stats::Counters;

/// Emits each sample.
#[derive(Debug)]
pub(crate) struct SampleExec {
    pub(crate) sampling: Sampling,
    pub(crate) counters: Arc<Counters>,
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Nanosecond, None), false),
        series_field(),
        Field::new("value", DataType::Float64, false),
        Field::new(SEQUENCE, DataType::UInt64, false),
    ]))
});

/// About what the labels of a series take: a dozen, each in an allocation of its own.
pub(crate) const SERIES_BYTES: usize = 1024;

/// The column that names a sample's series, by its labels' text.
pub(super) fn series_field() -> Field {
    Field::new_dictionary("series", DataType::UInt32, DataType::Utf8, false)
}

/// The column of [`series_field`].
pub(super) fn series_column(keys: Vec<u32>, series: &[Labels]) -> Result<ArrayRef> {
    let texts: StringArray = series.iter().map(|labels| Some(labels.to_string())).collect();
    let keys = UInt32Array::from(keys);
    Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, Arc::new(texts))?))
}

/// The labels of each series in a column of [`series_field`], and the rows' keys into them.
pub(super) fn read_series(column: &ArrayRef) -> Result<(Vec<Labels>, &UInt32Array)> {
    let dictionary = column.as_dictionary::<UInt32Type>();
    let texts = dictionary.values().as_string::<i32>().iter();
    let labels = texts.map(|text| Labels::parse_keeping_empty(text.unwrap_or("{}")));
    let labels = labels.collect::<Result<_, _>>();
    let labels = labels.map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok((labels, dictionary.keys()))
}

impl Operator for SampleExec {
    const NAME: &'static str = "SampleExec";
    type State = Memory;

    fn describe(&self) -> String {
        format!("reads lines={}", self.sampling.sampler.needs_line())
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn start(&self, _: MemoryReservation) -> Memory {
        Memory::default()
    }

    fn push(&self, memory: &mut Memory, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        // A batch that leaves says all of its series, so it begins with none.
        memory.interned = Interned::default();
        let mut samples = Vec::new();
        self.sampling.each(memory, batch, |sample| samples.push(sample))?;
        Counters::add(&self.counters.passed, samples.len());
        if samples.is_empty() {
            Ok(None)
        } else {
            encode(&samples, &memory.interned.series).map(Some)
        }
    }

    fn finish(&self, _: Memory) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

fn encode(list: &[Sample], series: &[Labels]) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampNanosecondArray::from_iter_values(list.iter().map(|s| s.time.0))),
        series_column(list.iter().map(|s| s.series).collect(), series)?,
        Arc::new(Float64Array::from_iter_values(list.iter().map(|s| s.value))),
        Arc::new(UInt64Array::from_iter_values(list.iter().map(|s| s.sequence))),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}

/// Reads what [`SampleExec`] emitted.
pub(crate) fn decode(batch: &RecordBatch) -> Result<(Vec<Labels>, Vec<Sample>)> {
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
    let (labels, keys) = read_series(batch.column(1))?;
    let values = batch.column(2).as_primitive::<Float64Type>();
    let sequence = batch.column(3).as_primitive::<UInt64Type>();
    let samples = (0..batch.num_rows()).map(|row| Sample {
        time: Timestamp(times.value(row)),
        sequence: sequence.value(row),
        series: keys.value(row),
        value: values.value(row),
    });
    Ok((labels, samples.collect()))
}
