//! Series: JSON for programs (as logcli), a table or a chart for people.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::tz::TimeZone;
use loki::response::{MatrixSeries, QueryResult, VectorSample, value_text};

use super::{chart, json as go_json, labels};
use crate::args::OutputMode;

/// Prints a matrix, vector or scalar as the output mode says.
///
/// # Errors
/// When the output cannot be written.
pub fn print(
    out: &mut impl Write,
    result: &QueryResult,
    mode: OutputMode,
    zone: &TimeZone,
) -> io::Result<()> {
    match mode {
        OutputMode::Chart => chart::print(out, result, zone, chart::width()),
        OutputMode::Default | OutputMode::Raw | OutputMode::Jsonl => json(out, result),
    }
}

/// Prints a matrix, vector or scalar as indented JSON: what logcli prints, and an end of line.
///
/// # Errors
/// When the output cannot be written.
pub fn json(out: &mut impl Write, result: &QueryResult) -> io::Result<()> {
    match result {
        QueryResult::Streams(streams) => go_json::indented(out, streams),
        QueryResult::Matrix(series) => go_json::indented(out, series),
        QueryResult::Vector(samples) => go_json::indented(out, samples),
        QueryResult::Scalar(sample) => go_json::indented(out, sample),
    }
}

/// A table: the series, and for a matrix its last value.
#[must_use]
pub fn table(result: &QueryResult) -> Option<Table> {
    let rows: Vec<[String; 2]> = match result {
        QueryResult::Vector(samples) => samples.iter().map(vector_row).collect(),
        QueryResult::Matrix(series) => series.iter().map(matrix_row).collect(),
        QueryResult::Scalar(sample) => vec![["scalar".into(), value_text(sample.value)]],
        QueryResult::Streams(_) => return None,
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.add_rows(rows);
    Some(table)
}

fn vector_row(sample: &VectorSample) -> [String; 2] {
    [labels::text(&sample.metric), value_text(sample.value.value)]
}

fn matrix_row(series: &MatrixSeries) -> [String; 2] {
    let last = series.values.last().map(|sample| value_text(sample.value));
    [labels::text(&series.metric), last.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use loki::response::{LabelMap, Sample, ScalarSample};
    use model::Timestamp;

    use super::*;

    fn shown(result: &QueryResult) -> String {
        let mut out = Vec::new();
        json(&mut out, result).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_indented_json() {
        let sample = |millis, value| Sample { time: Timestamp::from_millis(millis), value };
        let metric = LabelMap::from([("dag_id".to_owned(), "etl".to_owned())]);
        let values = vec![sample(1_768_456_800_000, 3.0), sample(1_768_456_815_500, 0.25)];
        let matrix = QueryResult::Matrix(vec![MatrixSeries { metric, values }]);
        assert_snapshot!(shown(&matrix), @r#"
        [
          {
            "metric": {
              "dag_id": "etl"
            },
            "values": [
              [
                1768456800,
                "3"
              ],
              [
                1768456815.5,
                "0.25"
              ]
            ]
          }
        ]
        "#);
        let value = sample(1_768_456_800_000, f64::INFINITY);
        let vector = QueryResult::Vector(vec![VectorSample { metric: LabelMap::new(), value }]);
        assert_snapshot!(shown(&vector), @r#"
        [
          {
            "metric": {},
            "value": [
              1768456800,
              "+Inf"
            ]
          }
        ]
        "#);
        assert_snapshot!(shown(&QueryResult::Matrix(Vec::new())), @"[]");
        let scalar = ScalarSample { time: Timestamp::from_secs(1), value: 2.0 };
        assert!(shown(&QueryResult::Scalar(scalar)).ends_with("\"2\"\n]\n"));
    }
}
