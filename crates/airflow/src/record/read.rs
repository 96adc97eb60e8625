//! A line → its record.

use std::borrow::Cow;
use std::ops::Range;

use crate::level::Level;
use crate::line::Form;
use crate::record::time::Stamp;
use crate::record::{access, console, json, text};
use crate::task::{MapIndex, TaskFacts};

/// One record, or the first line of one that spans lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// The form in which it is written.
    pub form: Form,
    /// When it was made.
    pub time: Option<Stamp>,
    /// How grave it is.
    pub level: Option<Level>,
    /// Who made it, as Python's logging names it.
    pub logger: Option<Cow<'a, str>>,
    /// The place in the program that made it.
    pub source: Option<Source<'a>>,
    /// The process that made it, as Celery names it.
    pub process: Option<&'a str>,
    /// What it says, without what the form adds.
    pub message: Cow<'a, str>,
    /// Where in the line the message stands; `None` where the form escapes it.
    pub span: Option<Range<usize>>,
    /// The keys that matter here.
    pub fields: Fields<'a>,
    /// Whether the line ends the record for certain. Console records whose message spans lines end
    /// on another one; of the text forms nobody knows.
    pub is_whole: bool,
}

/// A place in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source<'a> {
    /// The file's name.
    pub file: Cow<'a, str>,
    /// The line in it.
    pub line: u32,
}

/// The keys of a record that say whose it is, or how something ended. Whatever else a record
/// carries is its own affair.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields<'a> {
    /// `dag_id`
    pub dag_id: Option<Cow<'a, str>>,
    /// `run_id`
    pub run_id: Option<Cow<'a, str>>,
    /// `task_id`
    pub task_id: Option<Cow<'a, str>>,
    /// `map_index`
    pub map_index: Option<MapIndex>,
    /// `try_number`
    pub try_number: Option<u32>,
    /// `ti_id`: Airflow 3's name of one try.
    pub ti_id: Option<Cow<'a, str>>,
    /// `workload_id`: the same, in the supervisor's last word.
    pub workload_id: Option<Cow<'a, str>>,
    /// `workload`: Python's picture of what a pod was started with.
    pub workload: Option<Cow<'a, str>>,
    /// `final_state`: the state in which a process left its try.
    pub final_state: Option<Cow<'a, str>>,
    /// `exit_code`, as it is written: a number, or Python's picture of a signal.
    pub exit_code: Option<Cow<'a, str>>,
    /// `reason`
    pub reason: Option<Cow<'a, str>>,
    /// The exception's type, of the first that is told.
    pub exception: Option<Cow<'a, str>>,
}

/// Reads the record that a line is or begins. `None` for a follow-on line, and for what programs
/// print.
#[must_use]
pub fn read(line: &str) -> Option<Record<'_>> {
    match line.as_bytes().first()? {
        b'{' => json::read(line),
        b'[' => {
            text::read(line).or_else(|| text::read_celery(line)).or_else(|| access::gunicorn(line))
        }
        b'0'..=b'9' => console::read(line).or_else(|| access::read(line)),
        b'A'..=b'Z' => access::uvicorn(line),
        _ => access::read(line),
    }
}

/// The time that a line tells, where it is or begins a record in one of the forms in which Airflow
/// writes the log files of tasks. As [`read`], for who wants nothing else, and much cheaper.
#[must_use]
pub fn stamp(line: &str) -> Option<Stamp> {
    match line.as_bytes().first()? {
        b'{' => json::stamp(line),
        b'[' => text::read(line)?.time,
        b'0'..=b'9' => console::read(line)?.time,
        _ => None,
    }
}

impl<'a> Record<'a> {
    /// A record with nothing but a message.
    pub(super) fn new(form: Form, line: &'a str, span: Range<usize>) -> Self {
        Self {
            form,
            time: None,
            level: None,
            logger: None,
            source: None,
            process: None,
            message: Cow::Borrowed(&line[span.clone()]),
            span: Some(span),
            fields: Fields::default(),
            is_whole: true,
        }
    }

    /// Whether a logger made this whose name is this, or begins with this and a dot.
    #[must_use]
    pub fn is_by(&self, logger: &str) -> bool {
        let rest = self.logger.as_deref().and_then(|name| name.strip_prefix(logger));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl Fields<'_> {
    /// The try that the keys name, when they name all of it.
    #[must_use]
    pub fn task(&self) -> Option<TaskFacts> {
        Some(TaskFacts {
            dag_id: Some(self.dag_id.as_deref()?.to_owned()),
            run_id: Some(self.run_id.as_deref()?.to_owned()),
            task_id: Some(self.task_id.as_deref()?.to_owned()),
            map_index: Some(self.map_index?),
            try_number: Some(self.try_number?),
            logical_date: None,
        })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
