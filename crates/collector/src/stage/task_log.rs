//! One of Airflow's own task log files → entries, as if the lines had been collected live.
//!
//! What comes out depends on the bytes, the name of the file and the labels that are given, on
//! nothing else: not on who reads, where, when, or in pieces of which size. So several readers may
//! read the same file and the store keeps each entry once.
//!
//! Nothing but the records in it tells when a line of such a file was written (`moment.rs`).
//!
//! A place to read on from names a *safe* line before it, from which a fresh reader that is told
//! four numbers goes the same way: nothing is open there, and at most one time is taken. What comes
//! out between the two is left out.

mod moment;

use airflow::attribute::Answer;
use airflow::column::{Columns, Place, columns};
use airflow::path::LogPath;
use airflow::pod::{AttributedBy, Attribution};
use airflow::{Component, Level, Pod};
use model::limits::MAX_LINE_SIZE;
use model::{Entry, Labels, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits::{
    TASK_LOG_BACK_MAX, TASK_LOG_HEAD_BYTES_MAX, TRACEBACK_GAP, TRACEBACK_LINES_MAX,
};
use crate::stage::cri::{self, Line};
use crate::stage::lane::Lane;
use crate::stage::line::{Physical, Splitter};
use crate::stage::multiline::{Joined, Multiline};
use moment::Moments;

/// Reads one task log file.
#[derive(Debug)]
pub struct TaskLog {
    splitter: Splitter,
    multiline: Multiline,
    moments: Moments,
    columns: ColumnsOf,
    /// The time of the line before; none before the first record that tells one.
    time: Option<Timestamp>,
    /// What the last record told that was not believed.
    doubted: Option<Timestamp>,
    /// The time of the first lines where no record tells one.
    otherwise: Timestamp,
    /// Lines that wait for the first record that tells a time.
    head: Vec<(Line, u64)>,
    head_bytes: usize,
    place: TaskPlace,
    entries: Vec<TaskEntry>,
}

/// How far a task log file is dealt with, and what is known there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskPlace {
    /// The offset from which the next reader must be fed the file's bytes.
    pub from: u64,
    /// All entries that begin before this offset are dealt with.
    pub done: u64,
    /// The time of the line before `from`, in nanoseconds.
    pub time: Option<i64>,
    /// A time of records that is taken there, and the first after it that is free.
    pub taken: Option<(i64, i64)>,
}

/// One entry, and how far the file is dealt with once it is, and all before it are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEntry {
    /// The labels of its stream.
    pub labels: Labels,
    /// The entry.
    pub entry: Entry,
    /// Where to read on from.
    pub place: TaskPlace,
}

impl TaskLog {
    /// A reader of the file of this name from a place on, which is the default for its first byte.
    /// `labels` are set in every stream besides those that are known. `modified` is the time of
    /// lines in a file that knows none: where neither a record of it nor its name tells one.
    #[must_use]
    pub fn new(path: &LogPath, labels: &Labels, place: TaskPlace, modified: Timestamp) -> Self {
        Self {
            splitter: Splitter::new(place.from, MAX_LINE_SIZE),
            multiline: multiline(),
            moments: Moments::new(place.taken),
            columns: ColumnsOf::new(path, labels),
            time: place.time.map(Timestamp),
            doubted: None,
            otherwise: path.date().unwrap_or(modified),
            head: Vec::new(),
            head_bytes: 0,
            place,
            entries: Vec::new(),
        }
    }

