//! [`Watch`]: the rows of a tenant that become visible after a [`Snapshot`](crate::Snapshot), each
//! of them once.
//!
//! A watch and its snapshot begin at the same moment, under the lock that makes rows visible, so
//! that no row falls between them or is in both. What is shown is durable, and is no duplicate of
//! what the store has. Rows of other writers of the same object store are not shown.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Labels, Stream, TenantId, Timestamp};
use tokio::sync::Notify;

use crate::filter::StreamTest;
use crate::head::Generation;
use crate::live::Live;

/// What may wait for one watcher, in bytes; a stream that begins below it is still taken in. It is
/// a few seconds of a busy cluster, and appends never wait for a watcher.
const WAITING_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Of missed entries, how many are told one by one: as many as Loki tells.
pub const MISSED_TOLD_MAX: usize = 1000;

/// Shows what becomes visible, until it is dropped.
pub struct Watch {
    watcher: Arc<Watcher>,
    live: Arc<Live>,
}

/// What has become visible.
#[derive(Debug, Default)]
pub struct Arrived {
    /// In the order in which it was stored.
    pub streams: Vec<Arc<Stream>>,
    /// What was left out.
    pub missed: Missed,
}

/// Entries that were left out because the watcher was too slow. They are in the store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Missed {
    /// How many.
    pub entries: u64,
    /// The stream and time of the first [`MISSED_TOLD_MAX`] of them.
    pub first: Vec<(Labels, Timestamp)>,
}

/// All who watch a store.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Vec<Arc<Watcher>>);

/// One who watches, as those see it who make rows visible.
pub(crate) struct Watcher {
    tenant: TenantId,
    wanted: StreamTest,
    waiting: Mutex<Waiting>,
    arrival: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    arrived: Arrived,
    bytes: u64,
}

impl Watch {
    pub(crate) fn new(watcher: Arc<Watcher>, live: Arc<Live>) -> Self {
        Self { watcher, live }
    }

    /// Waits until something becomes visible, and gives all that waits. It may be dropped while it
    /// waits; nothing is lost by that.
    pub async fn next(&mut self) -> Arrived {
        loop {
            if let Some(arrived) = self.watcher.take() {
                return arrived;
            }
            self.watcher.arrival.notified().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.unwatch(&self.watcher);
    }
}

impl Watchers {
    pub(crate) fn add(&mut self, watcher: Arc<Watcher>) {
        self.0.push(watcher);
    }

    pub(crate) fn remove(&mut self, watcher: &Arc<Watcher>) {
        self.0.retain(|known| !Arc::ptr_eq(known, watcher));
    }

    /// Shows a stream to those who want it. They share one copy; where nobody does there is none.
    pub(crate) fn show(&self, tenant: &TenantId, stream: &Stream) {
        let mut copy = None;
        for watcher in &self.0 {
            if watcher.tenant == *tenant && (watcher.wanted)(&stream.labels) {
                watcher.offer(copy.get_or_insert_with(|| Arc::new(stream.clone())));
            }
        }
    }
}

impl Watcher {
    pub(crate) fn new(tenant: TenantId, wanted: StreamTest) -> Self {
        Self { tenant, wanted, waiting: Mutex::default(), arrival: Notify::new() }
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn offer(&self, stream: &Arc<Stream>) {
        let mut waiting = self.lock();
        if waiting.bytes < WAITING_BYTES_MAX {
            waiting.bytes += bytes(stream);
            waiting.arrived.streams.push(Arc::clone(stream));
        } else {
            waiting.arrived.missed.add(stream);
        }
        drop(waiting);
        self.arrival.notify_one();
    }

    fn take(&self) -> Option<Arrived> {
        let Waiting { arrived, .. } = std::mem::take(&mut *self.lock());
        let is_empty = arrived.streams.is_empty() && arrived.missed.entries == 0;
        (!is_empty).then_some(arrived)
    }

    /// What waits is whole after each statement above, so a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Missed {
    fn add(&mut self, stream: &Stream) {
        self.entries += stream.entries.len() as u64;
        let room = MISSED_TOLD_MAX - self.first.len();
        let told = stream.entries.iter().take(room);
        self.first.extend(told.map(|entry| (stream.labels.clone(), entry.timestamp)));
    }
}

fn bytes(stream: &Stream) -> u64 {
    Generation::stream_bytes(&stream.labels) + Generation::entries_bytes(&stream.entries)
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use model::Entry;

    use super::*;

    fn watcher(tenant: &str) -> Arc<Watcher> {
        let wanted: StreamTest = Arc::new(|labels| labels.get("app") != Some("other"));
        Arc::new(Watcher::new(TenantId::new(tenant).unwrap(), wanted))
    }

    fn stream(app: &str, lines: &[&str]) -> Stream {
        let entries = lines.iter().map(|line| Entry::new(Timestamp(1), *line)).collect();
        Stream { labels: Labels::new([("app", app)]), entries }
    }

    #[test]
    fn each_is_shown_what_it_wants_of_its_tenant() {
        let (mine, also_mine, other) = (watcher("a"), watcher("a"), watcher("b"));
        let watchers = Watchers(vec![Arc::clone(&mine), Arc::clone(&also_mine), other.clone()]);
        for app in ["x", "other", "y"] {
            watchers.show(&TenantId::new("a").unwrap(), &stream(app, &["line"]));
        }
        let (seen, also_seen) = (mine.take().unwrap().streams, also_mine.take().unwrap().streams);
        let apps: Vec<_> = seen.iter().map(|stream| stream.labels.get("app").unwrap()).collect();
        assert_eq!(apps, ["x", "y"]);
        assert!(Arc::ptr_eq(&seen[0], &also_seen[0]));
        assert!(mine.take().is_none() && other.take().is_none());
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_rest_is_shown() {
        let (watcher, large) = (watcher("a"), "x".repeat(WAITING_BYTES_MAX as usize));
        let watchers = Watchers(vec![Arc::clone(&watcher)]);
        let show = |lines: &[&str]| watchers.show(&watcher.tenant, &stream("x", lines));
        show(&[&large]);
        show(&["late"; MISSED_TOLD_MAX - 1]);
        show(&["late"; 2]);
        let Arrived { streams, missed } = watcher.take().unwrap();
        assert_eq!(streams.len(), 1);
        assert_eq!((missed.entries, missed.first.len()), (1001, MISSED_TOLD_MAX));
        show(&["in time"]);
        let Arrived { streams, missed } = watcher.take().unwrap();
        assert_eq!((streams.len(), missed), (1, Missed::default()));
    }
}
