//! Where work runs that does not give way while it hashes, encodes or waits for the disk.

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn, spawn_blocking};

/// Where such work runs, which whoever opens a store decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// On the runtime's threads for blocking work, so that it holds up nobody who appends or asks.
    #[default]
    Blocking,
    /// As a task like any other: on a runtime of one thread a run can then be repeated step by
    /// step.
    InPlace,
}

impl Threads {
    /// Starts work, which goes on when the handle is dropped. It must be called within a tokio
    /// runtime.
    pub(crate) fn start<T: Send + 'static>(
        self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match self {
            Self::Blocking => {
                let runtime = Handle::current();
                spawn_blocking(move || runtime.block_on(work))
            }
            Self::InPlace => spawn(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(threads: Threads, expect_same_thread: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let caller = std::thread::current().id();
        let worker = runtime.block_on(async {
            threads.start(async { std::thread::current().id() }).await.unwrap()
        });
        assert_eq!(worker == caller, expect_same_thread);
    }

    #[test]
    fn work_runs_where_it_is_told() {
        check(Threads::Blocking, false);
        check(Threads::InPlace, true);
    }
}
