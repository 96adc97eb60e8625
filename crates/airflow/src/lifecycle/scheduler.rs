//! What the scheduler tells of a try.

use std::borrow::Cow;

use model::Timestamp;

use crate::attribute::value_of;
use crate::lifecycle::{State, time_of};
use crate::line::Form;
use crate::record::Record;
use crate::task::{TaskFacts, parse_number};

const TRY_FINISHED: &str = "TaskInstance Finished: ";

/// What was told so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scheduler {
    /// A state of the database that is an end, with its dates.
    pub(super) finished: Option<(State, Option<Timestamp>, Option<Timestamp>)>,
    /// The dates of the database when the next try was on its way.
    pub(super) followed: Option<Followed>,
    /// That the scheduler has failed it.
    pub(super) given_up: Option<GivenUp>,
    /// When nothing had been heard of it for too long.
    pub(super) zombie: Option<Timestamp>,
    /// When it was queued.
    pub(super) queued: Option<Timestamp>,
    /// The operator's class.
    pub(super) operator: Option<String>,
    /// The executor's class.
    pub(super) executor: Option<String>,
}

/// The dates of a try that seems to be over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Followed {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Whether its executor says that it failed.
    pub(super) is_executor_failed: bool,
}

/// That an executor says that a try is over, which has not told so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GivenUp {
    pub(super) start: Option<Timestamp>,
    pub(super) at: Timestamp,
    /// Whether its executor says that it failed.
    pub(super) is_executor_failed: bool,
}

/// Whom a message is about. Of a try that is not over for the database, the line is nobody's for
/// certain: what it names by its id may be the next try by now. But its dates are of the try whose
/// number it bears.
pub(super) fn numbered<'a>(message: &str, task: &'a TaskFacts) -> Cow<'a, TaskFacts> {
    let state = value_of(message, "state=").unwrap_or_default();
    let is_open = message.starts_with(TRY_FINISHED) && State::parse(state).is_none();
    match value_of(message, "try_number=").and_then(parse_number) {
        Some(number) if is_open && task.try_number.is_none() => {
            Cow::Owned(TaskFacts { try_number: Some(number), ..task.clone() })
        }
        _ => Cow::Borrowed(task),
    }
}

impl Scheduler {
    /// Takes a record of the scheduler that is about the try.
    pub(super) fn take(&mut self, record: &Record<'_>) {
        let message = &*record.message;
        if message.starts_with(TRY_FINISHED) {
            self.finished(record);
        } else if message.starts_with("Detected zombie job")
            || message.starts_with("Detected a task instance without a heartbeat")
        {
            // Whatever it still does, it is over: the scheduler fails it, and tries again or not.
            self.zombie = self.zombie.or(record.time.map(|stamp| stamp.at));
        }
    }

    /// `state` is the database's at that moment: often not the end.
    fn finished(&mut self, record: &Record<'_>) {
        let message = &*record.message;
        let (start, end) = (time_of(message, "run_start_date="), time_of(message, "run_end_date="));
        let is_executor_failed = value_of(message, "executor_state=") == Some("failed");
        match value_of(message, "state=").unwrap_or_default() {
            "queued" | "scheduled" if let Some((start, end)) = start.zip(end) => {
                self.followed = Some(Followed { start, end, is_executor_failed });
            }
            "queued" if is_executor_failed => self.give_up(record, start, is_executor_failed),
            // Airflow 2 waits for what the try itself does.
            "running" if record.form != Form::Text && end.is_none() => {
                self.give_up(record, start, is_executor_failed);
            }
            state => {
                let Some(state) = State::parse(state) else { return };
                self.finished = Some((state, start, end));
            }
        }
        let class = |key| {
            let value = value_of(message, key)?;
            Some(value.split('(').next().unwrap_or(value).to_owned())
        };
        self.queued = time_of(message, "queued_dttm=").or(self.queued);
        self.operator = class("operator=").or(self.operator.take());
        self.executor = class("executor=").or(self.executor.take());
    }

    fn give_up(&mut self, record: &Record<'_>, start: Option<Timestamp>, is_executor_failed: bool) {
        let given_up = record.time.map(|time| GivenUp { start, at: time.at, is_executor_failed });
        self.given_up = given_up.or(self.given_up);
    }
}
