//! What ran, when, how it ended: one record for each try and each run, corrected as lines come.
//!
//! The scheduler's "Finished" lines have the database's times; what a try says of its own end has
//! the state first. Neither is taken from a line that somebody's code may have printed: only from
//! records of Airflow's own places, about the try that the line is attributed to.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use model::Timestamp;

use crate::attribute::value_of;
use crate::limits::REMEMBERED_MAX;
use crate::line::Form;
use crate::pod::AttributedBy;
use crate::record::{Record, parse_time, read};
use crate::task::{TaskFacts, TaskTry};

const RUN_FINISHED: &str = "DagRun Finished: ";
const TRY_FINISHED: &str = "TaskInstance Finished: ";

/// What at least one of stands in each line that tells something.
pub const TELLING_WORDS: [&str; 10] = [
    " Finished: ",
    "zombie",
    "heartbeat",
    "taskinstance.py",
    "supervisor",
    "::group::Pre Execute",
    "DAG bundles loaded",
    // The logger of a task's own process, whose last word is its end.
    r#""logger":"task""#,
    r#""logger": "task""#,
    "[task]",
];

/// Tries and runs, as far as the lines have told.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    tries: BTreeMap<TaskTry, TryRecord>,
    runs: BTreeMap<(String, String), RunRecord>,
}

/// What may be told about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One try of a task.
    Try(TaskTry),
    /// One run of a DAG.
    Run {
        /// The DAG.
        dag_id: String,
        /// The run.
        run_id: String,
    },
}

/// What is known of a subject.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// Of a try.
    Try(TryRecord),
    /// Of a run.
    Run(RunRecord),
}

/// How a try or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should.
    Success,
    /// It did not; a try that will be followed by another failed too.
    Failed,
    /// It was left out.
    Skipped,
}

/// One try.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TryRecord {
    /// How it ended; `None` while it has not, or nothing has told.
    pub state: Option<State>,
    /// When it began.
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
    /// The scheduler no longer heard of it.
    Zombie,
    /// Its process ended so: a number, or Python's picture of a signal.
    ExitCode(String),
}

/// One run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRecord {
    /// How it ended.
    pub state: Option<State>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
}

/// Whose output a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The scheduler.
    Scheduler,
    /// The try itself, its supervisor included: its pod, its file, its worker.
    Task,
}

impl Lifecycle {
    /// Takes a line that is attributed to a try or a run; returns whom it told something new about.
    pub fn take(&mut self, teller: Teller, line: &str, task: &TaskFacts) -> Option<Subject> {
        let record = read(line)?;
        let subject = Subject::of(teller, &record.message, task)?;
        let before = self.facts(&subject);
        match teller {
            Teller::Scheduler => self.scheduler(&record, task),
            Teller::Task => self.task(&record, task),
        }
        let after = self.facts(&subject);
        if after == Some(Facts::Try(TryRecord::default())) {
            // Most lines tell nothing, and of most tries more than one line is asked.
            self.forget(&subject);
            return None;
        }
        (after != before).then_some(subject)
    }

    /// What is known of a subject.
    #[must_use]
    pub fn facts(&self, subject: &Subject) -> Option<Facts> {
        match subject {
            Subject::Try(task) => self.tries.get(task).cloned().map(Facts::Try),
            Subject::Run { dag_id, run_id } => {
                let key = (dag_id.clone(), run_id.clone());
                self.runs.get(&key).cloned().map(Facts::Run)
            }
        }
    }

    /// Begins with what is known of a subject already.
    pub fn remember(&mut self, subject: Subject, facts: Facts) {
        match (subject, facts) {
            (Subject::Try(task), Facts::Try(of_try)) => {
                self.tries.insert(task, of_try);
            }
            (Subject::Run { dag_id, run_id }, Facts::Run(run)) => {
                self.runs.insert((dag_id, run_id), run);
            }
            // Nobody knows such a thing of it.
            (Subject::Try(_), Facts::Run(_)) | (Subject::Run { .. }, Facts::Try(_)) => {}
        }
    }

    /// Nothing is known of a subject any more.
    pub fn forget(&mut self, subject: &Subject) {
        match subject {
            Subject::Try(task) => {
                self.tries.remove(task);
            }
            Subject::Run { dag_id, run_id } => {
                self.runs.remove(&(dag_id.clone(), run_id.clone()));
            }
        }
    }

    /// The tries, in order.
    pub fn tries(&self) -> impl Iterator<Item = (&TaskTry, &TryRecord)> {
        self.tries.iter()
    }

    /// The runs, by DAG and run.
    pub fn runs(&self) -> impl Iterator<Item = (&(String, String), &RunRecord)> {
        self.runs.iter()
    }

    /// The record of a try; `None` when there are too many already.
    fn of_try(&mut self, task: &TaskFacts) -> Option<&mut TryRecord> {
        let task = task.task_try()?;
        let room = self.tries.len() < REMEMBERED_MAX || self.tries.contains_key(&task);
        room.then(|| self.tries.entry(task).or_default())
    }

