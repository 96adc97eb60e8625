//! What a corpus knows of each line.

use std::collections::HashMap;

use airflow::TaskFacts;
use airflow::task::MapIndex;
use anyhow::{Context as _, Result};
use serde_json::Value;

use super::corpus::Corpus;

/// Whose a line is, and whose output.
pub(super) struct Truth {
    /// `task`, `scheduler`, `triggerer`, `dag_processor`, `api` or `worker`.
    pub(super) kind: String,
    /// `None` when it is nobody's.
    pub(super) task: Option<TaskFacts>,
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
