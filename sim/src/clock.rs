//! Virtual time, and the clocks of hosts, which differ from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use model::{Clock, Timestamp};
use tokio::time::Instant;

/// When every run begins: 2026-11-22, a while after midnight.
const BEGIN: Timestamp = Timestamp(1_795_305_600_000_000_000 + 39_000_000_000_000);

/// How far the clock of a host may be off, in nanoseconds, one way or the other: what NTP leaves
/// after a bad day.
pub(crate) const OFF_MAX: i64 = 30_000_000_000;

/// The true time: that of tokio's paused clock, and days that are jumped over.
#[derive(Debug)]
pub(crate) struct WorldTime {
    start: Instant,
    jumped: AtomicI64,
}

impl WorldTime {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), jumped: AtomicI64::new(0) })
    }

    pub(crate) fn now(&self) -> Timestamp {
        BEGIN + self.start.elapsed() + self.jumped()
    }

    /// Jumps over a time, in which nothing happens anywhere.
    pub(crate) fn jump(&self, by: Duration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.jumped.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What was jumped over so far.
    pub(crate) fn jumped(&self) -> Duration {
        Duration::from_nanos(self.jumped.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// The clock of a host.
#[derive(Debug)]
pub(crate) struct HostClock {
    world: Arc<WorldTime>,
    off: AtomicI64,
}

impl HostClock {
    pub(crate) fn new(world: &Arc<WorldTime>) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), off: AtomicI64::new(0) })
    }

    /// Sets by how much it is ahead, in nanoseconds; behind if that is negative.
    pub(crate) fn set_off(&self, nanos: i64) {
        self.off.store(nanos.clamp(-OFF_MAX, OFF_MAX), Ordering::Relaxed);
    }
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.world.now().0 + self.off.load(Ordering::Relaxed))
    }
}
