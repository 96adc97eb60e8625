//! Series: JSON for programs (as logcli), a table for people.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use loki::response::{MatrixSeries, QueryResult, VectorSample, value_text};

use super::lines::labels_text;

/// Prints a matrix, vector or scalar as indented JSON: what logcli prints.
///
/// # Errors
/// When the output cannot be written.
pub fn json(out: &mut impl Write, result: &QueryResult) -> io::Result<()> {
    let result = match result {
        QueryResult::Streams(streams) => serde_json::to_value(streams),
        QueryResult::Matrix(series) => serde_json::to_value(series),
        QueryResult::Vector(samples) => serde_json::to_value(samples),
        QueryResult::Scalar(sample) => serde_json::to_value(sample),
    };
    serde_json::to_writer_pretty(&mut *out, &result?)?;
    writeln!(out)
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
    [labels_text(&sample.metric), value_text(sample.value.value)]
}

fn matrix_row(series: &MatrixSeries) -> [String; 2] {
    let last = series.values.last().map(|sample| value_text(sample.value));
    [labels_text(&series.metric), last.unwrap_or_default()]
}
