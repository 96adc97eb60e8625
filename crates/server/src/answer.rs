//! From the engine's answers to Loki's.

use std::collections::HashMap;

use logql::eval::{Direction, LogStream, Series, Value};
use logql::pipeline::ResultLabels;
use loki::legacy::{LegacyEntry, LegacyStream};
use loki::response::{
    CATEGORIZE_LABELS, Categories, LabelMap, MatrixSeries, Querier, QueryResponse, QueryResult,
    Sample, ScalarSample, Stats, StoreStats, StreamEntry, StreamValues, Summary, VectorSample,
};
use model::{Labels, Timestamp};
use query::Answer;

/// How an answer is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// Tell the stream's labels, structured metadata and parsed labels apart.
    pub(crate) categorize: bool,
    /// The order of the entries.
    pub(crate) direction: Direction,
    /// Say how it was found.
    pub(crate) explain: bool,
}

/// Loki's direction in the engine's words.
pub(crate) fn direction(direction: loki::query::Direction) -> Direction {
    match direction {
        loki::query::Direction::Forward => Direction::Forward,
        loki::query::Direction::Backward => Direction::Backward,
    }
}

/// The answer as Loki writes it.
pub(crate) fn response(answer: Answer, form: Form) -> QueryResponse {
    let is_streams = matches!(answer.value, Value::Streams(_));
    let explained = if form.explain { answer.explained() } else { Vec::new() };
    let mut response = QueryResponse::new(result(answer.value, form));
    if form.categorize && is_streams {
        response.data.encoding_flags = vec![CATEGORIZE_LABELS.to_owned()];
    }
    response.data.explain = explained;
    response.data.stats = stats(answer.stats, &response.data.result);
    response.warnings = answer.warnings;
    response
}

fn result(value: Value, form: Form) -> QueryResult {
    match value {
        Value::Streams(streams) => QueryResult::Streams(stream_values(streams, form)),
        Value::Matrix(series) => QueryResult::Matrix(series.into_iter().map(matrix).collect()),
        Value::Vector(series) => {
            QueryResult::Vector(series.into_iter().filter_map(vector).collect())
        }
        Value::Scalar(time, value) => QueryResult::Scalar(ScalarSample { time, value }),
    }
}

/// Streams with their entries. Streams that look alike once their labels are joined (or, in
/// categories, told apart) become one.
pub(crate) fn stream_values(streams: Vec<LogStream>, form: Form) -> Vec<StreamValues> {
    let mut at: HashMap<LabelMap, usize> = HashMap::new();
    let mut values: Vec<StreamValues> = Vec::new();
    for LogStream { labels, entries } in streams {
        let (stream, categories) = shown(&labels, form.categorize);
        let entries = entries.into_iter().map(|(timestamp, line)| StreamEntry {
            timestamp,
            line,
            categories: categories.clone(),
        });
        match at.get(&stream) {
            None => {
                at.insert(stream.clone(), values.len());
                values.push(StreamValues { stream, values: entries.collect() });
            }
            Some(index) => {
                let merged = &mut values[*index].values;
                merged.extend(entries);
                // Stable: entries of one time stay as they came.
                merged.sort_by_key(|entry| match form.direction {
                    Direction::Forward => entry.timestamp.as_nanos(),
                    Direction::Backward => -entry.timestamp.as_nanos().max(-i64::MAX),
                });
            }
        }
    }
    values
}

/// A stream as it was written before Loki 1.0.
pub(crate) fn legacy_stream(LogStream { labels, entries }: LogStream) -> LegacyStream {
    let entry = |(time, line)| LegacyEntry { ts: loki::time::rfc3339(time), line };
    LegacyStream {
        labels: labels.merged().to_string(),
        entries: entries.into_iter().map(entry).collect(),
    }
}

fn shown(labels: &ResultLabels, categorize: bool) -> (LabelMap, Option<Categories>) {
    if categorize {
        let structured_metadata = label_map(&labels.metadata);
        let parsed = label_map(&labels.parsed);
        return (label_map(&labels.stream), Some(Categories { structured_metadata, parsed }));
    }
    (label_map(&labels.merged()), None)
}

/// Labels as Loki writes them.
pub(crate) fn label_map(labels: &Labels) -> LabelMap {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn matrix(series: Series) -> MatrixSeries {
    let values = series.points.into_iter().map(sample).collect();
    MatrixSeries { metric: label_map(&series.labels), values }
}

fn vector(series: Series) -> Option<VectorSample> {
    let value = sample(series.points.into_iter().next()?);
    Some(VectorSample { metric: label_map(&series.labels), value })
}

fn sample((time, value): (Timestamp, f64)) -> Sample {
    Sample { time, value }
}

fn stats(stats: query::Stats, result: &QueryResult) -> Stats {
    let seconds = stats.elapsed.as_secs_f64();
    let rate = |count: u64| if seconds > 0.0 { (count as f64 / seconds) as u64 } else { 0 };
    let returned = match result {
        QueryResult::Streams(streams) => streams.iter().map(|stream| stream.values.len()).sum(),
        QueryResult::Matrix(series) => series.len(),
        QueryResult::Vector(series) => series.len(),
        QueryResult::Scalar(_) => 1,
    };
    let summary = Summary {
        bytes_processed_per_second: rate(stats.bytes),
        lines_processed_per_second: rate(stats.lines),
        total_bytes_processed: stats.bytes,
        total_lines_processed: stats.lines,
        exec_time: seconds,
        total_entries_returned: returned as u64,
        total_post_filter_lines: stats.passed,
        ..Summary::default()
    };
    let (total_chunks_ref, total_chunks_downloaded) = (stats.partitions, stats.partitions);
    let store = StoreStats { total_chunks_ref, total_chunks_downloaded };
    Stats { summary, querier: Querier { store } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(labels: [&str; 3], times: &[i64]) -> LogStream {
        let [stream, metadata, parsed] = labels.map(|text| Labels::parse(text).unwrap());
        let labels = ResultLabels { stream, metadata, parsed };
        let entries = times.iter().map(|time| (Timestamp(*time), format!("at {time}"))).collect();
        LogStream { labels, entries }
    }

    #[track_caller]
    fn check(categorize: bool, direction: Direction, expect: &str) {
        let streams = vec![
            stream([r#"{a="1"}"#, r#"{m="1"}"#, "{}"], &[5, 3]),
            stream([r#"{a="1"}"#, r#"{m="2"}"#, r#"{p="x"}"#], &[4]),
            stream([r#"{a="1", m="1"}"#, "{}", "{}"], &[9]),
        ];
        let values = stream_values(streams, Form { categorize, direction, explain: false });
        assert_eq!(serde_json::to_string(&values).unwrap().replace('"', ""), expect);
    }

    #[test]
    fn streams_that_look_alike_become_one() {
        check(
            false,
            Direction::Backward,
            "[{stream:{a:1,m:1},values:[[9,at 9],[5,at 5],[3,at 3]]},\
             {stream:{a:1,m:2,p:x},values:[[4,at 4]]}]",
        );
    }

    #[test]
    fn categories_are_told_apart_entry_by_entry() {
        check(
            true,
            Direction::Backward,
            "[{stream:{a:1},values:[[5,at 5,{structuredMetadata:{m:1}}],\
             [4,at 4,{structuredMetadata:{m:2},parsed:{p:x}}],\
             [3,at 3,{structuredMetadata:{m:1}}]]},\
             {stream:{a:1,m:1},values:[[9,at 9,{}]]}]",
        );
    }
}
