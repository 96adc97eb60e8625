//! What goes into one push: whole parcels.

use std::sync::Arc;

use model::{Entry, Labels, Stream};

use crate::custody::Ticket;
use crate::write::Streams;

/// Entries on their way to a sink, with the ticket that stands for them.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The entries.
    pub entries: Vec<(Labels, Entry)>,
    /// How many records they were made of.
    pub records: u64,
    /// Who hears when they are dealt with.
    pub ticket: Arc<Ticket>,
}

/// Parcels on their way to a sink together.
///
/// A batch holds whole parcels, in the order in which they were read, and batches are settled in
/// that order too; so the position of a file after its last parcel is the file's when the batch is
/// settled.
#[derive(Debug, Default)]
pub struct Batch {
    streams: Streams,
    records: u64,
    tickets: Vec<Arc<Ticket>>,
}

impl Batch {
    /// Takes a parcel.
    pub fn add(&mut self, parcel: Parcel) {
        self.records += parcel.records;
        self.tickets.push(parcel.ticket);
        for (labels, entry) in parcel.entries {
            self.streams.add(labels, entry);
        }
    }

    /// The entries, by stream.
    pub fn streams(&self) -> &[Stream] {
        self.streams.streams()
    }

    /// How many bytes the lines and their metadata have.
    pub fn bytes(&self) -> usize {
        self.streams.bytes()
    }

    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        self.streams.entries()
    }

    /// How many records the entries were made of.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The tickets of all parcels, in their order.
    pub fn tickets(&self) -> &[Arc<Ticket>] {
        &self.tickets
    }

    /// Gives away the tickets.
    pub fn into_tickets(self) -> Vec<Arc<Ticket>> {
        self.tickets
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::custody::Custody;
    use crate::status::Progress;
    use crate::tail::Positions;

    #[test]
    fn streams_are_gathered_and_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let custody = Custody::new(Positions::open(folder.path()).unwrap(), Progress::new());
        let mut batch = Batch::default();
        for (no, line) in [(1, "a1"), (2, "b1"), (1, "a2")] {
            let labels = Labels::new([("file", no.to_string())]);
            let mut entry = Entry::new(Timestamp(0), line);
            entry.metadata = Labels::new([("pod", "p")]);
            let (entries, ticket) = (vec![(labels, entry)], Arc::new(custody.ticket_of_queued(1)));
            batch.add(Parcel { entries, records: 3, ticket });
        }
        let show = |stream: &Stream| {
            let lines: Vec<&str> = stream.entries.iter().map(|entry| &*entry.line).collect();
            format!("{} {}", stream.labels, lines.join(" "))
        };
        let shown: Vec<String> = batch.streams().iter().map(show).collect();
        assert_eq!(shown, [r#"{file="1"} a1 a2"#, r#"{file="2"} b1"#]);
        assert_eq!((batch.bytes(), batch.entries(), batch.records()), (18, 3, 9));
        assert_eq!(batch.tickets().len(), 3);
    }
}
