//! What a component has done, for metrics and for whoever looks on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::component::Batch;
use crate::limits::{WATCHED_FOR, WATCHED_LINES_MAX};

/// What one component counts, shared with those who show it.
#[derive(Debug, Default)]
pub struct Stats {
    received: AtomicU64,
    sent: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    problem: Option<String>,
    /// By who tells it.
    detail: BTreeMap<&'static str, Vec<(String, String)>>,
    /// Until when entries are kept to be looked at.
    watched_until: Option<Instant>,
    lines: VecDeque<String>,
}

impl Stats {
    /// None yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// So many entries came.
    pub fn receive(&self, entries: usize) {
        self.received.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// These entries go on, or were read.
    pub fn send(&self, batch: &Batch) {
        self.send_count(batch.len());
    }

    /// So many entries go on.
    pub fn send_count(&self, entries: usize) {
        self.sent.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// How many entries came.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// How many entries went on.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Notes that something does not work, or that it does again.
    pub fn note(&self, problem: Option<String>) {
        self.state().problem = problem;
    }

    /// Notes all that does not work.
    pub fn note_all(&self, problems: &[String]) {
        self.note((!problems.is_empty()).then(|| problems.join("; ")));
    }

    /// What does not work.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    /// Notes what else there is to tell, by name.
    pub fn tell(&self, detail: Vec<(String, String)>) {
        self.tell_as("", detail);
    }

    /// Notes what else one of several parts has to tell.
    pub fn tell_as(&self, part: &'static str, detail: Vec<(String, String)>) {
        self.state().detail.insert(part, detail);
    }

    /// What else there is to tell.
    #[must_use]
    pub fn detail(&self) -> Vec<(String, String)> {
        self.state().detail.values().flatten().cloned().collect()
    }

    /// Somebody looks: for a while, lines are kept. Returns those that were kept since.
    pub fn watch(&self, now: Instant) -> Vec<String> {
        let mut state = self.state();
        state.watched_until = Some(now + WATCHED_FOR);
        state.lines.drain(..).collect()
    }

    /// Whether somebody looks.
    #[must_use]
    pub fn is_watched(&self, now: Instant) -> bool {
        self.state().watched_until.is_some_and(|until| now < until)
    }

    /// Keeps a line for whoever looks; the oldest goes when there are many.
    pub fn keep(&self, line: String) {
        let mut state = self.state();
        if state.lines.len() >= WATCHED_LINES_MAX {
            state.lines.pop_front();
        }
        state.lines.push_back(line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
