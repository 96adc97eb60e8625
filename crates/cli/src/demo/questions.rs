//! The queries that the usual recipe for Airflow logs teaches, asked of the demo's server.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use loki::query::{Direction, RangeQuery};
use loki::response::{QueryResponse, QueryResult, StreamEntry, StreamValues};
use loki::time::Bounds;
use model::Timestamp;

use crate::client::Client;
use crate::show::{color, numbers};

/// A DAG of the sample that shows most of what Airflow does: retries, XComs, warnings, catch-up.
pub const DAG: &str = "sales_daily_etl";

/// How much of a long line is shown.
const SHOWN_CHARS_MAX: usize = 110;
/// How many lines of an answer are shown.
const SHOWN_LINES_MAX: usize = 2;
/// Lines fetched in one request.
const BATCH: usize = 5000;

/// A query of the recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// LogQL.
    pub query: String,
    /// Asked at one time rather than over a range.
    pub instant: bool,
}

/// What a question found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Lines as a reader counts them: a traceback that was joined counts as its lines.
    pub lines: usize,
    /// The series, for a question about numbers.
    pub series: usize,
    /// What the server had to say about the query.
    pub warnings: Vec<String>,
}

/// The recipe's queries, in its order.
#[must_use]
pub fn recipe() -> Vec<Question> {
    let range = |query: &str| Question { query: query.replace("hello_world", DAG), instant: false };
    let instant = |query: &str| Question { instant: true, ..range(query) };
    vec![
        range(r#"{namespace="airflow"}"#),
        range(r#"{namespace="airflow"} |= "dag_id=hello_world""#),
        range(r#"{namespace="airflow"} |= "ERROR""#),
        range(r#"{namespace="airflow", dag_id="hello_world"}"#),
        range(r#"{namespace="airflow", container="scheduler"}"#),
        range(
            r#"{namespace="airflow", app_kubernetes_io_component="worker"} |= "dag_id=hello_world""#,
        ),
        range(
            "{namespace=\"airflow\"} |= \"ERROR\" | pattern `dag_id=<dag_id>` | __error__=\"\" \
             | line_format \"{{.dag_id}}\" | count by (dag_id)",
        ),
        range(
            "{namespace=\"airflow\"} |= \"TaskInstance Finished\" \
             | pattern `dag_id=<dag_id>, task_id=<task_id>`",
        ),
        instant(
            "sum by (dag_id) (count_over_time({namespace=\"airflow\"} |= \"DagRun Finished\" \
             | pattern `dag_id=<dag_id>` [1h]))",
        ),
        range(r#"{namespace="airflow"} | dag_id != """#),
    ]
}

/// Asks one question, prints it with its answer, and tells what was found.
///
/// # Errors
/// When the server refuses, or the output cannot be written.
pub async fn ask(
    client: &Client,
    question: &Question,
    bounds: Bounds,
    out: &mut impl Write,
) -> Result<Found> {
    let colored = color::wanted();
    writeln!(out, "\n{}", color::bold(&question.query, colored))?;
    let mut found = Found { lines: 0, series: 0, warnings: Vec::new() };
    let mut shown = Vec::new();
    let mut table = None;
    let mut take = |response: QueryResponse| {
        found.warnings = response.warnings;
        match &response.data.result {
            QueryResult::Streams(streams) => {
                found.lines += physical_lines(streams);
                show_some(streams, &mut shown);
            }
            QueryResult::Matrix(series) => found.series = series.len(),
            QueryResult::Vector(samples) => found.series = samples.len(),
            QueryResult::Scalar(_) => found.series = 1,
        }
        table = numbers::table(&response.data.result);
        Ok(())
    };
    if question.instant {
        take(client.query(&question.query, bounds.end, BATCH).await?)?;
    } else {
        client.all_lines(&range_query(&question.query, bounds), BATCH, &mut take).await?;
    }
    match table {
        Some(table) => writeln!(out, "{} series\n{table}", found.series)?,
        None => writeln!(out, "{} lines", found.lines)?,
    }
    for (time, line) in shown {
        let time = crate::time::show(time, &jiff::tz::TimeZone::UTC);
        writeln!(out, "{} {line}", color::faint(&time, colored))?;
    }
    for warning in &found.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(found)
}

/// A query for all lines of a range, from the newest.
#[must_use]
pub fn range_query(query: &str, bounds: Bounds) -> RangeQuery {
    RangeQuery {
        query: query.to_owned(),
        bounds,
        step: bounds.default_step(),
        interval: Duration::ZERO,
        limit: 0,
        direction: Direction::Backward,
    }
}

/// Lines as a reader counts them: an entry that joins several counts as so many.
#[must_use]
pub fn physical_lines(streams: &[StreamValues]) -> usize {
    let entries = streams.iter().flat_map(|stream| &stream.values);
    entries.map(|entry| 1 + entry.line.matches('\n').count()).sum()
}

fn show_some(streams: &[StreamValues], shown: &mut Vec<(Timestamp, String)>) {
    let mut entries: Vec<&StreamEntry> = streams.iter().flat_map(|s| &s.values).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.timestamp));
    for entry in entries.into_iter().take(SHOWN_LINES_MAX.saturating_sub(shown.len())) {
        shown.push((entry.timestamp, shortened(&entry.line)));
    }
}

/// The beginning of a line's first line, without characters that could steer a terminal.
fn shortened(line: &str) -> String {
    let first = line.lines().next().unwrap_or_default();
    let mut text: String =
        first.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_of_the_recipe_parses() {
        for question in recipe() {
            logql::parse(&question.query).unwrap();
        }
    }

    #[test]
    fn hostile_lines_cannot_steer_the_terminal() {
        assert_eq!(shortened("a\x1b[31mb\nc"), "a[31mb…");
    }
}
