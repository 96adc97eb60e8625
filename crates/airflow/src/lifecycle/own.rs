//! What a try tells of itself: its task, its supervisor.

use std::borrow::Cow;

use model::Timestamp;

use crate::attribute::value_of;
use crate::lifecycle::State;
use crate::line::Form;
use crate::record::{Record, parse_time};
use crate::task::{MapIndex, TaskFacts};

/// What was told so far. Of what is told more than once, the last by the records' own times counts:
/// a task may print the log of another try, which is older than its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Own {
    /// How it ended.
    ended: Latest<Ended>,
    /// The operator's class.
    operator: Latest<String>,
    /// How its process ended, if not as processes of tasks do.
    exit_code: Latest<Option<String>>,
    /// Whether it took longer than it may.
    pub(super) is_timed_out: bool,
    /// Whether it has made room for others and begun anew.
    pub(super) is_rescheduled: bool,
    /// Its first word and, of one that is rescheduled, that of its last attempt.
    first_start: Option<Timestamp>,
    last_start: Option<Timestamp>,
    /// Its last word.
    last_word: Option<Timestamp>,
}

/// How it ended, and its own dates, where it told them.
#[derive(Debug, Clone, PartialEq)]
struct Ended {
    state: State,
    start: Option<Timestamp>,
    /// Of Airflow 3: when its supervisor told the API how it ended, because the task could not.
    end: Option<Timestamp>,
}

/// What was told last, and when.
#[derive(Debug, Clone, PartialEq)]
struct Latest<T>(Option<(Timestamp, T)>);

impl Own {
    /// Takes a record of the try, whichever: most tell nothing.
    pub(super) fn take(&mut self, record: &Record<'_>, task: &TaskFacts) {
        let file = record.source.as_ref().map(|at| &*at.file);
        if record.message.starts_with("Process timed out") {
            self.is_timed_out |= file == Some("timeout.py") || record.is_by("task");
        }
        if record.form == Form::Text {
            self.text(file, record, task);
        } else if is_supervisors_end(record) {
            self.workload_finished(record);
        } else {
            self.runs(record);
        }
    }

    /// When it began.
    pub(super) fn start(&self) -> Option<Timestamp> {
        let begun = if self.is_rescheduled { self.last_start } else { self.first_start };
        self.ended.get().and_then(|ended| ended.start).or(begun)
    }

