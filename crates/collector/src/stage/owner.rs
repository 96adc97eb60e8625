//! Whose the lines of one log are: an attributor, and the entries that wait for what a later line
//! tells of them.
//!
//! An attributor that remembers what it has read makes the same of the same bytes only if it is as
//! it was. So it is copied at some of the safe places, and from there, with that copy, a log is
//! read again.

use std::sync::Arc;
use std::time::Duration;

use airflow::attribute::{Answer, Attributor, Begun, Line as Asked, Waiting};
use airflow::limits::WAIT_SECONDS;
use airflow::pod::Attribution;
use model::Timestamp;

use crate::limits::WAITING_BYTES_MAX;
use crate::stage::airflow::Labeller;
use crate::stage::cri::Line;
use crate::stage::lane::Lane;
use crate::stage::multiline::Joined;

/// How long an entry may wait, by the times of the lines.
pub const WAIT: Duration = Duration::from_secs(WAIT_SECONDS);

/// Who says whose the lines of a log are, and the entries that wait.
#[derive(Debug)]
pub struct Owners {
    /// None before the first line: until then the pod may become known.
    attributor: Option<Attributor>,
    begun: Begun,
    /// What an earlier collector's attributor was at the place where this one begins.
    state: Option<Arc<Attributor>>,
    /// Whether that was kept with this file.
    is_kept: bool,
    waiting: Waiting<Joined>,
    /// Of the entries that wait.
    waiting_bytes: usize,
}

/// What a file leaves to the file that goes on where it ends.
#[derive(Debug)]
pub struct Inheritance {
    attributor: Option<Attributor>,
    waiting: Waiting<Joined>,
}

impl Owners {
    /// For a log that is taken up at a place at which an attributor was in this state, or in none
    /// that is known.
    pub fn new(begun: Begun, state: Option<Arc<Attributor>>) -> Self {
        let is_kept = state.is_some();
        let (waiting, waiting_bytes) = (Waiting::default(), 0);
        Self { attributor: None, begun, state, is_kept, waiting, waiting_bytes }
    }

    /// Before the first line. Tells whether the state at this place is news that must be kept.
    pub fn begin(&mut self, labeller: &Labeller) -> bool {
        if self.attributor.is_some() {
            return false;
        }
        let alike = labeller.attributor(Begun::AtItsStart);
        let state = self.state.take().filter(|state| state.is_alike(&alike));
        let is_news = !self.is_kept || state.is_none();
        let fresh = || labeller.attributor(self.begun);
        self.attributor = Some(state.map_or_else(fresh, Arc::unwrap_or_clone));
        is_news
    }

    /// The log turns out not to be read from its first line on.
    pub fn begin_somewhere(&mut self) {
        self.begun = Begun::Somewhere;
    }

    /// The pod became known. Tells whether lines were read before.
    pub fn know(&mut self, labeller: &Labeller) -> bool {
        let is_late = self.attributor.is_some();
        if is_late {
            self.attributor = Some(labeller.attributor(Begun::Somewhere));
        }
        is_late
    }

    /// What must be kept of this place, if anything.
    pub fn state(&self) -> Option<Arc<Attributor>> {
        self.attributor.as_ref().filter(|it| it.has_state()).cloned().map(Arc::new)
    }

    /// Whether what was read decides on what follows.
    pub fn has_state(&self) -> bool {
        self.attributor.as_ref().is_some_and(Attributor::has_state)
    }

    /// Whose the next line is. It is asked before lines are joined: what an entry is made of may be
    /// of several, and the entry is its first line's.
    pub fn ask(&mut self, line: &Line) -> Answer {
        let Some(attributor) = &mut self.attributor else { return Answer::Now(None) };
        if line.lane == Lane::Unknown && attributor.has_state() {
            // Nobody knows what wrote this into the log, nor when.
            return Answer::Now(None);
        }
        let is_stderr = line.lane == Lane::Stderr;
        attributor.take(&Asked { text: &line.text, is_stderr, at: line.timestamp })
    }

    /// Takes an entry; [`next`](Self::next) gives it out.
    pub fn push(&mut self, joined: Joined) {
        let (answer, at) = (joined.answer.clone(), joined.timestamp);
        self.waiting_bytes += joined.text.len();
        self.waiting.push(joined, answer, at);
    }

    /// The next entry whose turn it is at this time of the log, with whose it is.
    pub fn next(&mut self, now: Timestamp) -> Option<(Joined, Option<Arc<Attribution>>)> {
        let now = if self.waiting_bytes > WAITING_BYTES_MAX { Timestamp::MAX } else { now };
        let (joined, of) = self.waiting.pop(self.attributor.as_ref()?, now)?;
        self.waiting_bytes -= joined.text.len();
        Some((joined, of))
    }

    /// Whether no entry waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Where the first of a lane begins that waits.
    pub fn open_start(&self, lane: Lane) -> Option<u64> {
        self.waiting.iter().find(|joined| joined.lane == lane).map(|joined| joined.start)
    }

    /// What is left to the file that goes on, without what was dealt with: there it is an entry at
    /// the first byte.
    pub fn hand_over(&mut self, is_done: impl Fn(&Joined) -> bool) -> Inheritance {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let waiting = waiting.filter_map(|joined| {
            if is_done(&joined) { None } else { Some(Joined { start: 0, ..joined }) }
        });
        // A rotated file stays open for hours, and what is known may be megabytes. The little that
        // may still come of it is asked anew.
        self.begun = Begun::Somewhere;
        Inheritance { attributor: self.attributor.take(), waiting }
    }

    /// Goes on where another file ended. What was kept of this place is the same as what that one
    /// comes to, unless that one could not be read on from where it was; but what waits can only be
    /// settled by whom it waits for.
    pub fn take_over(&mut self, left: Inheritance) {
        if left.waiting.is_empty() && self.state.is_some() {
            return;
        }
        self.state = left.attributor.map(Arc::new);
        self.is_kept = false;
        self.waiting_bytes = left.waiting.iter().map(|joined| joined.text.len()).sum();
        self.waiting = left.waiting;
    }
}
