//! What ran, when, how it ended: one record for each try and each run, corrected as lines come.
//!
//! The scheduler's "Finished" lines have the database's times; what a try says of its own end has
//! the state first. Neither is taken from a line that somebody's code may have printed: only from
//! records of Airflow's own places, about the try that the line is attributed to.
//!
//! What is concluded does not depend on the order in which lines come: they come from several
//! nodes.

mod evidence;
mod own;
mod scheduler;
mod try_record;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use model::Timestamp;

use crate::attribute::value_of;
use crate::lifecycle::evidence::Evidence;
use crate::limits::REMEMBERED_MAX;
use crate::pod::{AttributedBy, PodEnd};
use crate::record::{Record, parse_time, read};
use crate::task::{TaskFacts, TaskTry};

pub use try_record::{Cause, TryRecord};

const RUN_FINISHED: &str = "DagRun Finished: ";

/// What at least one of stands in each line that tells something.
pub const TELLING_WORDS: [&str; 13] = [
    " Finished: ",
    PodEnd::EVENT,
    "{local_task_job_runner.py",
    "Process timed out",
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
    tries: BTreeMap<TaskTry, Try>,
    runs: BTreeMap<(String, String), RunRecord>,
}

/// What was told of a try, and what that makes of it.
#[derive(Debug, Clone, Default)]
struct Try {
    evidence: Evidence,
    record: TryRecord,
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
    /// Kubernetes, of the try's pod.
    Pod,
}

impl Lifecycle {
    /// Takes a line that is attributed to a try or a run; returns whom it told something new about.
    pub fn take(&mut self, teller: Teller, line: &str, task: &TaskFacts) -> Option<Subject> {
        match teller {
            Teller::Pod => {
                let end = PodEnd::parse(line)?;
                self.tell(task, |evidence| evidence.pod_ended(end))
            }
            Teller::Task => {
                let record = read(line)?;
                self.tell(task, |evidence| evidence.own.take(&record, task))
            }
            Teller::Scheduler => self.scheduler(&read(line)?, task),
        }
    }

    fn scheduler(&mut self, record: &Record<'_>, task: &TaskFacts) -> Option<Subject> {
        if record.message.starts_with(RUN_FINISHED) {
            return self.run(&record.message, task);
        }
        let task = scheduler::numbered(&record.message, task);
        self.tell(&task, |evidence| evidence.scheduler.take(record))
    }

    /// Tells something of a try; returns it if it is news.
    fn tell(&mut self, task: &TaskFacts, tell: impl FnOnce(&mut Evidence)) -> Option<Subject> {
        let of_try = task.task_try()?;
        if self.tries.len() >= REMEMBERED_MAX && !self.tries.contains_key(&of_try) {
            return None;
        }
        let known = self.tries.entry(of_try.clone()).or_default();
        tell(&mut known.evidence);
        if known.evidence == Evidence::default() {
            // Most lines tell nothing, and of most tries more than one line is asked.
            self.tries.remove(&of_try);
            return None;
        }
        let concluded = known.evidence.conclude();
        let is_news = concluded != known.record;
        known.record = concluded;
        is_news.then_some(Subject::Try(of_try))
    }

    /// What is known of a subject.
    #[must_use]
    pub fn facts(&self, subject: &Subject) -> Option<Facts> {
        match subject {
            Subject::Try(task) => {
                self.tries.get(task).map(|known| Facts::Try(known.record.clone()))
            }
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
                let evidence = Evidence { kept: of_try.clone(), ..Evidence::default() };
                self.tries.insert(task, Try { evidence, record: of_try });
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
        self.tries.iter().map(|(task, known)| (task, &known.record))
    }

    /// The runs, by DAG and run.
    pub fn runs(&self) -> impl Iterator<Item = (&(String, String), &RunRecord)> {
        self.runs.iter()
    }

    fn run(&mut self, message: &str, task: &TaskFacts) -> Option<Subject> {
        let (dag_id, run_id) = (task.dag_id.clone()?, task.run_id.clone()?);
        let key = (dag_id.clone(), run_id.clone());
        if self.runs.len() >= REMEMBERED_MAX && !self.runs.contains_key(&key) {
            return None;
        }
        let run = RunRecord {
            state: value_of(message, "state=").and_then(State::parse),
            start: time_of(message, "run_start_date="),
            end: time_of(message, "run_end_date="),
        };
        let before = self.runs.insert(key, run.clone());
        (before.as_ref() != Some(&run)).then_some(Subject::Run { dag_id, run_id })
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
    /// Who tells by a line of this source and component that is attributed so; `None` where nobody
    /// is to be believed: a trigger, say, or another component that repeats what it has heard.
    #[must_use]
    pub fn of(source: Option<&str>, component: Option<&str>, by: AttributedBy) -> Option<Self> {
        if source == Some(PodEnd::SOURCE) {
            return Some(Self::Pod);
        }
        match (component, by) {
            (Some("scheduler"), AttributedBy::Line) => Some(Self::Scheduler),
            // The pod of an operator runs what it likes, perhaps an Airflow of its own.
            (None, AttributedBy::PodLabels) => None,
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

#[cfg(test)]
mod tests;
