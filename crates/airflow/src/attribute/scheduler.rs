//! What the scheduler's lines are about, in the words of its own loggers.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::attribute::attributor::{Answer, Begun};
use crate::attribute::local::Local;
use crate::attribute::memory::{Memory, agree, common, nameless};
use crate::attribute::mention::{self, Name, Named};
use crate::attribute::shared::{Shared, is_supervisors};
use crate::line::Form;
use crate::record::Record;
use crate::task::{MapIndex, TaskFacts, parse_number};

/// What a line is about.
pub(super) enum About {
    /// As far as it tells.
    Known(TaskFacts),
    /// An instance whose DAG and task are joined by a dot, and it is not known yet by which.
    Joined { joined: String, rest: TaskFacts },
}

impl Shared {
    /// A line of the scheduler's log that carries no ids.
    pub(super) fn by_scheduler(&mut self, record: &Record<'_>) -> Answer {
        if is_supervisors(record) {
            return self.by_supervisor(record);
        }
        if record.form == Form::Text && Local::prints(record) {
            return self.local.record(record, self.begun, &mut self.memory);
        }
        if !matches!(record.form, Form::Text) && !record.is_by("airflow") {
            return Answer::nobody();
        }
        self.note_work(&record.message);
        let about = self.about_message(&record.message);
        self.about(about)
    }

    fn about_message(&mut self, message: &str) -> Option<About> {
        if let Some(facts) = finished(message).or_else(|| run_of(message)) {
            return Some(About::Known(self.noted(message, facts)));
        }
        if let Some(pod) = pod_of(message) {
            return self.memory.pods.get(pod).cloned().map(About::Known);
        }
        if mention::may_name(message) {
            return named_in(message, &mut self.memory);
        }
        dag_of(message)
    }

    /// A line that names all of a try tells more than it is about.
    fn noted(&mut self, message: &str, facts: TaskFacts) -> TaskFacts {
        if let (Some(dag_id), Some(task_id)) = (&facts.dag_id, &facts.task_id) {
            self.memory.learn_pair(dag_id, task_id);
        }
        let Some(ti_id) = value_of(message, "ti_id=") else { return facts };
        // One that is not over will be another try under the same id, or has been replaced.
        let state = value_of(message, "state=").unwrap_or_default();
        let is_over = ["success", "failed", "skipped", "upstream_failed"].contains(&state);
        if is_over && self.is_number_of(ti_id, &facts) {
            self.memory.learn_try(ti_id, &facts, None);
            return facts;
        }
        TaskFacts { try_number: None, ..facts }
    }

    /// The id in "TaskInstance Finished" is of whichever try the database has by then, the number
    /// of the one that finished. They are of the same try for certain when the number is known to
    /// be the id's, or when there has been no other id.
    fn is_number_of(&mut self, ti_id: &str, facts: &TaskFacts) -> bool {
        let known = self.memory.known_try(ti_id).flatten().and_then(|facts| facts.try_number);
        if known.is_some() {
            return known == facts.try_number;
        }
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let joined = format!("{}.{}", text(&facts.dag_id), text(&facts.task_id));
        let run_id = text(&facts.run_id);
        let is_first = self.memory.learn_first_id(&joined, &run_id, facts.map_index, ti_id);
        is_first && self.begun == Begun::AtItsStart
    }

    /// What the LocalExecutor is given, and what it has done.
    fn note_work(&mut self, message: &str) {
        if message.starts_with("Trying to enqueue tasks: ")
            && message.contains(" for executor: LocalExecutor(")
        {
            let Some(found) = mention::find(message) else { return self.running.lose_count() };
            for named in found {
                self.memory.learn(&named);
                named.ti_id.into_iter().for_each(|ti_id| self.running.begin(ti_id));
            }
        }
    }
}

/// Whether a line opens a list of instances, each on a line of its own that begins with a tab.
pub(super) fn is_list(message: &str) -> bool {
    message.ends_with(" tasks up for execution:")
        || message.starts_with("Setting the following tasks to queued state")
            && message.ends_with(':')
}

/// The instances that a message names, all in one: what they have in common.
pub(super) fn named_in(message: &str, memory: &mut Memory) -> Option<About> {
    let found = mention::find(message)?;
    found.iter().for_each(|named| memory.learn(named));
    remember_pod(message, &found, memory);
    if let Some(one) = only(&found) {
        if let Some(facts) = memory.facts(&one) {
            return Some(About::Known(facts));
        }
        let joined = one.joined().into_owned();
        return Some(About::Joined { joined, rest: nameless(&one) });
    }
    let facts = found.iter().map(|named| memory.facts(named));
    let facts: Option<Vec<TaskFacts>> = facts.collect();
    let facts = facts?.into_iter().reduce(|one, other| common(&one, &other))?;
    let named = facts.dag_id.is_some() || facts.run_id.is_some();
    named.then_some(About::Known(facts))
}

/// The only instance that all names stand for, with all that they tell of it.
fn only<'a>(found: &[Named<'a>]) -> Option<Named<'a>> {
    let (first, rest) = found.split_first()?;
    let mut one = first.clone();
    for named in rest {
        let same = named.run_id == one.run_id && named.joined() == one.joined();
        let both = agree(&nameless(&one), &nameless(named)).filter(|_| same)?;
        let name = match (&one.name, &named.name) {
            (Name::Joined(_), other) => other.clone(),
            (Name::Apart { .. }, Name::Apart { .. }) if one.name != named.name => return None,
            (name, _) => name.clone(),
        };
        one = Named {
            name,
            map_index: both.map_index,
            try_number: both.try_number,
            ti_id: one.ti_id.or(named.ti_id),
            ..one
        };
    }
    Some(one)
}

