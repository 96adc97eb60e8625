//! Whether a process lives. What it works with, its disk and its connection, asks before every
//! step, so that nothing of it goes on after its end.

use std::sync::{Arc, Mutex};

use store::{FailPoints, Hop};
use tokio::sync::Notify;

use crate::trace::lock;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process is killed. What it wrote is in the operating system's memory.
    Killed,
    /// The power fails. What was not synced is lost, or some of it.
    PowerLost,
}

/// The life of one process. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Power(Arc<Life>);

#[derive(Debug, Default)]
struct Life {
    end: Mutex<Option<End>>,
    /// The hop at which it ends, how often it is passed before, and how it ends.
    fuse: Mutex<Option<(Hop, u32, End)>>,
    over: Notify,
}

impl Power {
    pub(crate) fn is_on(&self) -> bool {
        self.end().is_none()
    }

    pub(crate) fn end(&self) -> Option<End> {
        *lock(&self.0.end)
    }

    pub(crate) fn cut(&self, end: End) {
        lock(&self.0.end).get_or_insert(end);
        self.0.over.notify_one();
    }

    /// Somebody else is to take its place, though it goes on.
    pub(crate) fn leave(&self) {
        self.0.over.notify_one();
    }

    /// Waits until its place is empty.
    pub(crate) async fn over(&self) {
        self.0.over.notified().await;
    }

    /// It will end when this hop was passed so many times more.
    pub(crate) fn set_fuse(&self, hop: Hop, passes: u32, end: End) {
        *lock(&self.0.fuse) = Some((hop, passes, end));
    }

    /// It will not end by itself.
    pub(crate) fn disarm(&self) {
        *lock(&self.0.fuse) = None;
    }

    /// What the store is given: it ends the process where the fuse says.
    pub(crate) fn fail_points(&self, ended: impl Fn(Hop) + Send + Sync + 'static) -> FailPoints {
        let power = self.clone();
        FailPoints::new(move |hop| {
            if power.burn(hop) {
                ended(hop);
            }
            if power.is_on() { Ok(()) } else { Err("the process has ended".to_owned()) }
        })
    }

    fn burn(&self, passed: Hop) -> bool {
        let mut fuse = lock(&self.0.fuse);
        match &mut *fuse {
            Some((hop, passes, _)) if *hop == passed && *passes > 0 => {
                *passes -= 1;
                false
            }
            Some((hop, _, end)) if *hop == passed => {
                self.cut(*end);
                *fuse = None;
                true
            }
            _ => false,
        }
    }
}
