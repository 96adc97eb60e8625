//! What is known of one try of a task.

use model::Timestamp;

use crate::lifecycle::State;

/// One try.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TryRecord {
    /// How it ended; `None` while it has not, or nothing has told.
    pub state: Option<State>,
    /// When it began; of one that was rescheduled, when it began last, as in Airflow's database.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// When it was queued.
    pub queued: Option<Timestamp>,
    /// The operator's class.
    pub operator: Option<String>,
    /// The executor's class.
    pub executor: Option<String>,
    /// Why it failed, where a line told more than that.
    pub cause: Option<Cause>,
    /// Whether the times are the database's own.
    pub is_exact: bool,
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Its pod ended so, by Kubernetes' word: `OOMKilled`, `Evicted`.
    Pod(String),
    /// It took longer than its `execution_timeout`.
    TimedOut,
    /// Its process ended so: a number, or Python's picture of a signal.
    ExitCode(String),
    /// The scheduler no longer heard of it.
    Zombie,
    /// Its executor said that it is over, and it had not said so itself.
    Executor,
}
