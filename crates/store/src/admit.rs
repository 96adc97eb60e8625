//! The states of an append: [`Received`] → [`Admitted`] → [`Logged`] → [`Appended`].
//!
//! Each step takes the one before it by value, so an append cannot be acknowledged that was not
//! logged, nor be logged with lines that the store has already. A line is a duplicate when stream,
//! timestamp and text are the same; it is dropped here and nowhere else, once and for all.

use model::{Entry, Labels, Stream, TenantId};

use crate::head::{Fingerprint, Generation, MetadataHash, Prints, Seen};
use crate::wal::{Payload, Written};
use crate::watch::Watchers;

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Entries that were stored.
    pub accepted: usize,
    /// Entries that the store had already.
    pub duplicates: usize,
}

/// An append as it came, with the fingerprint of each entry.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) tenant: TenantId,
    pub(crate) streams: Vec<ReceivedStream>,
    duplicates: usize,
}

/// A stream of an append; `prints` goes along with `entries`.
#[derive(Debug)]
pub(crate) struct ReceivedStream {
    pub(crate) labels: Labels,
    pub(crate) entries: Vec<Entry>,
    pub(crate) prints: Vec<Fingerprint>,
}

impl Received {
    /// Takes the fingerprints. Neighbours with equal metadata share its memory from here on.
    pub(crate) fn new(tenant: TenantId, streams: Vec<Stream>) -> Self {
        let streams = streams.into_iter().filter(|stream| !stream.entries.is_empty());
        Self { tenant, streams: streams.map(ReceivedStream::new).collect(), duplicates: 0 }
    }

    /// What the entries occupy, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let labels = self.streams.iter().map(|stream| Generation::stream_bytes(&stream.labels));
        let entries = self.streams.iter().map(|s| Generation::entries_bytes(&s.entries));
        labels.chain(entries).sum()
    }

    /// Drops the entries that are in published segments.
    pub(crate) fn drop_published(&mut self, published: &[Prints]) {
        for (stream, published) in self.streams.iter_mut().zip(published) {
            self.duplicates += stream.retain(|print| !published.contains(&print));
        }
    }

    /// Drops the entries that the head has, or that come twice in this append, and notes the
    /// others as seen. If they cannot be logged they must be withdrawn.
    pub(crate) fn admit(mut self, older: Option<&Seen>, seen: &mut Seen) -> Admitted {
        for stream in &mut self.streams {
            let older = older.and_then(|older| older.stream(&self.tenant, &stream.labels));
            let seen = seen.stream_mut(&self.tenant, &stream.labels);
            let is_new = |print| !older.is_some_and(|s| s.contains(&print)) && seen.insert(print);
            self.duplicates += stream.retain(is_new);
        }
        let mut streams = Vec::with_capacity(self.streams.len());
        let mut prints = Vec::with_capacity(self.streams.len());
        for stream in self.streams.into_iter().filter(|stream| !stream.entries.is_empty()) {
            streams.push(Stream { labels: stream.labels, entries: stream.entries });
            prints.push(stream.prints);
        }
        Admitted { tenant: self.tenant, streams, prints, duplicates: self.duplicates }
    }
}

impl ReceivedStream {
    fn new(stream: Stream) -> Self {
        let Stream { labels, mut entries } = stream;
        let mut last = Labels::default();
        let mut hash = MetadataHash::new(&last);
        let mut prints = Vec::with_capacity(entries.len());
        for entry in &mut entries {
            if !entry.metadata.is_shared_with(&last) {
                if entry.metadata != last {
                    last = entry.metadata.clone();
                    hash = MetadataHash::new(&last);
                }
                entry.metadata = last.clone();
            }
            prints.push(Fingerprint::new(entry.timestamp, &entry.line, hash));
        }
        Self { labels, entries, prints }
    }

    /// Keeps the entries whose fingerprint passes, and returns how many did not.
    fn retain(&mut self, mut keep: impl FnMut(Fingerprint) -> bool) -> usize {
        let before = self.entries.len();
        let kept: Vec<bool> = self.prints.iter().map(|print| keep(*print)).collect();
        if kept.iter().all(|kept| *kept) {
            return 0;
        }
        let mut next = kept.iter();
        self.entries.retain(|_| *next.next().unwrap_or(&true));
        let mut next = kept.iter();
        self.prints.retain(|_| *next.next().unwrap_or(&true));
        before - self.entries.len()
    }
}

/// An append without duplicates, noted as seen, not yet durable.
#[derive(Debug)]
#[must_use = "an admitted append is either logged or withdrawn"]
pub(crate) struct Admitted {
    tenant: TenantId,
    streams: Vec<Stream>,
    prints: Vec<Vec<Fingerprint>>,
    duplicates: usize,
}

