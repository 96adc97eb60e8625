//! Lines without a head: to which record they belong.
//!
//! A record is one write, so what follows its first line is its own until the next head, as far as
//! it is known to go on: a console record whose end has not come, a traceback, a scheduler's list.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attribute::attributor::Answer;
use crate::attribute::memory::Recent;
use crate::limits::OPEN_RECORD_SECONDS;
use crate::pod::{AttributedBy, Attribution};
use crate::traceback::{Step, Tracker};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Multiline {
    /// The record whose end has not come, and when it began, in nanoseconds.
    open: Option<(u64, i64)>,
    /// Once another has begun inside the open one, or their writes have met: how many of the others
    /// have not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mixed: Option<u32>,
    /// Records whose end has come. Only lines that wait ask, and a state is kept when none does.
    #[serde(skip)]
    closed: Recent<u64, Option<Arc<Attribution>>>,
    next_id: u64,
    tracker: Tracker,
    /// Whose traceback it would be that comes next, or goes on.
    trace: Option<Arc<Attribution>>,
    /// Whether a list of instances may go on.
    lists: bool,
}

impl Multiline {
    pub(super) fn new() -> Self {
        Self {
            open: None,
            mixed: None,
            closed: Recent::new(),
            next_id: 0,
            tracker: Tracker::default(),
            trace: None,
            lists: false,
        }
    }

    /// A record of one line, or of one that may be followed by a traceback or a list.
    pub(super) fn after_record(&mut self, answer: &Answer, traces: bool, lists: bool) {
        self.open = None;
        self.lists = lists;
        self.tracker = Tracker::default();
        self.trace = match answer {
            Answer::Now(Some(attribution)) if traces => Some(Arc::new(Attribution {
                by: AttributedBy::Continuation,
                task: attribution.task.clone(),
            })),
            _ => None,
        };
    }

    pub(super) fn lists(&self) -> bool {
        self.lists
    }

    /// A record whose end is on a later line.
    pub(super) fn open(&mut self, at: Timestamp) -> u64 {
        self.after_record(&Answer::nobody(), false, false);
        self.next_id += 1;
        self.open = Some((self.next_id, at.as_nanos()));
        self.mixed = None;
        self.next_id
    }

    /// Another record begins before the end of the open one: whose end comes first cannot be told.
    pub(super) fn open_inside(&mut self, at: Timestamp) {
        self.spoil(at);
        self.mixed = self.mixed.map(|others| others + 1);
    }

    /// A record is open, from now on if none was, and what it consists of cannot be told.
    pub(super) fn spoil(&mut self, at: Timestamp) {
        let id = self.open_id(at).unwrap_or_else(|| self.open(at));
        self.mixed.get_or_insert(0);
        self.closed.put(id, None);
    }

    pub(super) fn is_open(&mut self, now: Timestamp) -> bool {
        self.open_id(now).is_some()
    }

    /// The open record, unless its end is overdue.
    pub(super) fn open_id(&mut self, now: Timestamp) -> Option<u64> {
        let patience = Duration::from_secs(OPEN_RECORD_SECONDS);
        if let Some((id, at)) = self.open
            && now.since(Timestamp(at)) > patience
        {
            self.open = None;
            self.closed.put(id, None);
        }
        self.open.map(|(id, _)| id)
    }

    /// The end of an open record, which says whose it was.
    pub(super) fn close(&mut self, id: u64, answer: &Answer) {
        if let Some(others) = self.mixed {
            match others.checked_sub(1) {
                Some(left) => self.mixed = Some(left),
                None => self.after_record(&Answer::nobody(), false, false),
            }
            return;
        }
        let attribution = match answer {
            Answer::Now(Some(attribution)) => Some(Arc::new(Attribution {
                by: AttributedBy::Continuation,
                task: attribution.task.clone(),
            })),
            _ => None,
        };
        self.closed.put(id, attribution);
        self.after_record(answer, true, false);
    }

    pub(super) fn closed(&self, id: u64) -> Option<Option<Arc<Attribution>>> {
        self.closed.get(&id).cloned()
    }

    /// A line that may belong to a traceback.
    pub(super) fn follow(&mut self, line: &str) -> Answer {
        self.lists = false;
        let was_open = self.tracker.is_open();
        let step = self.tracker.feed(line);
        let goes_on = match step {
            Step::Inside | Step::Maybe => true,
            // Right after the record: one that begins later is somebody else's.
            Step::Begin => !was_open,
            Step::Outside | Step::After => false,
        };
        if !goes_on {
            self.trace = None;
        }
        Answer::Now(self.trace.clone())
    }
}
