//! The newest entry of each stream, for those who want entries refused that are far behind it.
//!
//! Loki must do so, because it appends to compressed chunks; our store need not. The memory is lost
//! when the server stops, as Loki's is.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use loki::push::{Reason, Rejection};
use model::{Stream, StreamId, TenantId, Timestamp};

/// Streams that are remembered; beyond, all are forgotten, and entries are let in that might have
/// been refused.
const STREAMS_MAX: usize = 1_000_000;

/// The newest entry of each stream.
#[derive(Debug)]
pub(crate) struct Newest {
    window: Duration,
    streams: Mutex<HashMap<(TenantId, StreamId), Timestamp>>,
}

impl Newest {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, streams: Mutex::default() }
    }

    /// Takes out of a push what is too far behind, and says so in Loki's words.
    pub(crate) fn sift(&self, tenant: &TenantId, streams: &mut Vec<Stream>) -> Vec<Rejection> {
        let mut known = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > STREAMS_MAX {
            known.clear();
        }
        let mut rejected = Vec::new();
        streams.retain_mut(|stream| {
            let id = (tenant.clone(), stream.labels.stream_id());
            let newest = match known.entry(id) {
                Slot::Occupied(slot) => slot.into_mut(),
                Slot::Vacant(slot) => slot.insert(Timestamp::MIN),
            };
            rejected.extend(self.sift_stream(tenant, stream, newest));
            !stream.entries.is_empty()
        });
        rejected
    }

    fn sift_stream(
        &self,
        tenant: &TenantId,
        stream: &mut Stream,
        newest: &mut Timestamp,
    ) -> Option<Rejection> {
        let total = stream.entries.len();
        let (mut bytes, mut first) = (0, None);
        stream.entries.retain(|entry| {
            let oldest = *newest - self.window;
            let kept = entry.timestamp >= oldest;
            if kept {
                *newest = entry.timestamp.max(*newest);
            } else {
                bytes += entry.line.len();
                first.get_or_insert((entry.timestamp, oldest));
            }
            kept
        });
        let (time, oldest) = first?;
        let entries = total - stream.entries.len();
        let (time, oldest) = (loki::time::rfc3339(time), loki::time::rfc3339(oldest));
        let text = format!(
            "entry with timestamp {time} ignored, reason: 'entry too far behind, entry timestamp \
             is: {time}, oldest acceptable timestamp is: {oldest}',\nuser '{tenant}', total \
             ignored: {entries} out of {total} for stream: {}",
            stream.labels
        );
        Some(Rejection { reason: Reason::TooFarBehind, text, entries, bytes })
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Labels};

    use super::*;

    /// Pushes entries at these seconds to one stream; returns those that are kept, and refused.
    #[track_caller]
    fn check(newest: &Newest, tenant: &str, seconds: &[i64], kept: &[i64], refused: usize) {
        let entries = seconds.iter().map(|s| Entry::new(Timestamp::from_secs(*s), "x")).collect();
        let mut streams = vec![Stream { labels: Labels::new([("a", "1")]), entries }];
        let rejected = newest.sift(&TenantId::new(tenant).unwrap(), &mut streams);
        let left = streams.iter().flat_map(|stream| &stream.entries);
        let left: Vec<_> = left.map(|entry| entry.timestamp.as_millis() / 1000).collect();
        assert_eq!(left, kept);
        assert_eq!(rejected.iter().map(|rejection| rejection.entries).sum::<usize>(), refused);
    }

    #[test]
    fn entries_far_behind_the_newest_of_their_stream_are_refused() {
        let newest = Newest::new(Duration::from_secs(10));
        check(&newest, "a", &[100, 90, 89, 105, 94, 95], &[100, 90, 105, 95], 2);
        check(&newest, "a", &[94], &[], 1);
        check(&newest, "b", &[94], &[94], 0);
        check(&newest, "a", &[200, 1], &[200], 1);
    }
}
