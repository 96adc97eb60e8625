//! The payload of a record: appends as bytes, and back.
//!
//! Decoding trusts nothing: every count is checked against the bytes that are left, so that a
//! damaged length cannot ask for memory.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use model::{Entry, Labels, Stream, TenantId, Timestamp};

/// What one caller appended: streams of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Append {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// The entries, in the order in which they came.
    pub(crate) streams: Vec<Stream>,
}

/// Appends the bytes of one append to `out`.
pub(crate) fn encode(tenant: &TenantId, streams: &[Stream], out: &mut Vec<u8>) {
    put_text(tenant.as_str(), out);
    put_count(streams.len(), out);
    for stream in streams {
        put_stream(stream, out);
    }
}

/// Reads a payload: appends, one after the other, to its end. `Err` is the offset at which the
/// bytes stop to make sense.
pub(crate) fn decode(payload: &[u8]) -> Result<Vec<Append>, usize> {
    let mut cursor = Cursor { bytes: payload, at: 0 };
    let mut appends = Vec::new();
    while cursor.at < payload.len() {
        let at = cursor.at;
        appends.push(cursor.append().ok_or(at)?);
    }
    Ok(appends)
}

fn put_stream(stream: &Stream, out: &mut Vec<u8>) {
    put_labels(&stream.labels, out);
    // Entries of one stream often share their metadata (one task, one pod), so each distinct set
    // is written once.
    let mut sets: Vec<&Labels> = Vec::new();
    let mut known: HashMap<&Labels, usize, RandomState> = HashMap::default();
    let mut indices = Vec::with_capacity(stream.entries.len());
    let mut last: Option<(&Labels, usize)> = None;
    for entry in &stream.entries {
        let index = match last {
            Some((last, index)) if last.is_shared_with(&entry.metadata) => index,
            _ => *known.entry(&entry.metadata).or_insert_with(|| {
                sets.push(&entry.metadata);
                sets.len() - 1
            }),
        };
        last = Some((&entry.metadata, index));
        indices.push(index);
    }
    put_count(sets.len(), out);
    for set in sets {
        put_labels(set, out);
    }
    put_count(stream.entries.len(), out);
    for (entry, index) in stream.entries.iter().zip(indices) {
        out.extend_from_slice(&entry.timestamp.as_nanos().to_le_bytes());
        put_count(index, out);
        put_text(&entry.line, out);
    }
}

fn put_labels(labels: &Labels, out: &mut Vec<u8>) {
    put_count(labels.len(), out);
    for (name, value) in labels.iter() {
        put_text(name, out);
        put_text(value, out);
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("an append is bounded by Config::append_bytes_max");
    out.extend_from_slice(&count.to_le_bytes());
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn append(&mut self) -> Option<Append> {
        let tenant = TenantId::new(self.text()?).ok()?;
        let streams = self.list(Self::stream)?;
        Some(Append { tenant, streams })
    }

    fn stream(&mut self) -> Option<Stream> {
        let labels = self.labels()?;
        let sets = self.list(Self::labels)?;
        let entries = self.list(|cursor| cursor.entry(&sets))?;
        Some(Stream { labels, entries })
    }

    fn entry(&mut self, sets: &[Labels]) -> Option<Entry> {
        let nanos = i64::from_le_bytes(self.take(8)?.try_into().ok()?);
        let metadata = sets.get(self.count()?)?.clone();
        let line = self.text()?.to_owned();
        Some(Entry { timestamp: Timestamp(nanos), line, metadata })
    }

    fn labels(&mut self) -> Option<Labels> {
        let pairs = self.list(|cursor| Some((cursor.text()?, cursor.text()?)))?;
        Some(Labels::new(pairs))
    }

    /// A count and that many items, each of which takes at least four bytes.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        if count > (self.bytes.len() - self.at) / 4 {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn count(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> impl Strategy<Value = Labels> {
        prop::collection::vec(("[a-c]{1,2}", "[x-z\"\n]{0,2}"), 0..3).prop_map(Labels::new)
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let parts = (any::<i64>(), ".{0,9}", labels());
        parts.prop_map(|(t, line, metadata)| Entry { timestamp: Timestamp(t), line, metadata })
    }

    fn append() -> impl Strategy<Value = Append> {
        let stream = (labels(), prop::collection::vec(entry(), 0..4))
            .prop_map(|(labels, entries)| Stream { labels, entries });
        ("[a-z]{1,4}", prop::collection::vec(stream, 0..3)).prop_map(|(tenant, streams)| Append {
            tenant: TenantId::new(&tenant).unwrap(),
            streams,
        })
    }

    proptest! {
        #[test]
        fn appends_round_trip(appends in prop::collection::vec(append(), 0..3)) {
            let mut bytes = Vec::new();
            for append in &appends {
                encode(&append.tenant, &append.streams, &mut bytes);
            }
            prop_assert_eq!(decode(&bytes), Ok(appends));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(at) = decode(&bytes) {
                prop_assert!(at < bytes.len());
            }
        }
    }

    #[test]
    fn a_huge_count_asks_for_no_memory() {
        let mut bytes = Vec::new();
        put_text("fake", &mut bytes);
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&bytes), Err(0));
    }
}
