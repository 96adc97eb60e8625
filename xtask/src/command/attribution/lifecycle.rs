//! Tries and runs as the API tells of them, beside Airflow's own database.

use std::collections::BTreeMap;

use airflow::record::parse_time;
use anyhow::{Result, ensure};
use serde_json::Value;

use super::corpus::Corpus;
use super::truth::facts;

/// How far a duration may be off: what the compact times in a task's lines leave out.
const TOLERANCE_MS: i64 = 1_000;

/// How many the database has, and how many of them were found as they are.
#[derive(Default)]
pub(super) struct Score {
    total: u64,
    found: u64,
    states: u64,
    durations: u64,
    /// What was not found as it is.
    pub(super) odd: Vec<String>,
}

/// The tries of a corpus, and those that the API told of.
pub(super) fn tries(corpus: &Corpus, told: &[Value]) -> Result<Score> {
    let key = |row: &Value| facts(row).and_then(|facts| facts.task_try());
    score(&corpus.rows("truth_tasks.jsonl")?, told, key)
}

/// Its runs.
pub(super) fn runs(corpus: &Corpus, told: &[Value]) -> Result<Score> {
    let key = |row: &Value| Some(["dag_id", "run_id"].map(|key| row[key].to_string()));
    score(&corpus.rows("truth_runs.jsonl")?, told, key)
}

fn score<K: Ord>(
    rows: &[Value],
    told: &[Value],
    key: impl Fn(&Value) -> Option<K>,
) -> Result<Score> {
    let known: BTreeMap<K, &Value> = told.iter().filter_map(|row| Some((key(row)?, row))).collect();
    ensure!(known.len() == told.len(), "the API told of something twice, or of nothing");
    let mut score = Score::default();
    for row in rows {
        score.add(row, key(row).and_then(|key| known.get(&key).copied()));
    }
    Ok(score)
}

impl Score {
    fn add(&mut self, row: &Value, found: Option<&Value>) {
        self.total += 1;
        let key = ["dag_id", "run_id", "task_id", "map_index", "try_number", "state"];
        let name = key.map(|key| row[key].to_string()).join(" ");
        let Some(found) = found else {
            self.odd.push(format!("not found: {name}"));
            return;
        };
        self.found += 1;
        let is_right = found["state"] == row["state"];
        self.states += u64::from(is_right);
        let (expected, told) =
            (lasted(row, "start_date", "end_date"), lasted(found, "start", "end"));
        let near = match (expected, told) {
            (Some(expected), Some(told)) => (expected - told).abs() <= TOLERANCE_MS,
            // One that failed before it began.
            (expected, told) => expected == told,
        };
        self.durations += u64::from(near);
        if !is_right || !near {
            let state = &found["state"];
            self.odd.push(format!("{state} for {told:?} ms, not {expected:?}: {name}"));
        }
    }

    /// A row of the table.
    pub(super) fn row(&self, corpus: &str, what: &str) -> String {
        format!(
            "{corpus}: {what} {} of {} found, {} states right, {} durations within 1 s",
            self.found, self.total, self.states, self.durations
        )
    }
}

/// Milliseconds from one time of a row to another.
fn lasted(row: &Value, start: &str, end: &str) -> Option<i64> {
    let [start, end] =
        [start, end].map(|key| row[key].as_str().and_then(parse_time).map(|stamp| stamp.at));
    Some(end?.as_millis() - start?.as_millis())
}
