//! What travels through a pipeline: a log entry with what was extracted from it, and where it came
//! from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use model::{Labels, Timestamp};

use crate::extracted::Extracted;

/// One log entry on its way.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The labels; entries that nothing told apart share their memory.
    pub labels: Labels,
    /// When it was written, as far as is known yet.
    pub timestamp: Timestamp,
    /// The line, without its final newline.
    pub line: String,
    /// Structured metadata.
    pub metadata: Labels,
    /// What stages took out of it, for later stages to use. A pipeline begins with the labels.
    pub extracted: Extracted,
    /// What it was made of.
    pub origins: Origins,
}

/// Something that an entry came from: a place in a file, a request. Nothing is known of it here but
/// that it is settled when the last entry that came from it is gone.
pub trait Origin: fmt::Debug + Send + Sync {}

/// The origins of an entry; nearly always one.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    first: Option<Arc<dyn Origin>>,
    more: Vec<Arc<dyn Origin>>,
}

impl Entry {
    /// An entry with nothing but these.
    #[must_use]
    pub fn new(labels: Labels, timestamp: Timestamp, line: impl Into<String>) -> Self {
        Self { labels, timestamp, line: line.into(), ..Self::default() }
    }

    /// The text that a stage works on: an extracted value, or the line where no source is named.
    /// `None` when the value is not there or has no text.
    pub(crate) fn input(&self, source: Option<&str>) -> Option<Cow<'_, str>> {
        match source {
            None => Some(Cow::Borrowed(&self.line)),
            Some(name) => self.extracted.text(name),
        }
    }
}

impl Origins {
    /// One origin.
    #[must_use]
    pub fn one(origin: Arc<dyn Origin>) -> Self {
        Self { first: Some(origin), more: Vec::new() }
    }

    /// Adds those of an entry that was joined to this one. Lines that follow one another often have
    /// the same origin; it is kept once.
    pub fn merge(&mut self, others: Self) {
        for origin in others.first.into_iter().chain(others.more) {
            let last = self.more.last().or(self.first.as_ref());
            if last.is_some_and(|last| Arc::ptr_eq(last, &origin)) {
                continue;
            }
            if self.first.is_none() {
                self.first = Some(origin);
            } else {
                self.more.push(origin);
            }
        }
    }

    /// All of them, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Origin>> {
        self.first.iter().chain(&self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Place;

    impl Origin for Place {}

    #[test]
    fn a_repeated_origin_is_kept_once() {
        let (a, b): (Arc<dyn Origin>, Arc<dyn Origin>) = (Arc::new(Place), Arc::new(Place));
        let mut origins = Origins::default();
        for origin in [&a, &a, &b, &b, &a] {
            origins.merge(Origins::one(Arc::clone(origin)));
        }
        assert_eq!(origins.iter().count(), 3);
        drop(origins);
        assert_eq!(Arc::strong_count(&a) + Arc::strong_count(&b), 2);
    }
}
