//! What a try tells of itself: its task, its supervisor.

use model::Timestamp;

use crate::attribute::value_of;
use crate::lifecycle::State;
use crate::line::Form;
use crate::record::{Record, parse_time};
use crate::task::TaskFacts;

/// What was told so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Own {
    /// How it ended.
    pub(super) state: Option<State>,
    /// The operator's class.
    pub(super) operator: Option<String>,
    /// How its process ended, if not as processes of tasks do.
    pub(super) exit_code: Option<String>,
    /// Whether it took longer than it may.
    pub(super) is_timed_out: bool,
    /// Whether it has made room for others and begun anew.
    pub(super) is_rescheduled: bool,
    /// Its own dates, where it told them.
    marked: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// Its first word and, of one that is rescheduled, that of its last attempt.
    first_start: Option<Timestamp>,
    last_start: Option<Timestamp>,
    /// Its last word.
    last_word: Option<Timestamp>,
    /// When its supervisor told the API how it ended, because the task could not.
    supervised_end: Option<Timestamp>,
}

impl Own {
    /// Takes a record of the try, whichever: most tell nothing.
    pub(super) fn take(&mut self, record: &Record<'_>, task: &TaskFacts) {
        let file = record.source.as_ref().map(|at| &*at.file);
        if record.message.starts_with("Process timed out") {
            self.is_timed_out |= file == Some("timeout.py") || record.is_by("task");
        }
        if record.form == Form::Text {
            self.text(file, record, task);
        } else if record.is_by("supervisor") && record.message.ends_with(" finished") {
            self.workload_finished(record);
        } else {
            self.runs(record);
        }
    }

    /// When it began.
    pub(super) fn start(&self) -> Option<Timestamp> {
        let begun = if self.is_rescheduled { self.last_start } else { self.first_start };
        self.marked.and_then(|(start, _)| start).or(begun)
    }

    /// When it ended.
    pub(super) fn end(&self) -> Option<Timestamp> {
        let marked = self.marked.and_then(|(_, end)| end);
        marked.or(self.supervised_end).or(self.last_word)
    }

    /// Whether a signal has ended it, so that it could tell nobody.
    pub(super) fn is_killed(&self) -> bool {
        self.exit_code.as_ref().is_some_and(|code| code.starts_with('-') || code.contains("SIG"))
    }

    /// Airflow 2.
    fn text(&mut self, file: Option<&str>, record: &Record<'_>, task: &TaskFacts) {
        let at = record.time.map(|stamp| stamp.at);
        match file {
            Some("local_task_job_runner.py") => {
                let code = record.message.strip_prefix("Task exited with return code ");
                let code = code.and_then(|rest| rest.split(' ').next());
                let code = code.map(|code| code.trim_end_matches('.'));
                // One that fails as it should ends with 1.
                let code = code.filter(|code| !["0", "1"].contains(code));
                self.exit_code = code.map(str::to_owned).or(self.exit_code.take());
            }
            Some("taskinstance.py") => {
                self.began(at);
                self.is_rescheduled |= record.message.starts_with("Rescheduling task");
                self.marked(&record.message, task);
            }
            _ => {}
        }
    }

    /// `… Marking task as SUCCESS. dag_id=…, start_date=20261122T081434, end_date=…`
    fn marked(&mut self, message: &str, task: &TaskFacts) {
        if let Some(rest) = message.strip_prefix("Executing <Task(") {
            self.operator = rest.split_once("): ").map(|(operator, _)| operator.to_owned());
        }
        let Some((_, rest)) = message.split_once("Marking task as ") else { return };
        let Some((state, rest)) = rest.split_once(". ") else { return };
        let same = |key, part: &Option<String>| value_of(rest, key) == part.as_deref();
        let own = same("dag_id=", &task.dag_id)
            && same("task_id=", &task.task_id)
            && same("run_id=", &task.run_id);
        let Some(state) = State::parse(&state.to_lowercase()).filter(|_| own) else { return };
        self.state = Some(state);
        let time = |key| value_of(rest, key).and_then(compact_time);
        self.marked = Some((time("start_date="), time("end_date=")));
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
        self.state = Some(state);
        let code = record.fields.exit_code.as_deref().filter(|code| *code != "0");
        if let (State::Failed, Some(code)) = (state, code) {
            self.exit_code = Some(code.to_owned());
        }
        if text == "failed" || text == "skipped" {
            self.supervised_end = record.time.map(|stamp| stamp.at);
        }
    }
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
