//! A log that many write into: of the scheduler, of a Celery worker, of the triggerer.
//!
//! Rules, from certain to inferred: ids that come with a record, names in the words of Airflow's
//! own loggers, what a process is known to work for, what alone is running. Each is asked only for
//! the lines that it is for, and what two of them would answer differently is answered by none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attribute::attributor::{Answer, Begun, Line, Ticket, Wanted};
use crate::attribute::celery::Celery;
use crate::attribute::local::Local;
use crate::attribute::memory::Memory;
use crate::attribute::multiline::Multiline;
use crate::attribute::running::Running;
use crate::attribute::scheduler::{self, About};
use crate::line::Form;
use crate::pod::{AttributedBy, Attribution};
use crate::record::{Record, is_glued, read};
use crate::task::{TaskFacts, TaskTry};

/// Which part of Airflow writes the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// With what its LocalExecutor starts.
    Scheduler,
    /// A Celery worker.
    Worker,
    Triggerer,
    DagProcessor,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shared {
    pub(super) role: Role,
    pub(super) begun: Begun,
    pub(super) memory: Memory,
    pub(super) celery: Celery,
    pub(super) local: Local,
    pub(super) running: Running,
    /// Of standard output and of standard error.
    lines: [Multiline; 2],
}

impl Role {
    pub(super) fn of(component: &str) -> Option<Self> {
        match component {
            "scheduler" => Some(Self::Scheduler),
            "worker" => Some(Self::Worker),
            "triggerer" => Some(Self::Triggerer),
            "dag-processor" => Some(Self::DagProcessor),
            _ => None,
        }
    }
}

impl Shared {
    pub(super) fn new(role: Role, begun: Begun) -> Self {
        Self {
            role,
            begun,
            memory: Memory::new(),
            celery: Celery::new(),
            local: Local::new(),
            running: Running::new(begun),
            lines: [Multiline::new(), Multiline::new()],
        }
    }

    pub(super) fn take(&mut self, line: &Line<'_>) -> Answer {
        let lane = usize::from(line.is_stderr);
        let Some(record) = read(line.text) else { return self.follow(line, lane) };
        if record.form == Form::Console && is_glued(&record.message) {
            // The writes of two may have met: whose this is cannot be told, nor whose what follows.
            if !record.is_whole {
                self.lines[lane].spoil(line.at);
            }
            return Answer::nobody();
        }
        if !record.is_whole {
            return self.begin(&record, line, lane);
        }
        if self.lines[lane].is_open(line.at) {
            // Inside somebody's message, or another's record in between: nothing tells.
            return Answer::nobody();
        }
        let answer = self.whole(&record);
        let traces = may_trace(self.role, &record);
        let lists = record.form == Form::Text && scheduler::is_list(&record.message);
        self.lines[lane].after_record(&answer, traces, lists);
        answer
    }

    pub(super) fn settled(&self, wanted: &Wanted) -> Option<Option<Arc<Attribution>>> {
        let some = |task: TaskFacts, by| Some(Some(Arc::new(Attribution { task, by })));
        match wanted {
            Wanted::Record { id, is_stderr } => self.lines[usize::from(*is_stderr)].closed(*id),
            Wanted::Message(id) => some(self.celery.facts(id)?.clone(), AttributedBy::Line),
            Wanted::Pair { joined, rest } => {
                some(self.memory.pair(joined, rest.clone())?, AttributedBy::Line)
            }
            Wanted::Pod => Some(None),
        }
    }

    /// The first line of a record that goes on.
    fn begin(&mut self, record: &Record<'_>, line: &Line<'_>, lane: usize) -> Answer {
        let lists = self.role == Role::Scheduler && scheduler::is_list(&record.message);
        if lists {
            self.lines[lane].after_record(&Answer::nobody(), false, true);
            return Answer::nobody();
        }
        if self.lines[lane].is_open(line.at) {
            self.lines[lane].open_inside(line.at);
            return Answer::nobody();
        }
        let id = self.lines[lane].open(line.at);
        Answer::Later(Ticket(Wanted::Record { id, is_stderr: line.is_stderr }))
    }

    /// A line without a head.
    fn follow(&mut self, line: &Line<'_>, lane: usize) -> Answer {
        if self.lines[lane].lists() && line.text.starts_with("\t<TaskInstance: ") {
            return self.listed(line.text);
        }
        if let Some(id) = self.lines[lane].open_id(line.at) {
            if is_glued(line.text) {
                self.lines[lane].spoil(line.at);
                return Answer::nobody();
            }
            let Some(tail) = crate::record::tail(line.text) else {
                return Answer::Later(Ticket(Wanted::Record { id, is_stderr: line.is_stderr }));
            };
            let facts = tail.fields.ti_id.as_deref().zip(tail.fields.task());
            let answer = match facts {
                Some((ti_id, facts)) => self.by_ids(ti_id, facts),
                None => Answer::nobody(),
            };
            self.lines[lane].close(id, &answer);
            return answer;
        }
        self.lines[lane].follow(line.text)
    }

