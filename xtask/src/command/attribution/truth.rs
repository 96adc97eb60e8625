//! What a corpus knows of each line.

use std::collections::HashMap;

use airflow::TaskFacts;
use airflow::task::MapIndex;
use anyhow::{Context as _, Result};
use serde_json::Value;

use super::corpus::Corpus;
use super::tally::Outcome;

/// Whose a line is, and whose output.
pub(super) struct Truth {
    /// `task`, `scheduler`, `triggerer`, `dag_processor`, `api` or `worker`.
    pub(super) kind: String,
    /// `None` when it is nobody's.
    pub(super) task: Option<TaskFacts>,
}

/// The tries of Airflow's own database, by the names that Airflow 3 and Celery give them.
pub(super) struct Database(HashMap<String, TaskFacts>);

impl Database {
    pub(super) fn read(corpus: &Corpus) -> Result<Self> {
        let mut tries = HashMap::new();
        for row in corpus.rows("truth_tasks.jsonl")? {
            for key in ["id", "external_executor_id"] {
                if let (Some(id), Some(facts)) = (row[key].as_str(), facts(&row)) {
                    tries.insert(id.to_owned(), facts);
                }
            }
        }
        Ok(Self(tries))
    }

    /// The truth of a component's line was noted by a hook in the process that wrote it, and two
    /// processes' lines can be taken for each other's. Where a line names a try by its id and the
    /// database says that the id is of the try that was found, the two truths are at odds.
    pub(super) fn judge(&self, outcome: Outcome, text: &str, found: Option<&TaskFacts>) -> Outcome {
        let is_word = |c: char| c.is_ascii_hexdigit() || c == '-';
        let words = text.split(|c| !is_word(c)).filter(|word| word.len() == 36);
        let mut tries = words.filter_map(|id| self.0.get(id)).peekable();
        let agrees = tries.peek().is_some() && tries.all(|named| Some(named) == found);
        if outcome == Outcome::Wrong && agrees { Outcome::Disputed } else { outcome }
    }
}

/// The truth of every line, by file and number.
pub(super) fn read(corpus: &Corpus) -> Result<HashMap<String, HashMap<u64, Truth>>> {
    let mut truths: HashMap<String, HashMap<u64, Truth>> = HashMap::new();
    for row in corpus.rows("truth.jsonl")? {
        let file = row["file"].as_str().context("a row of the truth has no file")?;
        let number = row["line_no"].as_u64().context("a row of the truth has no line")?;
        let kind = row["kind"].as_str().unwrap_or_default().to_owned();
        let truth = Truth { kind, task: facts(&row) };
        truths.entry(file.to_owned()).or_default().insert(number, truth);
    }
    Ok(truths)
}

/// What a row of truth says of a try.
pub(super) fn facts(row: &Value) -> Option<TaskFacts> {
    let text = |key: &str| row[key].as_str().map(str::to_owned);
    let index = row["map_index"].as_i64();
    Some(TaskFacts {
        dag_id: Some(text("dag_id")?),
        run_id: text("run_id"),
        task_id: text("task_id"),
        map_index: index.and_then(|index| MapIndex::parse(&index.to_string())),
        try_number: row["try_number"].as_u64().and_then(|number| u32::try_from(number).ok()),
        logical_date: None,
    })
}
