//! What is visible now: the manifest and the head, changed together under one lock, so that a
//! snapshot never sees a row twice or misses it while it moves from the head to a segment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{TenantId, Timestamp};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use ulid::Ulid;

use crate::Config;
use crate::admit::{Admitted, Appended, Logged, Received};
use crate::head::{self, Generation, Seen, Table};
use crate::manifest::Manifest;
use crate::wal::Checkpoint;
use crate::watch::{Watcher, Watchers};

/// The state of an open store.
#[derive(Debug)]
pub(crate) struct Live {
    /// Whose log the head is of.
    writer: Ulid,
    state: Mutex<State>,
    /// Rung when there is a newer manifest: the head may have room again.
    advanced: Notify,
}

#[derive(Debug)]
struct State {
    manifest: Arc<Manifest>,
    /// What is being written to segments: older than `active`.
    sealed: Option<Arc<Sealed>>,
    active: Generation,
    seen: Seen,
    watchers: Watchers,
}

/// A generation that takes no more rows and waits to be published.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) rows: Generation,
    seen: Seen,
    /// Every record before it is in this generation or an older one.
    pub(crate) checkpoint: Checkpoint,
}

/// How much the head holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct HeadUsage {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Live {
    /// A store that begins with this manifest and an empty head.
    pub(crate) fn new(writer: Ulid, manifest: Arc<Manifest>) -> Self {
        let (active, seen, watchers) = Default::default();
        let state = Mutex::new(State { manifest, sealed: None, active, seen, watchers });
        Self { writer, state, advanced: Notify::new() }
    }

    /// The manifest, and the tenant's rows in the head, oldest first, at one moment.
    pub(crate) fn view(&self, tenant: &TenantId) -> (Arc<Manifest>, Vec<Table>) {
        self.lock().view(tenant)
    }

    /// The same, and from that moment on the watcher is shown what becomes visible.
    pub(crate) fn watch(&self, watcher: &Arc<Watcher>) -> (Arc<Manifest>, Vec<Table>) {
        let mut state = self.lock();
        state.watchers.add(Arc::clone(watcher));
        state.view(watcher.tenant())
    }

    /// The watcher is shown nothing more.
    pub(crate) fn unwatch(&self, watcher: &Arc<Watcher>) {
        self.lock().watchers.remove(watcher);
    }

    /// The manifest.
    pub(crate) fn manifest(&self) -> Arc<Manifest> {
        Arc::clone(&self.lock().manifest)
    }

    /// How much the head holds, sealed or not.
    pub(crate) fn usage(&self) -> HeadUsage {
        let state = self.lock();
        let sealed = state.sealed.as_ref().map(|sealed| &sealed.rows);
        let generations = sealed.into_iter().chain([&state.active]);
        generations.fold(HeadUsage::default(), |sum, generation| HeadUsage {
            rows: sum.rows + generation.rows(),
            bytes: sum.bytes + generation.bytes(),
        })
    }

    /// Whether the head should be flushed now: its rules say so, or an earlier flush has failed.
    pub(crate) fn is_due(&self, config: &Config, now: Timestamp) -> bool {
        let state = self.lock();
        state.sealed.is_some() || head::due(&state.active, config, now)
    }

    /// Admits an append, if the manifest is still the one against which it was checked for
    /// published duplicates; otherwise gives it back, to be checked again.
    pub(crate) fn admit(&self, received: Received, checked: u64) -> Result<Admitted, Received> {
        let mut state = self.lock();
        if state.manifest.number != checked {
            return Err(received);
        }
        let State { sealed, seen, .. } = &mut *state;
        Ok(received.admit(sealed.as_ref().map(|sealed| &sealed.seen), seen))
    }

    /// Makes visible what the log holds. The log has no duplicates, but reading it twice would do
    /// no harm.
    pub(crate) fn replay(&self, received: Received) {
        let mut state = self.lock();
        let State { active, seen, watchers, .. } = &mut *state;
        received.admit(None, seen).replayed().hold(active, watchers);
    }

    /// Notes the time at which the head began, if it has rows.
    pub(crate) fn begin(&self, now: Timestamp) {
        self.lock().active.begin(now);
    }

    /// Takes back what could not be logged.
    pub(crate) fn withdraw(&self, admitted: Vec<Admitted>) {
        let mut state = self.lock();
        for admitted in admitted {
            admitted.withdraw(&mut state.seen);
        }
    }

    /// Makes visible what was logged, and shows it to those who watch.
    pub(crate) fn hold(&self, logged: Vec<Logged>, now: Timestamp) -> Vec<Appended> {
        let mut state = self.lock();
        let State { active, watchers, .. } = &mut *state;
        let appended = logged.into_iter().map(|logged| logged.hold(active, watchers)).collect();
        active.begin(now);
        appended
    }

    /// Closes the active generation, unless one is being written still or it is empty. The caller
    /// is the log's writer, so nothing is admitted and not yet held.
    pub(crate) fn seal(&self, checkpoint: Checkpoint) -> Option<Arc<Sealed>> {
        let mut state = self.lock();
        if state.sealed.is_none() && state.active.rows() > 0 {
            let rows = std::mem::take(&mut state.active);
            let seen = std::mem::take(&mut state.seen);
            state.sealed = Some(Arc::new(Sealed { rows, seen, checkpoint }));
        }
        state.sealed.clone()
    }

    /// The generation that waits to be published.
    pub(crate) fn sealed(&self) -> Option<Arc<Sealed>> {
        self.lock().sealed.clone()
    }

    /// Shows a newer manifest. If it holds the sealed generation, that is let go in the same
    /// moment, whoever found out that it was published.
    pub(crate) fn advance(&self, manifest: Arc<Manifest>) {
        let mut state = self.lock();
        if manifest.number <= state.manifest.number {
            return;
        }
        let published = manifest.checkpoint(self.writer);
        state.sealed = state.sealed.take().filter(|sealed| Some(sealed.checkpoint) > published);
        state.manifest = manifest;
        drop(state);
        self.advanced.notify_waiters();
    }

    /// Completes at the next call of [`advance`](Self::advance), also if that comes before the
    /// first poll.
    pub(crate) fn advanced(&self) -> Notified<'_> {
        self.advanced.notified()
    }

    /// A panic while the lock was held can only have been an exhausted memory: the state is whole
    /// after each statement above, so going on is safe.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn view(&self, tenant: &TenantId) -> (Arc<Manifest>, Vec<Table>) {
        let sealed = self.sealed.as_ref().and_then(|sealed| sealed.rows.table(tenant));
        let tables = sealed.into_iter().chain(self.active.table(tenant)).cloned().collect();
        (Arc::clone(&self.manifest), tables)
    }
}
