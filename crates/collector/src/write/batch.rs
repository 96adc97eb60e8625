//! What goes into one push: whole parcels, their entries gathered by stream.

use std::collections::HashMap;

use model::{Entry, Labels, Stream};

use crate::stage::Position;
use crate::tail::{Delivery, FileNo};

/// Parcels on their way to the store together.
///
/// A batch holds whole parcels, in the order in which they were read, and batches are settled in
/// that order too; so the position of a file after its last parcel is the file's when the batch is
/// settled.
#[derive(Debug, Default)]
pub struct Batch {
    streams: Vec<Stream>,
    by_labels: HashMap<Labels, usize>,
    bytes: usize,
    entries: u64,
    records: u64,
    settlements: Vec<Settlement>,
}

/// What is known of a file once a batch is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// The file.
    pub no: FileNo,
    /// How far it is dealt with.
    pub position: Position,
    /// Whether nothing more will come of it.
    pub is_last: bool,
}

impl Batch {
    /// Takes a parcel.
    pub fn add(&mut self, delivery: Delivery) {
        let Delivery { no, parcel, is_last } = delivery;
        self.entries += parcel.entries.len() as u64;
        self.records += parcel.records;
        self.settlements.push(Settlement { no, position: parcel.position, is_last });
        for (labels, entry) in parcel.entries {
            self.bytes += size(&entry);
            let at = *self.by_labels.entry(labels).or_insert_with_key(|labels| {
                self.streams.push(Stream { labels: labels.clone(), entries: Vec::new() });
                self.streams.len() - 1
            });
            self.streams[at].entries.push(entry);
        }
    }

    /// The entries, by stream.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// How many bytes the lines and their metadata have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many records the entries were made of.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What is known of the files once this is dealt with.
    pub fn settlements(&self) -> &[Settlement] {
        &self.settlements
    }
}

/// What an entry adds to a push. Metadata counts as it does in Loki's limits: where lines are short
/// it is the larger part.
fn size(entry: &Entry) -> usize {
    let pairs = entry.metadata.iter();
    entry.line.len() + pairs.map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::stage::Parcel;

    #[test]
    fn streams_are_gathered_and_keep_their_order() {
        let mut batch = Batch::default();
        for (no, line) in [(1, "a1"), (2, "b1"), (1, "a2")] {
            let labels = Labels::new([("file", no.to_string())]);
            let mut entry = Entry::new(Timestamp(0), line);
            entry.metadata = Labels::new([("pod", "p")]);
            let entries = vec![(labels, entry)];
            let position = Position { replay_from: no, ..Position::default() };
            let parcel = Parcel { entries, records: 3, position, ..Parcel::default() };
            batch.add(Delivery { no: FileNo(no), parcel, is_last: false });
        }
        let show = |stream: &Stream| {
            let lines: Vec<&str> = stream.entries.iter().map(|entry| &*entry.line).collect();
            format!("{} {}", stream.labels, lines.join(" "))
        };
        let shown: Vec<String> = batch.streams().iter().map(show).collect();
        assert_eq!(shown, [r#"{file="1"} a1 a2"#, r#"{file="2"} b1"#]);
        assert_eq!((batch.bytes(), batch.entries(), batch.records()), (18, 3, 9));
        assert_eq!(batch.settlements().len(), 3);
    }
}