    fn scheduler(&mut self, record: &Record<'_>, task: &TaskFacts) {
        let message = &*record.message;
        if message.starts_with(RUN_FINISHED) {
            self.run(message, task);
        } else if message.starts_with(TRY_FINISHED) {
            self.finished(message, task);
        } else if (message.starts_with("Detected zombie job")
            || message.starts_with("Detected a task instance without a heartbeat"))
            && let Some(of_try) = self.of_try(task)
        {
            // Whatever it still does, it is over: the scheduler fails it, and tries again or not.
            of_try.cause = Some(Cause::Zombie);
            of_try.state = of_try.state.or(Some(State::Failed));
            of_try.end = of_try.end.or(record.time.map(|stamp| stamp.at));
        }
    }

    fn run(&mut self, message: &str, task: &TaskFacts) {
        let (Some(dag_id), Some(run_id)) = (&task.dag_id, &task.run_id) else { return };
        let key = (dag_id.clone(), run_id.clone());
        if self.runs.len() >= REMEMBERED_MAX && !self.runs.contains_key(&key) {
            return;
        }
        let run = RunRecord {
            state: value_of(message, "state=").and_then(State::parse),
            start: time_of(message, "run_start_date="),
            end: time_of(message, "run_end_date="),
        };
        self.runs.insert(key, run);
    }

    /// `state` is the database's at that moment: often not the end, and then it is not taken.
    fn finished(&mut self, message: &str, task: &TaskFacts) {
        let Some(state) = value_of(message, "state=").and_then(State::parse) else { return };
        let Some(of_try) = self.of_try(task) else { return };
        let class = |key| {
            let value = value_of(message, key)?;
            Some(value.split('(').next().unwrap_or(value).to_owned())
        };
        let (start, end) = (time_of(message, "run_start_date="), time_of(message, "run_end_date="));
        *of_try = TryRecord {
            state: Some(state),
            start: start.or(of_try.start),
            end: end.or(of_try.end),
            queued: time_of(message, "queued_dttm=").or(of_try.queued),
            operator: class("operator=").or(of_try.operator.take()),
            executor: class("executor=").or(of_try.executor.take()),
            cause: of_try.cause.take(),
            is_exact: start.is_some() && end.is_some(),
        };
    }

    fn task(&mut self, record: &Record<'_>, task: &TaskFacts) {
        let Some(of_try) = self.of_try(task) else { return };
        if record.form == Form::Text {
            let is_own = record.source.as_ref().is_some_and(|at| at.file == "taskinstance.py");
            if is_own {
                of_try.start = of_try.start.or(record.time.map(|stamp| stamp.at));
                of_try.marked(&record.message, task);
            }
        } else if record.is_by("supervisor") && record.message.ends_with(" finished") {
            of_try.workload_finished(record);
        } else {
            of_try.runs(record);
        }
    }
}

impl Subject {
    /// Whom a line may tell something about.
    fn of(teller: Teller, message: &str, task: &TaskFacts) -> Option<Self> {
        if teller == Teller::Scheduler && message.starts_with(RUN_FINISHED) {
            let (dag_id, run_id) = (task.dag_id.clone()?, task.run_id.clone()?);
            return Some(Self::Run { dag_id, run_id });
        }
        task.task_try().map(Self::Try)
    }
}

impl Facts {
    /// How it ended, and when, if it has.
    #[must_use]
    pub fn end(&self) -> Option<(State, Timestamp)> {
        match self {
            Self::Try(of_try) => of_try.state.zip(of_try.end),
            Self::Run(run) => run.state.zip(run.end),
        }
    }

    /// When it began, if that is known.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        match self {
            Self::Try(of_try) => of_try.start,
            Self::Run(run) => run.start,
        }
    }

    /// Whether the times are the database's own, so that no line will correct them.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Try(of_try) => of_try.is_exact,
            Self::Run(_) => true,
        }
    }
}

impl Teller {
    /// Who tells by a line of this component that is attributed so; `None` where nobody is to be
    /// believed: a trigger, say, or another component that repeats what it has heard.
    #[must_use]
    pub fn of(component: Option<&str>, by: AttributedBy) -> Option<Self> {
        match (component, by) {
            (Some("scheduler"), AttributedBy::Line) => Some(Self::Scheduler),
            (Some("scheduler"), AttributedBy::Process) | (Some("worker") | None, _) => {
                Some(Self::Task)
            }
            _ => None,
        }
    }
}

/// Whether a line may tell anything of a beginning or an end: asked before it is read, of every
/// line that comes in.
#[must_use]
pub fn may_tell(line: &str) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(TELLING_WORDS).ok());
    WORDS.as_ref().is_none_or(|words| words.is_match(line))
}

