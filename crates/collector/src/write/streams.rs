//! Entries on their way to a store together, gathered by stream.

use std::collections::HashMap;

use model::{Entry, Labels, Stream};

/// Entries, gathered by stream; those of one stay in their order.
#[derive(Debug, Default)]
pub struct Streams {
    streams: Vec<Stream>,
    by_labels: HashMap<Labels, usize>,
    /// The stream of the entry that came last.
    last: usize,
    bytes: usize,
    entries: u64,
}

impl Streams {
    /// Takes an entry.
    pub fn add(&mut self, labels: Labels, entry: Entry) {
        self.entries += 1;
        self.bytes += size(&entry);
        // The next line is mostly of the same stream, and its labels the same in memory.
        if let Some(stream) = self.streams.get_mut(self.last)
            && stream.labels.is_shared_with(&labels)
        {
            stream.entries.push(entry);
            return;
        }
        let at = *self.by_labels.entry(labels).or_insert_with_key(|labels| {
            self.streams.push(Stream { labels: labels.clone(), entries: Vec::new() });
            self.streams.len() - 1
        });
        self.streams[at].entries.push(entry);
        self.last = at;
    }

    /// The entries, by stream.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// How many bytes the lines and their metadata have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }
}

/// What an entry adds to a push. Metadata counts as it does in Loki's limits: where lines are short
/// it is the larger part.
fn size(entry: &Entry) -> usize {
    entry.line.len() + entry.metadata.text_bytes()
}