    /// Takes the next bytes of the file, the first of them from the place's `from`.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.feed(bytes, |line| self.physical(&line));
        self.splitter = splitter;
    }

    /// Gives out what waits for a further line, because none will come soon: whoever wrote the file
    /// has ended, or has been silent for longer than the lines of one entry are apart. Were more of
    /// such an entry to come all the same, it would be an entry of its own for this reader and not
    /// for one that comes later.
    pub fn end_idle(&mut self) {
        self.let_go(self.otherwise);
        let (mut ended, end) = (Vec::new(), self.splitter.start());
        self.multiline.cut(Lane::Unknown, &mut |joined| ended.push(joined));
        self.emit(ended, end);
        // From here on everything is as for a reader that begins here.
        self.multiline = multiline();
        self.doubted = None;
        self.moments.settle();
        self.place = TaskPlace { from: end, done: end, ..self.here() };
    }

    /// The same, and takes the last line as a whole one, whether it has its newline or not.
    pub fn end(&mut self) {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.finish().iter().for_each(|line| self.physical(line));
        self.splitter = splitter;
        self.end_idle();
    }

    /// What has come out since the last call, in the order of the file.
    pub fn take(&mut self) -> Vec<TaskEntry> {
        std::mem::take(&mut self.entries)
    }

    /// How far the file is dealt with once all that came out is.
    #[must_use]
    pub fn place(&self) -> TaskPlace {
        self.place
    }

    /// The offset from which the next bytes must come.
    #[must_use]
    pub fn fed(&self) -> u64 {
        self.splitter.end()
    }

    fn physical(&mut self, line: &Physical<'_>) {
        let end = line.end;
        let line = cri::stray(&line.bytes, line.cut, line.start, Timestamp(0), MAX_LINE_SIZE);
        let stamp = airflow::record::stamp(&line.text).map(|stamp| stamp.at);
        if self.time.is_none() {
            let is_waiting = stamp.is_none() && self.head_bytes < TASK_LOG_HEAD_BYTES_MAX;
            if is_waiting {
                // An empty line weighs something too.
                self.head_bytes += line.text.len() + 1;
                self.head.push((line, end));
                return;
            }
            self.let_go(stamp.unwrap_or(self.otherwise));
        }
        self.line(line, stamp, end);
    }

    /// Gives the lines that have waited for a time this one.
    fn let_go(&mut self, time: Timestamp) {
        self.head_bytes = 0;
        for (line, end) in std::mem::take(&mut self.head) {
            self.line(line, self.time.is_none().then_some(time), end);
        }
    }

    /// Takes a line with the time that it tells.
    fn line(&mut self, line: Line, stamp: Option<Timestamp>, end: u64) {
        let doubted = self.doubted;
        let time = self.believed(stamp).or(self.time).unwrap_or(self.otherwise);
        // What is open is yet to get its time.
        if self.multiline.open_start(Lane::Unknown).is_none() {
            self.moments.forget(time);
        }
        if doubted.is_none() {
            self.reach(&line);
        }
        self.time = Some(time);
        let line = Line { timestamp: time, last_timestamp: time, ..line };
        let mut complete = Vec::new();
        self.multiline.take(line, Answer::Now(None), &mut |joined| complete.push(joined));
        self.emit(complete, end);
    }

    /// The time that a record tells, if it is to be believed. What a task prints may look like a
    /// record of any time. One that goes far back is believed when the next confirms it: then a
    /// clock was set, or another host goes on with the file.
    fn believed(&mut self, stamp: Option<Timestamp>) -> Option<Timestamp> {
        let (stamp, before) = (stamp?, self.time);
        let is_back = |from: Timestamp, to: Timestamp| from > to + TASK_LOG_BACK_MAX;
        let is_alike = |other| !is_back(other, stamp) && !is_back(stamp, other);
        let is_confirmed = self.doubted.is_some_and(is_alike);
        let is_doubted = !is_confirmed && before.is_some_and(|before| is_back(before, stamp));
        self.doubted = is_doubted.then_some(stamp);
        (!is_doubted).then_some(stamp)
    }

    /// Comes to a line that may be a safe one.
    fn reach(&mut self, line: &Line) {
        let is_open = self.multiline.open_start(Lane::Unknown).is_some();
        // A traceback takes its level from the line before. And what has waited for a time must
        // wait for it again.
        let is_bound = airflow::traceback::may_begin(line.text.as_bytes()) || self.time.is_none();
        if !is_open && !is_bound && self.moments.is_settled() {
            self.place = TaskPlace { from: line.start, done: self.place.done, ..self.here() };
        }
    }

    /// What a reader must know that begins here.
    fn here(&self) -> TaskPlace {
        let time = self.time.map(|time| time.0);
        TaskPlace { time, taken: self.moments.taken(), ..self.place }
    }

    /// Gives out entries of which one ends where the next begins, and the last where what is open
    /// begins or, where nothing is, at `end`.
    fn emit(&mut self, joined: Vec<Joined>, end: u64) {
        let end = self.multiline.open_start(Lane::Unknown).unwrap_or(end);
        let ends: Vec<u64> = joined.iter().skip(1).map(|it| it.start).chain([end]).collect();
        for (joined, end) in joined.into_iter().zip(ends) {
            let timestamp = self.moments.place(joined.timestamp);
            if joined.start < self.place.done {
                continue;
            }
            self.place.done = end;
            let Columns { labels, metadata } = self.columns.of(joined.level);
            let (labels, metadata) = (labels.clone(), metadata.clone());
            let entry = Entry { timestamp, line: joined.text, metadata };
            self.entries.push(TaskEntry { labels, entry, place: self.place });
        }
    }
}

fn multiline() -> Multiline {
    Multiline::new(TRACEBACK_LINES_MAX, MAX_LINE_SIZE, TRACEBACK_GAP)
}

/// The labels and the metadata of a file's lines, which differ by level alone.
#[derive(Debug)]
struct ColumnsOf {
    pod: Pod,
    attribution: Attribution,
    labels: Labels,
    known: Vec<(Option<Level>, Columns)>,
}

impl ColumnsOf {
    fn new(path: &LogPath, labels: &Labels) -> Self {
        let component = match path.trigger_job {
            Some(_) => Component::Triggerer,
            None => Component::Worker,
        };
        // Which pod wrote the file is not known, and must not be told: another reader knows
        // another.
        let mut pod = Pod::default();
        pod.labels.insert("component".to_owned(), component.as_str().to_owned());
        let attribution = Attribution { task: path.task.clone(), by: AttributedBy::LogPath };
        Self { pod, attribution, labels: labels.clone(), known: Vec::new() }
    }

    fn of(&mut self, level: Option<Level>) -> &Columns {
        // Six at most.
        let known = self.known.iter().position(|(known, _)| *known == level);
        let at = known.unwrap_or_else(|| {
            let columns = self.make(level);
            self.known.push((level, columns));
            self.known.len() - 1
        });
        &self.known[at].1
    }

    fn make(&self, level: Option<Level>) -> Columns {
        let place = Place { pod: &self.pod, container: "", stream: Lane::Unknown.as_str() };
        let mut columns = columns(&place, Some(&self.attribution), level);
        columns.labels = columns.labels.with_all(self.labels.iter());
        columns
    }
}

#[cfg(test)]
mod tests;