impl TryRecord {
    /// Airflow 2: `… Marking task as SUCCESS. dag_id=…, start_date=20261122T081434, end_date=…`
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
        if !self.is_exact {
            let time = |key| value_of(rest, key).and_then(compact_time);
            self.start = time("start_date=").or(self.start);
            self.end = time("end_date=").or(self.end);
        }
    }

    /// Airflow 3: from the first word of the task's own process to its last one. The supervisor
    /// begins before it, and waits for seconds after it.
    fn runs(&mut self, record: &Record<'_>) {
        let Some(at) = record.time.map(|stamp| stamp.at).filter(|_| !self.is_exact) else { return };
        let begins = ["::group::Pre Execute", "DAG bundles loaded: "];
        if begins.iter().any(|message| record.message.starts_with(message)) {
            self.start = Some(self.start.map_or(at, |start| start.min(at)));
        }
        if record.logger.as_deref() == Some("task") {
            self.end = Some(self.end.map_or(at, |end| end.max(at)));
        }
    }

    /// Airflow 3: the supervisor's last word.
    fn workload_finished(&mut self, record: &Record<'_>) {
        let state = record.fields.final_state.as_deref().and_then(State::parse);
        let Some(state) = state else { return };
        self.state = Some(state);
        let code = record.fields.exit_code.as_deref().filter(|code| *code != "0");
        if let (State::Failed, Some(code)) = (state, code) {
            self.cause = Some(Cause::ExitCode(code.to_owned()));
        }
    }
}

impl State {
    /// Reads a state that is an end; `None` for those that are not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "success" => Some(Self::Success),
            "failed" | "up_for_retry" => Some(Self::Failed),
            "skipped" => Some(Self::Skipped),
            _ => None,
        }
    }

    /// The state as Airflow's database has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

fn time_of(message: &str, key: &str) -> Option<Timestamp> {
    value_of(message, key).and_then(parse_time).map(|stamp| stamp.at)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The try's state, start, seconds and exactness after these lines.
    #[track_caller]
    fn check(lines: &[(Teller, &str)], expect: &str) {
        let task = TaskTry::parse("d/r/t/-1/1").unwrap();
        let mut lifecycle = Lifecycle::default();
        for (teller, line) in lines {
            let told = lifecycle.take(*teller, line, &task.clone().into());
            assert!(told.is_none() || may_tell(line), "{line}");
        }
        let of_try = lifecycle.tries().next().map_or_else(TryRecord::default, |(_, it)| it.clone());
        let seconds = |time: Option<Timestamp>| time.map(|time| time.as_millis() / 1000);
        let shown = format!(
            "{} {:?} {:?} {}",
            of_try.state.map_or("-", State::as_str),
            seconds(of_try.start).zip(seconds(of_try.end)).map(|(start, end)| end - start),
            of_try.cause,
            of_try.is_exact,
        );
        assert_eq!(shown, expect);
    }

    const MARK: &str = "[2026-11-22T08:14:35.291+0000] {taskinstance.py:353} INFO - Marking task as \
        UP_FOR_RETRY. dag_id=d, task_id=t, run_id=r, execution_date=20261122T030000, \
        start_date=20261122T081434, end_date=20261122T081439";
    const FINISHED: &str = "[2026-11-22T08:21:18.304+0000] {scheduler_job_runner.py:813} INFO - \
        TaskInstance Finished: dag_id=d, task_id=t, run_id=r, map_index=-1, \
        run_start_date=2026-11-22 08:21:06.213438+00:00, \
        run_end_date=2026-11-22 08:21:07.742945+00:00, state=failed, operator=PythonOperator";

    #[test]
    fn ends_are_told_by_the_task_and_corrected_by_the_scheduler() {
        check(&[(Teller::Task, MARK)], "failed Some(5) None false");
        check(&[(Teller::Task, MARK), (Teller::Scheduler, FINISHED)], "failed Some(1) None true");
        check(&[(Teller::Scheduler, FINISHED), (Teller::Task, MARK)], "failed Some(1) None true");
        let running = FINISHED.replace("state=failed", "state=running");
        check(&[(Teller::Task, MARK), (Teller::Scheduler, &running)], "failed Some(5) None false");
    }

    #[test]
    fn what_a_task_prints_ends_nothing() {
        let printed = MARK.replace("taskinstance.py", "logging_mixin.py");
        check(&[(Teller::Task, &printed)], "- None None false");
        check(&[(Teller::Task, &MARK.replace("dag_id=d", "dag_id=e"))], "- None None false");
        check(&[(Teller::Task, FINISHED)], "- None None false");
    }

    #[test]
    fn supervisors_tell_the_exit_code() {
        let line = concat!(
            r#"{"timestamp":"2026-11-22T08:10:44Z","level":"info","event":"Workload finished","#,
            r#""exit_code":-9,"final_state":"failed","logger":"supervisor"}"#,
        );
        check(&[(Teller::Task, line)], r#"failed None Some(ExitCode("-9")) false"#);
        let forged = line.replace("\"supervisor\"", "\"acme\"");
        check(&[(Teller::Task, &forged)], "- None None false");
    }
}
