//! Airflow 2's LocalExecutor: commands that are run in processes without names.

use serde::{Deserialize, Serialize};

use crate::attribute::attributor::{Answer, Begun};
use crate::attribute::memory::{Memory, common};
use crate::attribute::mention;
use crate::limits::RUNNING_MAX;
use crate::pod::AttributedBy;
use crate::record::Record;
use crate::task::TaskFacts;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Local {
    /// Commands that were started and have not said yet what they run.
    started: Vec<Command>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Command {
    facts: TaskFacts,
    /// The path of the DAG's file, below the folder of DAGs.
    file: String,
}

impl Local {
    pub(super) fn new() -> Self {
        Self { started: Vec::new() }
    }

    /// Whether a record is of those that the executor's processes print.
    pub(super) fn prints(record: &Record<'_>) -> bool {
        let by = |file: &str| record.source.as_ref().is_some_and(|source| source.file == file);
        by("local_executor.py") || by("dagbag.py") || by("task_command.py")
    }

    pub(super) fn record(
        &mut self,
        record: &Record<'_>,
        begun: Begun,
        memory: &mut Memory,
    ) -> Answer {
        if let Some(file) = record.message.strip_prefix("Filling up the DagBag from ") {
            // One that was started before may do it, too.
            let knows_all = begun == Begun::AtItsStart;
            return if knows_all { self.fills(file, memory) } else { Answer::nobody() };
        }
        let found = mention::find(&record.message).unwrap_or_default();
        let [named] = found.as_slice() else { return Answer::nobody() };
        memory.learn(named);
        let Some(facts) = memory.facts(named) else { return Answer::nobody() };
        let file = named.file.unwrap_or_default().trim_start_matches("DAGS_FOLDER").to_owned();
        if record.message.starts_with("Running <TaskInstance: ") {
            self.started.retain(|command| command.facts != facts);
        } else if self.started.len() < RUNNING_MAX && !file.is_empty() {
            self.started.push(Command { facts: facts.clone(), file });
        }
        Answer::known(with_try(facts, memory), AttributedBy::Process)
    }

    /// Somebody reads a DAG's file: one of those that were started to, and all that those have in
    /// common is certain.
    fn fills(&mut self, file: &str, memory: &Memory) -> Answer {
        let candidates = self.started.iter().filter(|command| file.ends_with(&command.file));
        let facts = candidates.map(|command| with_try(command.facts.clone(), memory));
        match facts.reduce(|one, other| common(&one, &other)) {
            Some(facts) if facts.dag_id.is_some() => Answer::known(facts, AttributedBy::Process),
            _ => Answer::nobody(),
        }
    }
}

/// The facts with the try that the scheduler named last for the instance.
fn with_try(facts: TaskFacts, memory: &Memory) -> TaskFacts {
    let try_number = facts.try_number.or_else(|| memory.last_try(&facts));
    TaskFacts { try_number, ..facts }
}