/// `Creating kubernetes pod for job is TaskInstanceKey(…), with pod name X, annotations: …`
fn remember_pod(message: &str, found: &[Named<'_>], memory: &mut Memory) {
    let pod = || {
        let rest = message.strip_prefix("Creating kubernetes pod for job is ")?;
        let (_, rest) = rest.split_once("), with pod name ")?;
        rest.split_once(", ").map(|(pod, _)| pod)
    };
    if let ([named], Some(pod)) = (found, pod())
        && let Some(facts) = memory.facts(named)
    {
        memory.pods.put(pod.to_owned(), facts);
    }
}

/// `Event: POD Pending, annotations: …`, `Deleting pod POD in namespace …`
fn pod_of(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Event: ").or_else(|| message.strip_prefix("Deleting pod "))?;
    rest.split_once(' ').map(|(pod, _)| pod)
}

/// What a task says of its own end.
static MARKED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("Marking task as "));

/// `TaskInstance Finished: dag_id=…, task_id=…, run_id=…, …` and `Marking task as FAILED. …`.
fn finished(message: &str) -> Option<TaskFacts> {
    let rest = match message.strip_prefix("TaskInstance Finished: ") {
        Some(rest) => rest,
        None => message[MARKED.find(message.as_bytes())?..].split_once(". ")?.1,
    };
    let (dag_id, rest) = rest.strip_prefix("dag_id=")?.split_once(", task_id=")?;
    let (task_id, rest) = rest.split_once(", run_id=")?;
    let (run_id, rest) = rest.split_once(", ")?;
    let map_index = match value_of(rest, "map_index=") {
        Some(index) => MapIndex::parse(index)?,
        None => MapIndex::Unmapped,
    };
    Some(TaskFacts {
        dag_id: Some(dag_id.to_owned()),
        run_id: Some(run_id.to_owned()),
        task_id: Some(task_id.to_owned()),
        map_index: Some(map_index),
        try_number: value_of(rest, "try_number=").and_then(parse_number),
        logical_date: None,
    })
}

/// The value after `key=` in a list with commas.
pub(crate) fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let begins = |at: &usize| *at == 0 || text[..*at].ends_with([' ', ',']);
    let (at, _) = text.match_indices(key).find(|(at, _)| begins(at))?;
    let rest = &text[at + key.len()..];
    Some(&rest[..rest.find(',').unwrap_or(rest.len())])
}

/// `DagRun Finished: dag_id=D, logical_date=…, run_id=R, …`, `Marking run <DagRun D @ DATE: R, …`
/// and `Created asset-triggered DagRun for 'D': run_id=R, …`.
fn run_of(message: &str) -> Option<TaskFacts> {
    let run = |dag_id: &str, run_id: &str| TaskFacts {
        dag_id: Some(dag_id.to_owned()),
        run_id: Some(run_id.to_owned()),
        ..TaskFacts::default()
    };
    if let Some(rest) = message.strip_prefix("DagRun Finished: dag_id=") {
        let (dag_id, rest) = rest.split_once(", ")?;
        return Some(run(dag_id, value_of(rest, "run_id=")?));
    }
    if let Some(rest) = message.strip_prefix("Created asset-triggered DagRun for '") {
        let (dag_id, rest) = rest.split_once("': run_id=")?;
        return Some(run(dag_id, rest.split_once(", ")?.0));
    }
    let rest = message.strip_prefix("Marking run <DagRun ")?;
    let (dag_id, rest) = rest.split_once(" @ ")?;
    let (rest, _) = rest.split_once(", state:")?;
    Some(run(dag_id, rest.split_once(": ")?.1))
}

/// A line about a DAG and no run of it.
pub(super) fn dag_of(message: &str) -> Option<About> {
    const FRAMES: [(&str, &str); 7] = [
        ("DAG ", " has "),
        ("DAG ", " is at (or above) max_active_runs"),
        ("Setting next_dagrun for ", " to "),
        ("Backfill done for DAG <DAG: ", ">"),
        ("Asset-triggered Dags with queued events: {'", "':"),
        ("Deleted ", " ADRQ rows for '"),
        ("Creating ORM DAG for ", ""),
    ];
    let framed = |(before, after): &(&str, &str)| {
        let rest = message.strip_prefix(before)?;
        let (inside, beyond) = match *after {
            "" => (rest, ""),
            after => rest.split_once(after)?,
        };
        match *before {
            "Deleted " => beyond.split_once('\'').map(|(dag_id, _)| dag_id),
            "Asset-triggered Dags with queued events: {'" if beyond.contains(':') => None,
            _ => Some(inside),
        }
    };
    let dag_id = FRAMES.iter().find_map(framed)?;
    let is_id = !dag_id.is_empty() && !dag_id.contains([' ', '\'', ',']);
    let facts = TaskFacts { dag_id: Some(dag_id.to_owned()), ..TaskFacts::default() };
    is_id.then_some(About::Known(facts))
}
