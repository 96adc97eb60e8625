//! Points on a line's road at which a test can stop the process, or make a step fail.
//!
//! A point lies after every hop, where what was done so far is all that a crash would leave. The
//! store calls [`FailPoints::pass`] there; without a test it does nothing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// What has just been done, or is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hop {
    /// A record of the log was written and is not yet synced.
    LogWritten,
    /// It was synced, so its appends are durable.
    LogSynced,
    /// Whoever waits for an append was told that it is durable.
    Acknowledged,
    /// The head was closed, to be written as segments.
    Sealed,
    /// A segment was uploaded that no manifest names.
    Uploaded,
    /// All segments of a flush are there; the manifest that names them is about to be committed.
    Committing,
    /// It was committed.
    Committed,
    /// The log's files before the checkpoint were removed.
    Trimmed,
    /// Segments were merged, in memory.
    CompactionMerged,
    /// What they were merged to was uploaded; no manifest names it.
    CompactionUploaded,
    /// A manifest names it in place of what it was merged from.
    CompactionCommitted,
    /// Objects that no manifest names any more are about to be deleted.
    Deleting,
    /// They were deleted.
    Deleted,
}

impl Hop {
    /// Every hop, in the order in which a line passes them.
    pub const ALL: [Self; 13] = [
        Self::LogWritten,
        Self::LogSynced,
        Self::Acknowledged,
        Self::Sealed,
        Self::Uploaded,
        Self::Committing,
        Self::Committed,
        Self::Trimmed,
        Self::CompactionMerged,
        Self::CompactionUploaded,
        Self::CompactionCommitted,
        Self::Deleting,
        Self::Deleted,
    ];

    /// Its name, as a person types it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LogWritten => "wal:written",
            Self::LogSynced => "wal:synced",
            Self::Acknowledged => "wal:acknowledged",
            Self::Sealed => "flush:sealed",
            Self::Uploaded => "flush:uploaded",
            Self::Committing => "flush:committing",
            Self::Committed => "flush:committed",
            Self::Trimmed => "flush:trimmed",
            Self::CompactionMerged => "compaction:merged",
            Self::CompactionUploaded => "compaction:uploaded",
            Self::CompactionCommitted => "compaction:committed",
            Self::Deleting => "delete:deleting",
            Self::Deleted => "delete:deleted",
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Hop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|hop| hop.name() == text);
        let names = || Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("there is no hop {text:?}; there are {}", names()))
    }
}

/// What happens at the hops: nothing, unless a test says otherwise.
#[derive(Clone, Default)]
pub struct FailPoints(Option<Arc<Act>>);

type Act = dyn Fn(Hop) -> Result<(), String> + Send + Sync;

impl FailPoints {
    /// Calls this at every hop. It may take its time, end the process, or return why the step
    /// fails: that is then treated as a failure of the disk or the object store.
    pub fn new(act: impl Fn(Hop) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(act)))
    }

    /// Aborts the process when a hop is passed for the given time, counted from 1: nothing is
    /// closed or written any more, as after `kill -9`.
    #[must_use]
    pub fn abort_at(hop: Hop, passing: u64) -> Self {
        let passed = AtomicU64::new(0);
        Self::new(move |at| {
            if at == hop && passed.fetch_add(1, Ordering::Relaxed) + 1 == passing {
                tracing::error!(%hop, passing, "aborting, as a fail point says");
                std::process::abort();
            }
            Ok(())
        })
    }

    /// The hop was reached.
    ///
    /// # Errors
    /// When a test wants the step to fail.
    pub fn pass(&self, hop: Hop) -> Result<(), Error> {
        match &self.0 {
            None => Ok(()),
            Some(act) => act(hop).map_err(|reason| Error::FailPoint { hop, reason }),
        }
    }
}

impl FromStr for FailPoints {
    type Err = String;

    /// Reads `<hop>:<passing>`, for example `wal:written:3`: there the process aborts.
    fn from_str(text: &str) -> Result<Self, String> {
        let (hop, passing) = text
            .rsplit_once(':')
            .and_then(|(hop, passing)| Some((hop, passing.parse().ok()?)))
            .ok_or_else(|| format!("{text:?} is not <hop>:<passing>, as in wal:written:3"))?;
        Ok(Self::abort_at(hop.parse()?, passing))
    }
}

impl fmt::Debug for FailPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "FailPoints(set)" } else { "FailPoints(none)" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_read_back_and_differ() {
        for hop in Hop::ALL {
            assert_eq!(hop.to_string().parse(), Ok(hop));
        }
        assert_eq!(Hop::ALL.map(Hop::name).into_iter().collect::<HashSet<_>>().len(), 13);
    }

    #[track_caller]
    fn check_refused(text: &str, expect: &str) {
        let error = text.parse::<FailPoints>().unwrap_err();
        assert!(error.starts_with(expect), "{error}");
    }

    #[test]
    fn what_is_no_fail_point_is_refused() {
        check_refused("wal:written", "\"wal:written\" is not <hop>:<passing>");
        check_refused("wal:rotten:1", "there is no hop \"wal:rotten\"; there are wal:written, ");
        assert!("flush:committed:2".parse::<FailPoints>().is_ok());
    }

    #[test]
    fn only_the_hop_that_is_named_fails() {
        let fail = |hop| if hop == Hop::Sealed { Err("planned".to_owned()) } else { Ok(()) };
        let points = FailPoints::new(fail);
        let failing = Hop::ALL.into_iter().filter(|hop| points.pass(*hop).is_err());
        assert_eq!(failing.collect::<Vec<_>>(), [Hop::Sealed]);
        assert!(Hop::ALL.into_iter().all(|hop| FailPoints::default().pass(hop).is_ok()));
    }
}
