//! Streams that were pushed to lately, by the text of their labels: a stream is pushed to again and
//! again, mostly with equal metadata, and making both costs more than its few lines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use model::Labels;

use crate::push::decode::RawStream;
use crate::service_name::with_service_name;

/// What was sent and is remembered, in bytes; beyond, all is forgotten. What is made of it occupies
/// about five times as much. It is enough for 20,000 streams.
const SENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The labels of streams by their text, with the service's name added, and the metadata that they
/// had last. The streams of every sender may be in it: it tells nothing but what they sent.
#[derive(Debug, Default)]
pub struct KnownStreams {
    /// The labels that tell a service's name.
    sources: Vec<String>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Senders choose the texts, so the hash has a seed that they do not know.
    streams: HashMap<Box<str>, KnownStream, RandomState>,
    sent_bytes: usize,
}

#[derive(Debug, Clone)]
pub(super) struct KnownStream {
    pub(super) labels: Labels,
    pub(super) metadata: Option<Arc<KnownMetadata>>,
}

/// The metadata of an entry.
#[derive(Debug)]
pub(super) struct KnownMetadata {
    /// As it was sent.
    pub(super) bytes: Box<[u8]>,
    /// How many pairs that were.
    pub(super) pairs: usize,
    pub(super) labels: Labels,
}

impl KnownStreams {
    /// No streams yet. Labels get a `service_name` by these [sources](with_service_name).
    #[must_use]
    pub fn new(sources: Vec<String>) -> Self {
        Self { sources, known: Mutex::default() }
    }

    /// A stream, or what is wrong with the text of its labels.
    pub(super) fn stream(&self, text: &str) -> Result<KnownStream, String> {
        if let Some(stream) = self.with(|known| known.streams.get(text).cloned()) {
            return Ok(stream);
        }
        let labels = serviced(read(text)?, &self.sources);
        let is_empty = labels.is_empty();
        let stream = KnownStream { labels, metadata: None };
        if !is_empty {
            self.with(|known| known.insert(text, stream.clone()));
        }
        Ok(stream)
    }

    /// Streams of a form that has their labels apart, with the names of their services.
    pub(super) fn named(&self, mut streams: Vec<RawStream>) -> Vec<RawStream> {
        name_services(&mut streams, &self.sources);
        streams
    }

    /// Remembers the metadata that a stream had last, if the stream is remembered.
    pub(super) fn remember(&self, text: &str, metadata: Arc<KnownMetadata>) {
        self.with(|known| {
            let Some(stream) = known.streams.get_mut(text) else { return };
            known.sent_bytes += metadata.bytes.len();
            let before = stream.metadata.replace(metadata);
            known.sent_bytes -= before.map_or(0, |before| before.bytes.len());
            known.bound();
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn insert(&mut self, text: &str, stream: KnownStream) {
        if self.streams.insert(text.into(), stream).is_none() {
            self.sent_bytes += text.len();
            self.bound();
        }
    }

    fn bound(&mut self) {
        if self.sent_bytes > SENT_BYTES_MAX {
            *self = Self::default();
        }
    }
}

/// Gives each stream the name of its service.
pub(super) fn name_services(streams: &mut [RawStream], sources: &[String]) {
    for labels in streams.iter_mut().filter_map(|stream| stream.labels.as_mut().ok()) {
        *labels = serviced(std::mem::take(labels), sources);
    }
}

/// A stream without labels is refused, so it must not get any.
fn serviced(labels: Labels, sources: &[String]) -> Labels {
    if labels.is_empty() { labels } else { with_service_name(&labels, sources) }
}

fn read(text: &str) -> Result<Labels, String> {
    match text.trim() {
        "" => Ok(Labels::default()),
        text => Labels::parse(text).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: &KnownStreams, text: &str, expect: &str) {
        for _ in 0..2 {
            let stream = known.stream(text);
            assert_eq!(stream.map_or_else(|error| error, |s| s.labels.to_string()), expect);
        }
    }

    #[test]
    fn what_is_known_is_what_was_read() {
        let known = KnownStreams::new(vec!["app".to_owned()]);
        check(&known, r#"{app="a"}"#, r#"{app="a", service_name="a"}"#);
        check(&known, r#"{b="1"}"#, r#"{b="1", service_name="unknown_service"}"#);
        check(&known, " {} ", "{}");
        check(&known, "", "{}");
        check(
            &known,
            "{",
            "invalid labels: expected a label name ([a-zA-Z_][a-zA-Z0-9_]*) at byte 1 of \"{\"",
        );
        check(&KnownStreams::default(), r#"{app="a"}"#, r#"{app="a"}"#);
    }

    #[test]
    fn a_stream_that_is_known_shares_its_labels() {
        let known = KnownStreams::default();
        let labels = |text: &str| known.stream(text).unwrap().labels;
        assert!(labels(r#"{a="1"}"#).is_shared_with(&labels(r#"{a="1"}"#)));
    }

    /// Remembers streams with labels and metadata of so many bytes, and tells how many are left.
    #[track_caller]
    fn check_bound(sizes: &[(usize, usize)], expect: usize) {
        let known = KnownStreams::default();
        for (n, (label_bytes, metadata_bytes)) in sizes.iter().enumerate() {
            let text = format!("{{a=\"{n}\", b=\"{}\"}}", "x".repeat(*label_bytes));
            known.stream(&text).unwrap();
            let bytes = vec![0; *metadata_bytes].into();
            let metadata = KnownMetadata { bytes, pairs: 1, labels: Labels::default() };
            known.remember(&text, Arc::new(metadata));
            assert!(known.with(|known| known.sent_bytes) <= SENT_BYTES_MAX);
        }
        assert_eq!(known.with(|known| known.streams.len()), expect);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        const MIB: usize = 1024 * 1024;
        check_bound(&[(MIB, 0); 9], 1);
        check_bound(&[(1, MIB); 9], 1);
        check_bound(&[(1, MIB); 7], 7);
        check_bound(&[(1, 1), (SENT_BYTES_MAX, 1)], 0);
        check_bound(&[(1, 1), (1, SENT_BYTES_MAX)], 0);
    }

    #[test]
    fn only_the_last_metadata_of_a_stream_is_counted() {
        let known = KnownStreams::default();
        known.stream("{a=\"1\"}").unwrap();
        for _ in 0..3 {
            let bytes = vec![0; SENT_BYTES_MAX / 2].into();
            let metadata = KnownMetadata { bytes, pairs: 1, labels: Labels::default() };
            known.remember("{a=\"1\"}", Arc::new(metadata));
        }
        assert_eq!(known.with(|known| known.sent_bytes), SENT_BYTES_MAX / 2 + 7);
    }
}
