//! Tries and runs as found in the lines, beside Airflow's own database.

use std::collections::BTreeMap;

use airflow::lifecycle::{Lifecycle, State, Teller, may_tell};
use airflow::record::parse_time;
use anyhow::Result;
use model::Timestamp;
use serde_json::Value;

use super::corpus::Corpus;
use super::play::Played;
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

/// Shows a line to the lifecycle.
pub(super) fn take(lifecycle: &mut Lifecycle, line: &Played<'_>) {
    let Some(answer) = line.answer else { return };
    let Some(teller) = Teller::of(line.component, answer.by) else { return };
    if may_tell(line.text) {
        lifecycle.take(teller, line.text, &answer.task);
    }
}

/// The tries of a corpus.
pub(super) fn tries(corpus: &Corpus, lifecycle: &Lifecycle) -> Result<Score> {
    let known: BTreeMap<_, _> = lifecycle.tries().collect();
    let mut score = Score::default();
    for row in corpus.rows("truth_tasks.jsonl")? {
        let of_try = facts(&row).and_then(|facts| facts.task_try());
        let found = of_try.and_then(|of_try| known.get(&of_try));
        score.add(&row, found.map(|found| (found.state, found.start, found.end)));
    }
    Ok(score)
}

/// Its runs.
pub(super) fn runs(corpus: &Corpus, lifecycle: &Lifecycle) -> Result<Score> {
    let known: BTreeMap<_, _> = lifecycle.runs().collect();
    let mut score = Score::default();
    for row in corpus.rows("truth_runs.jsonl")? {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let found = known.get(&(text("dag_id"), text("run_id")));
        score.add(&row, found.map(|found| (found.state, found.start, found.end)));
    }
    Ok(score)
}

impl Score {
    fn add(
        &mut self,
        row: &Value,
        found: Option<(Option<State>, Option<Timestamp>, Option<Timestamp>)>,
    ) {
        self.total += 1;
        let key = ["dag_id", "run_id", "task_id", "map_index", "try_number", "state"];
        let name = key.map(|key| row[key].to_string()).join(" ");
        let Some((state, start, end)) = found else {
            self.odd.push(format!("not found: {name}"));
            return;
        };
        self.found += 1;
        let is_right = state.map(State::as_str) == row["state"].as_str();
        self.states += u64::from(is_right);
        let time = |key: &str| row[key].as_str().and_then(parse_time).map(|stamp| stamp.at);
        let lasted = |start: Option<Timestamp>, end: Option<Timestamp>| {
            Some(end?.as_millis() - start?.as_millis())
        };
        let (truth, found) = (lasted(time("start_date"), time("end_date")), lasted(start, end));
        let near =
            truth.zip(found).is_some_and(|(truth, found)| (truth - found).abs() <= TOLERANCE_MS);
        self.durations += u64::from(near);
        if !is_right || !near {
            let state = state.map_or("-", State::as_str);
            self.odd.push(format!("{state} for {found:?} ms, not {truth:?}: {name}"));
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