    /// When it ended.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.ended.get().and_then(|ended| ended.end).or(self.last_word)
    }

    /// How it ended.
    pub(super) fn state(&self) -> Option<State> {
        self.ended.get().map(|ended| ended.state)
    }

    /// The operator's class.
    pub(super) fn operator(&self) -> Option<&String> {
        self.operator.get()
    }

    /// How its process ended, if not as processes of tasks do.
    pub(super) fn exit_code(&self) -> Option<&String> {
        self.exit_code.get()?.as_ref()
    }

    /// Whether a signal has ended it, so that it could tell nobody.
    pub(super) fn is_killed(&self) -> bool {
        self.exit_code().is_some_and(|code| code.starts_with('-') || code.contains("SIG"))
    }

    /// Airflow 2.
    fn text(&mut self, file: Option<&str>, record: &Record<'_>, task: &TaskFacts) {
        let at = record.time.map(|stamp| stamp.at);
        match file {
            Some("local_task_job_runner.py") => {
                if let Some(rest) = record.message.strip_prefix("Task exited with return code ") {
                    let code = rest.split(' ').next().unwrap_or_default().trim_end_matches('.');
                    // One that fails as it should ends with 1.
                    let code = Some(code).filter(|code| !["0", "1"].contains(code));
                    self.exit_code.tell(at, code.map(str::to_owned));
                }
            }
            Some("taskinstance.py") => {
                self.began(at);
                self.is_rescheduled |= record.message.starts_with("Rescheduling task");
                self.marked(&record.message, at, task);
            }
            _ => {}
        }
    }

    /// `… Marking task as SUCCESS. dag_id=…, start_date=20261122T081434, end_date=…`
    fn marked(&mut self, message: &str, at: Option<Timestamp>, task: &TaskFacts) {
        if let Some((operator, _)) =
            message.strip_prefix("Executing <Task(").and_then(|rest| rest.split_once("): "))
        {
            self.operator.tell(at, operator.to_owned());
        }
        let Some((_, rest)) = message.split_once("Marking task as ") else { return };
        let Some((state, rest)) = rest.split_once(". ") else { return };
        let same = |key, part: &Option<String>| value_of(rest, key) == part.as_deref();
        // An instance of a mapped task says which; others say nothing.
        let index = value_of(rest, "map_index=").map_or(Some(MapIndex::Unmapped), MapIndex::parse);
        let own = same("dag_id=", &task.dag_id)
            && same("task_id=", &task.task_id)
            && same("run_id=", &task.run_id)
            && (index == task.map_index || task.map_index.is_none());
        let Some(state) = State::parse(&state.to_lowercase()).filter(|_| own) else { return };
        let time = |key| value_of(rest, key).and_then(compact_time);
        let (start, end) = (time("start_date="), time("end_date="));
        self.ended.tell(at, Ended { state, start, end });
    }

    /// Airflow 3: from the first word of the task's own process to its last one. The supervisor
    /// begins before it, and waits for seconds after it.
    fn runs(&mut self, record: &Record<'_>) {
        let Some(at) = record.time.map(|stamp| stamp.at) else { return };
        let begins = ["::group::Pre Execute", "DAG bundles loaded: "];
        if begins.iter().any(|message| record.message.starts_with(message)) {
            self.began(Some(at));
        }
        if record.logger.as_deref() == Some("task") {
            self.is_rescheduled |= record.message.starts_with("Rescheduling task");
            self.last_word = self.last_word.max(Some(at));
        }
    }

    fn began(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        self.first_start = Some(self.first_start.map_or(at, |start| start.min(at)));
        self.last_start = self.last_start.max(Some(at));
    }

    /// Airflow 3: the supervisor's last word. A success, and that it is to be tried again, the task
    /// has told the API itself; that it failed or is skipped, its supervisor tells.
    fn workload_finished(&mut self, record: &Record<'_>) {
        let Some(text) = record.fields.final_state.as_deref() else { return };
        self.is_rescheduled |= text == "up_for_reschedule";
        let Some(state) = State::parse(text) else { return };
        let at = record.time.map(|stamp| stamp.at);
        let code = record.fields.exit_code.clone().map(Cow::into_owned);
        let code = code.filter(|code| state == State::Failed && code != "0");
        self.exit_code.tell(at, code);
        let end = at.filter(|_| text == "failed" || text == "skipped");
        self.ended.tell(at, Ended { state, start: None, end });
    }
}

impl<T> Latest<T> {
    fn tell(&mut self, at: Option<Timestamp>, news: T) {
        let at = at.unwrap_or(Timestamp(i64::MIN));
        if self.0.as_ref().is_none_or(|(known, _)| *known <= at) {
            self.0 = Some((at, news));
        }
    }

    fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, told)| told)
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// Whether a record of Airflow 3 is its supervisor's last word, which bears no ids of a task: those
/// are on what the task itself logs.
fn is_supervisors_end(record: &Record<'_>) -> bool {
    record.logger.as_deref() == Some("supervisor")
        && record.message.ends_with(" finished")
        && record.fields.ti_id.is_none()
        && record.fields.task().is_none()
}

/// `20261122T081434`, UTC.
fn compact_time(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_once('T')?;
    let is_compact = text.is_ascii() && date.len() == 8 && clock.len() == 6;
    let [year, month, day] = [0..4, 4..6, 6..8].map(|part| date.get(part).unwrap_or_default());
    let [hour, minute, second] = [0..2, 2..4, 4..6].map(|part| clock.get(part).unwrap_or_default());
    let whole = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    parse_time(&whole).map(|stamp| stamp.at).filter(|_| is_compact)
}