    /// One of the scheduler's list of instances.
    fn listed(&mut self, line: &str) -> Answer {
        let about = scheduler::named_in(line, &mut self.memory);
        self.about(about)
    }

    pub(super) fn about(&self, about: Option<About>) -> Answer {
        match about {
            None => Answer::nobody(),
            Some(About::Known(facts)) => Answer::known(facts, AttributedBy::Line),
            Some(About::Joined { joined, rest }) => {
                Answer::Later(Ticket(Wanted::Pair { joined, rest }))
            }
        }
    }

    fn whole(&mut self, record: &Record<'_>) -> Answer {
        if let Some(ti_id) = &record.fields.ti_id {
            // Records that bind a try's name and not its ids are about it, in whatever sense.
            let Some(facts) = record.fields.task() else { return Answer::nobody() };
            return self.by_ids(ti_id, facts);
        }
        match self.role {
            Role::Triggerer => trigger(&record.message),
            Role::DagProcessor => self.about(scheduler::dag_of(&record.message)),
            Role::Worker => self.by_worker(record),
            Role::Scheduler => self.by_scheduler(record),
        }
    }

    /// The ids that a record carries: of a try that is known, and as it is known.
    fn by_ids(&mut self, ti_id: &str, facts: TaskFacts) -> Answer {
        let known = self.memory.known_try(ti_id).is_some();
        if !known && self.begun == Begun::AtItsStart {
            return Answer::nobody();
        }
        self.memory.learn_try(ti_id, &facts, None);
        match self.memory.known_try(ti_id) {
            Some(Some(agreed)) if *agreed == facts => Answer::known(facts, AttributedBy::Line),
            _ => Answer::nobody(),
        }
    }

    /// A supervisor of Airflow 3 and what it reads from its task: lines without ids.
    pub(super) fn by_supervisor(&mut self, record: &Record<'_>) -> Answer {
        let by = AttributedBy::Process;
        if let Some(ti_id) = record.fields.workload_id.as_deref().filter(|_| {
            record.message.starts_with("Workload finished") && record.is_by("supervisor")
        }) {
            self.running.end(ti_id);
            let known = self.memory.known_try(ti_id).flatten().cloned();
            return known.map_or_else(Answer::nobody, |facts| Answer::known(facts, by));
        }
        let ti_id = if record.is_by("supervisor")
            && record.message.starts_with("Secrets backends loaded")
        {
            self.running.loads()
        } else if record.is_by("airflow.sdk.api.client")
            && record.message.starts_with("Using Public CAs")
        {
            self.running.about_to_load()
        } else {
            self.running.only()
        };
        let known = ti_id.and_then(|ti_id| self.memory.known_try(&ti_id).flatten().cloned());
        known.map_or_else(Answer::nobody, |facts| Answer::known(facts, by))
    }
}

/// Whether a record is of those that Airflow 3's supervisors print for their task.
pub(super) fn is_supervisors(record: &Record<'_>) -> bool {
    const LOGGERS: [&str; 5] =
        ["supervisor", "task", "task.stdout", "task.stderr", "airflow.sdk.api.client"];
    matches!(record.form, Form::Console | Form::Json)
        && (LOGGERS.iter().any(|logger| record.is_by(logger)) || warns_of_itself(record))
}

/// Whether Python warns of a supervisor's own code: the scheduler and the worker, which write into
/// the same log, are warned of theirs by the same logger.
fn warns_of_itself(record: &Record<'_>) -> bool {
    let file = record.source.as_ref().map_or("", |source| &*source.file);
    record.is_by("py.warnings") && file.contains("/airflow/sdk/execution_time/")
}

/// Whether what follows a record can be its traceback and nobody else's.
fn may_trace(role: Role, record: &Record<'_>) -> bool {
    match record.form {
        Form::Console => true,
        Form::Celery => record.message.contains(" raised unexpected: "),
        Form::Text => role == Role::Triggerer && record.message.contains(" exited with error "),
        _ => false,
    }
}

/// `trigger DAG/RUN/TASK/MAP/TRY (ID n) starting`
fn trigger(message: &str) -> Answer {
    let named = || {
        let rest = message.strip_prefix("trigger ").or_else(|| message.strip_prefix("Trigger "))?;
        let (name, rest) = rest.split_once(" (ID ")?;
        let (id, _) = rest.split_once(')')?;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        TaskTry::parse(name).filter(|_| is_id)
    };
    let task = named();
    task.map_or_else(Answer::nobody, |task| Answer::known(task.into(), AttributedBy::Line))
}
