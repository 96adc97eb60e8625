//! What happened, one line an event. Two runs of one seed must agree in every byte.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The events so far. Cloning shares them.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    start: Instant,
    text: Arc<Mutex<String>>,
}

impl Trace {
    /// Nothing has happened yet. It must be called within the runtime.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), text: Arc::default() }
    }

    /// Notes an event, with the virtual time since the start.
    pub(crate) fn note(&self, who: &str, what: impl Display) {
        let seconds = self.start.elapsed().as_secs_f64();
        lock(&self.text).push_str(&format!("{seconds:>10.3} {who:<6} {what}\n"));
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        lock(&self.text).clone()
    }
}

/// The randomness of one part of a run, which no other part disturbs.
pub(crate) fn rng(seed: u64, part: &str) -> fastrand::Rng {
    fastrand::Rng::with_seed(xxh3_64_with_seed(part.as_bytes(), seed))
}

/// A panic anywhere ends the run, so what a lock guards is looked at no more.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
