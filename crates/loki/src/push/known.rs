//! Streams that were pushed to lately, by the text of their labels: a stream is pushed to again and
//! again, and making its labels costs more than its few lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use model::Labels;

use crate::service_name::with_service_name;

/// The text that is remembered, in bytes; beyond, all is forgotten. The labels occupy about five
/// times as much, and it is enough for 50,000 streams.
const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The labels of streams by their text, with the service's name added. The streams of every sender
/// may be in it: it tells nothing but what their texts tell.
#[derive(Debug, Default)]
pub struct KnownStreams {
    /// The labels that tell a service's name.
    sources: Vec<String>,
    /// Senders choose the texts, so the hash has a seed that they do not know.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    labels: HashMap<Box<str>, Labels, RandomState>,
    text_bytes: usize,
}

impl KnownStreams {
    /// No streams yet. Labels get a `service_name` by these [sources](with_service_name).
    #[must_use]
    pub fn new(sources: Vec<String>) -> Self {
        Self { sources, known: Mutex::default() }
    }

    /// The labels of a stream, or what is wrong with their text.
    pub(super) fn labels(&self, text: &str) -> Result<Labels, String> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(labels) = known().labels.get(text) {
            return Ok(labels.clone());
        }
        let labels = read(text)?;
        // A stream without labels is refused, so it must not get any.
        if labels.is_empty() {
            return Ok(labels);
        }
        let labels = with_service_name(&labels, &self.sources);
        known().insert(text, labels.clone());
        Ok(labels)
    }
}

impl Known {
    fn insert(&mut self, text: &str, labels: Labels) {
        if self.text_bytes + text.len() > TEXT_BYTES_MAX {
            *self = Self::default();
        }
        if text.len() <= TEXT_BYTES_MAX && self.labels.insert(text.into(), labels).is_none() {
            self.text_bytes += text.len();
        }
    }
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
            let labels = known.labels(text);
            assert_eq!(labels.map_or_else(|error| error, |labels| labels.to_string()), expect);
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
        let labels = |text: &str| known.labels(text).unwrap();
        assert!(labels(r#"{a="1"}"#).is_shared_with(&labels(r#"{a="1"}"#)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = KnownStreams::default();
        for n in 0..9 {
            let text = format!("{{a=\"{n}\", b=\"{}\"}}", "x".repeat(1024 * 1024));
            known.labels(&text).unwrap();
            assert!(known.known.lock().unwrap().text_bytes <= TEXT_BYTES_MAX);
        }
        assert_eq!(known.known.lock().unwrap().labels.len(), 2);
        known.labels(&format!("{{b=\"{}\"}}", "x".repeat(TEXT_BYTES_MAX))).unwrap();
        assert!(known.known.lock().unwrap().labels.is_empty());
    }
}
