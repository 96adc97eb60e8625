//! One attributor for one log: it takes the log's lines in their order and says whose each is.

use std::sync::Arc;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attribute::pod_lines::PodLines;
use crate::attribute::shared::{Role, Shared};
use crate::component;
use crate::path::LogPath;
use crate::pod::{AttributedBy, Attribution, Pod, attribute};
use crate::task::TaskFacts;

/// Says whose the lines of one log are. A log is what one container writes, or one task log file.
///
/// How it is written is kept by others: `docs/formats/collector-attribution.md`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attributor(Source);

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Source {
    /// Pod or path say it for all lines.
    Fixed(Arc<Attribution>),
    /// The log is of a part of Airflow that works for nobody in particular, or not of Airflow.
    Nobody,
    /// The pod runs one try, and its first lines tell which.
    PodLines(Box<PodLines>),
    /// Many write, about many.
    Shared(Box<Shared>),
}

/// Whether a log is read from its first line on. Only then is it known what runs, and a line
/// without a name can be given to the only one that could have written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begun {
    /// From its first line.
    AtItsStart,
    /// From some later one.
    Somewhere,
}

/// A line of a log.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// What was written.
    pub text: &'a str,
    /// Whether on standard error. Continuations stay in their stream.
    pub is_stderr: bool,
    /// When the container's runtime read it: a time that nobody can forge.
    pub at: Timestamp,
}

/// Whose a line is.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// For good.
    Now(Option<Arc<Attribution>>),
    /// A later line is likely to tell; [`Attributor::settled`] says when it has.
    Later(Ticket),
}

/// What a line waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket(pub(super) Wanted);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// The end of a record that spans lines.
    Record { id: u64, is_stderr: bool },
    /// What a Celery message asks for.
    Message(String),
    /// Where the dot between a DAG and a task is; the rest is known.
    Pair { joined: String, rest: TaskFacts },
    /// What the pod runs.
    Pod,
}

impl Attributor {
    /// For a container of this pod.
    #[must_use]
    pub fn of_pod(pod: &Pod, container: &str, begun: Begun) -> Self {
        if let Some(attribution) = attribute(pod) {
            return Self(Source::Fixed(Arc::new(attribution)));
        }
        let unknown = pod.labels.is_empty() || pod.is_executors();
        if container == "base" && unknown && begun == Begun::AtItsStart {
            return Self(Source::PodLines(Box::new(PodLines::new(pod))));
        }
        let role = component::of(pod, container).and_then(Role::of).filter(|_| pod.is_airflow());
        Self(match role {
            Some(role) => Source::Shared(Box::new(Shared::new(role, begun))),
            None => Source::Nobody,
        })
    }

    /// For a task's log file, or that of its trigger.
    #[must_use]
    pub fn of_path(path: &LogPath) -> Self {
        let task = path.task.clone();
        Self(Source::Fixed(Arc::new(Attribution { task, by: AttributedBy::LogPath })))
    }

    /// Whether what it has read decides on later answers. Then it is kept with the place up to
    /// which it has read (it is plain data): from there, and with it, the same answers come again.
    #[must_use]
    pub fn has_state(&self) -> bool {
        matches!(self.0, Source::PodLines(_) | Source::Shared(_))
    }

    /// Whether both are for logs of the same sort, so that one can go on where the other was.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::Shared(one), Source::Shared(other)) => one.role == other.role,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// Takes the next line.
    pub fn take(&mut self, line: &Line<'_>) -> Answer {
        match &mut self.0 {
            Source::Fixed(attribution) => Answer::Now(Some(Arc::clone(attribution))),
            Source::Nobody => Answer::Now(None),
            Source::PodLines(lines) => lines.take(line.text),
            Source::Shared(shared) => shared.take(line),
        }
    }

    /// The answer that a line waited for, once it is there.
    #[must_use]
    pub fn settled(&self, ticket: &Ticket) -> Option<Option<Arc<Attribution>>> {
        match &self.0 {
            Source::Fixed(_) | Source::Nobody => Some(None),
            Source::PodLines(lines) => lines.settled(),
            Source::Shared(shared) => shared.settled(&ticket.0),
        }
    }
}

impl Answer {
    pub(super) fn nobody() -> Self {
        Self::Now(None)
    }

    pub(super) fn known(task: TaskFacts, by: AttributedBy) -> Self {
        Self::Now(Some(Arc::new(Attribution { task, by })))
    }
}

impl Ticket {
    /// What is known before the rest is: nothing wrong, and not all.
    #[must_use]
    pub fn so_far(&self) -> Option<Arc<Attribution>> {
        match &self.0 {
            Wanted::Pair { rest, .. } => {
                Some(Arc::new(Attribution { task: rest.clone(), by: AttributedBy::Line }))
            }
            Wanted::Record { .. } | Wanted::Message(_) | Wanted::Pod => None,
        }
    }
}
