//! A Celery worker: messages that are received, processes that work on them one at a time.

use serde::{Deserialize, Serialize};

use crate::attribute::attributor::{Answer, Begun, Ticket, Wanted};
use crate::attribute::memory::Recent;
use crate::attribute::mention::{self, Named};
use crate::attribute::shared::{Shared, is_supervisors};
use crate::line::Form;
use crate::pod::AttributedBy;
use crate::record::Record;
use crate::task::TaskFacts;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Celery {
    /// Messages that were received, with what they ask for once a process has said so.
    messages: Recent<String, Option<TaskFacts>>,
    /// Processes and the message that each works on.
    processes: Recent<String, Option<String>>,
}

/// What a line of a worker says of a message.
enum Says<'a> {
    Received(&'a str),
    Executing(&'a str, &'a str),
    Done(&'a str),
}

impl Celery {
    pub(super) fn new() -> Self {
        Self { messages: Recent::new(), processes: Recent::new() }
    }

    /// What a message asks for, once it is known.
    pub(super) fn facts(&self, message: &str) -> Option<&TaskFacts> {
        self.messages.get(message)?.as_ref()
    }
}

impl Shared {
    /// A line of a worker that carries no ids.
    pub(super) fn by_worker(&mut self, record: &Record<'_>) -> Answer {
        let is_worker = record.form == Form::Celery
            || record.is_by("celery")
            || record.is_by("airflow.providers.celery");
        if is_worker && is_ready(record) {
            // Its processes are new, though they may have the names of those before.
            self.celery.processes = Recent::new();
        }
        match says(&record.message).filter(|_| is_worker) {
            Some(Says::Received(id)) if is_main(record) => {
                self.celery.messages.put(id.to_owned(), None);
                Answer::Later(Ticket(Wanted::Message(id.to_owned())))
            }
            Some(Says::Executing(id, what)) => self.executing(record, id, what),
            Some(Says::Done(id)) => {
                let facts = self.celery.facts(id).cloned();
                if let Some(process) = of_one_task(record) {
                    self.celery.processes.put(process.to_owned(), None);
                }
                facts.map_or_else(Answer::nobody, |facts| Answer::known(facts, AttributedBy::Line))
            }
            _ if is_supervisors(record) => self.by_supervisor(record),
            _ => self.by_process(record),
        }
    }

    /// A process says what it was asked for. It is believed when the message was received and
    /// nobody has said what it asks for, and when the process has nothing else to do.
    fn executing(&mut self, record: &Record<'_>, id: &str, what: &str) -> Answer {
        let found = mention::find(what).unwrap_or_default();
        let [named] = found.as_slice() else {
            // Something runs, and nobody knows what.
            self.running.lose_count();
            return Answer::nobody();
        };
        let received = match self.celery.messages.get(id) {
            Some(facts) => facts.is_none(),
            None => self.begun == Begun::Somewhere,
        };
        let busy = of_one_task(record).and_then(|process| self.celery.processes.get(process));
        if !received || busy.is_some_and(Option::is_some) {
            return Answer::nobody();
        }
        self.start(record, id, named)
    }

    fn start(&mut self, record: &Record<'_>, id: &str, named: &Named<'_>) -> Answer {
        self.memory.learn(named);
        let Some(facts) = self.memory.facts(named) else { return Answer::nobody() };
        self.celery.messages.put(id.to_owned(), Some(facts.clone()));
        if let Some(process) = of_one_task(record) {
            self.celery.processes.put(process.to_owned(), Some(id.to_owned()));
        }
        if let Some(ti_id) = named.ti_id {
            self.running.begin(ti_id);
        }
        Answer::known(facts, AttributedBy::Line)
    }

    /// Whatever a process says while it works on a message. If it names an instance, it must be
    /// the one.
    fn by_process(&mut self, record: &Record<'_>) -> Answer {
        let known = || {
            let message = self.celery.processes.get(of_one_task(record)?)?.as_ref()?;
            let facts = self.celery.facts(message)?;
            let found = mention::find(&record.message).unwrap_or_default();
            let same = |named: &Named<'_>| {
                let joined = [facts.dag_id.as_deref(), facts.task_id.as_deref()];
                Some(named.run_id) == facts.run_id.as_deref()
                    && joined.map(Option::unwrap_or_default).join(".") == named.joined()
            };
            found.iter().all(same).then(|| facts.clone())
        };
        known().map_or_else(Answer::nobody, |facts| Answer::known(facts, AttributedBy::Process))
    }
}

/// Celery's main process hands messages out; its children have other names.
fn is_main(record: &Record<'_>) -> bool {
    record.process.is_none_or(|process| process == MAIN)
}

const MAIN: &str = "MainProcess";

/// The process that works on one message at a time: a child. In pools of threads or coroutines the
/// main process works on all of them.
fn of_one_task<'a>(record: &Record<'a>) -> Option<&'a str> {
    record.process.filter(|process| *process != MAIN)
}

/// `celery@HOST ready.`, which a worker says when it has started, and started again.
fn is_ready(record: &Record<'_>) -> bool {
    is_main(record) && record.message.starts_with("celery@") && record.message.ends_with(" ready.")
}

/// `Task NAME[ID] received`, `[ID] Executing command in Celery: …`, `Task NAME[ID] succeeded in …`.
fn says(message: &str) -> Option<Says<'_>> {
    if let Some(rest) = message.strip_prefix('[') {
        let (id, rest) = rest.split_once("] Executing ")?;
        let (kind, what) = rest.split_once(" in Celery: ")?;
        let known = kind == "command" || kind == "workload";
        return (known && is_id(id)).then_some(Says::Executing(id, what));
    }
    let (name, rest) = message.strip_prefix("Task ")?.split_once('[')?;
    let (id, rest) = rest.split_once("] ")?;
    if name.contains(' ') || !is_id(id) {
        return None;
    }
    Some(if rest == "received" { Says::Received(id) } else { Says::Done(id) })
}

fn is_id(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