impl Admitted {
    /// Whether there is nothing to log.
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Adds it to the record being written.
    pub(crate) fn encode(&self, record: &mut Payload<'_>) {
        record.append(&self.tenant, &self.streams);
    }

    /// It is durable: the log says so.
    pub(crate) fn logged(self, _proof: &Written) -> Logged {
        Logged { tenant: self.tenant, streams: self.streams, duplicates: self.duplicates }
    }

    /// It comes from the log.
    pub(crate) fn replayed(self) -> Logged {
        Logged { tenant: self.tenant, streams: self.streams, duplicates: self.duplicates }
    }

    /// It could not be logged, so it was not seen: it may be sent again.
    pub(crate) fn withdraw(self, seen: &mut Seen) {
        for (stream, prints) in self.streams.iter().zip(self.prints) {
            seen.forget(&self.tenant, &stream.labels, prints);
        }
    }

    /// Nothing was left of it, so there is nothing to log.
    pub(crate) fn nothing_new(self) -> Appended {
        debug_assert!(self.is_empty(), "only an empty append needs no log");
        Appended { accepted: 0, duplicates: self.duplicates }
    }
}

/// An append that is durable, not yet visible.
#[derive(Debug)]
#[must_use = "a logged append must be held, or it is invisible until the next start"]
pub(crate) struct Logged {
    tenant: TenantId,
    streams: Vec<Stream>,
    duplicates: usize,
}

impl Logged {
    /// Makes it visible. Now it may be acknowledged.
    pub(crate) fn hold(self, head: &mut Generation, watchers: &Watchers) -> Appended {
        let mut accepted = 0;
        for stream in self.streams {
            accepted += stream.entries.len();
            watchers.show(&self.tenant, &stream);
            head.insert(&self.tenant, stream);
        }
        Appended { accepted, duplicates: self.duplicates }
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    fn received(entries: &[(i64, &str)]) -> Received {
        let entries = entries.iter().map(|(t, line)| Entry::new(Timestamp(*t), *line));
        let labels = Labels::new([("app", "x")]);
        Received::new(TenantId::default(), vec![Stream { labels, entries: entries.collect() }])
    }

    #[track_caller]
    fn check(seen: &mut Seen, entries: &[(i64, &str)], expect_new: &[&str]) -> Admitted {
        let admitted = received(entries).admit(None, seen);
        let lines = admitted.streams.iter().flat_map(|s| &s.entries).map(|e| e.line.as_str());
        assert_eq!(lines.collect::<Vec<_>>(), expect_new);
        assert_eq!(admitted.duplicates, entries.len() - expect_new.len());
        admitted
    }

    #[test]
    fn exact_duplicates_are_dropped() {
        let mut seen = Seen::default();
        let _ = check(&mut seen, &[(1, "a"), (1, "b"), (1, "a"), (2, "a")], &["a", "b", "a"]);
        let _ = check(&mut seen, &[(2, "a"), (3, "a")], &["a"]);
        let empty = check(&mut seen, &[(3, "a")], &[]);
        assert_eq!(empty.nothing_new(), Appended { accepted: 0, duplicates: 1 });
    }

    #[test]
    fn entries_that_differ_in_their_metadata_are_no_duplicates() {
        let entry = |copy: &str| Entry {
            metadata: Labels::new([("copy", copy)]),
            ..Entry::new(Timestamp(1), "a")
        };
        let entries = vec![entry(""), entry("yes"), entry("yes"), entry("")];
        let streams = vec![Stream { labels: Labels::new([("app", "x")]), entries }];
        let received = Received::new(TenantId::default(), streams);
        let admitted = received.admit(None, &mut Seen::default());
        assert_eq!((admitted.streams[0].entries.len(), admitted.duplicates), (2, 2));
    }

    #[test]
    fn what_was_withdrawn_is_new_again() {
        let mut seen = Seen::default();
        let _ = check(&mut seen, &[(1, "a")], &["a"]);
        check(&mut seen, &[(1, "a"), (2, "b")], &["b"]).withdraw(&mut seen);
        let _ = check(&mut seen, &[(1, "a"), (2, "b")], &["b"]);
    }

    #[test]
    fn published_lines_are_dropped() {
        let mut again = received(&[(1, "a"), (2, "b")]);
        let none = MetadataHash::new(&Labels::default());
        again.drop_published(&[Prints::from_iter([Fingerprint::new(Timestamp(1), "a", none)])]);
        let admitted = again.admit(None, &mut Seen::default());
        assert_eq!((admitted.streams[0].entries.len(), admitted.duplicates), (1, 1));
    }
}
