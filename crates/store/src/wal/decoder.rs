//! From the payloads of a file's records to appends.
//!
//! Decoding trusts nothing: every count is checked against the bytes that are left, so that a
//! damaged length cannot ask for memory.

use model::{Entry, Labels, Stream, TenantId, Timestamp};

use super::encoder::NUMBERS_BEGIN;
use super::reader::Record;

/// What one caller appended: streams of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Append {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// The entries, in the order in which they came.
    pub(crate) streams: Vec<Stream>,
}

/// Reads the records of one file, one after the other.
#[derive(Debug)]
pub(super) struct Decoder {
    version: u32,
    /// The label sets that have numbers; `None` where a record is missing that may have given some.
    sets: Option<Vec<Labels>>,
    /// The record that continues the last one.
    next: Option<u64>,
}

impl Decoder {
    /// For a file of this version.
    pub(super) fn new(version: u32) -> Self {
        Self { version, sets: None, next: None }
    }

    /// The appends of a record. `Err` is the offset in its payload at which the bytes stop to make
    /// sense; 0 where they build upon a record that was not read.
    pub(super) fn appends(&mut self, record: &Record<'_>) -> Result<Vec<Append>, usize> {
        if self.next.is_some_and(|next| next != record.sequence) {
            self.sets = None;
        }
        self.next = Some(record.sequence + 1);
        let mut cursor = Cursor { bytes: record.payload, at: 0 };
        if self.version == 1 {
            return cursor.appends(&mut |cursor| cursor.stream_1());
        }
        if cursor.take(1).ok_or(0_usize)? == [NUMBERS_BEGIN] {
            self.sets = Some(Vec::new());
        }
        // What it gave numbers to is known only if it can be read to its end.
        let mut sets = self.sets.take().ok_or(0_usize)?;
        let appends = cursor.appends(&mut |cursor| cursor.stream(&mut sets))?;
        self.sets = Some(sets);
        Ok(appends)
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn appends(
        &mut self,
        stream: &mut dyn FnMut(&mut Self) -> Option<Stream>,
    ) -> Result<Vec<Append>, usize> {
        let mut appends = Vec::new();
        while self.at < self.bytes.len() {
            let at = self.at;
            appends.push(self.append(stream).ok_or(at)?);
        }
        Ok(appends)
    }

    fn append(&mut self, stream: &mut dyn FnMut(&mut Self) -> Option<Stream>) -> Option<Append> {
        let tenant = TenantId::new(self.text()?).ok()?;
        let streams = self.list(stream)?;
        Some(Append { tenant, streams })
    }

    fn stream(&mut self, sets: &mut Vec<Labels>) -> Option<Stream> {
        let labels = self.set(sets)?;
        let entries = self.list(|cursor| {
            let timestamp = cursor.timestamp()?;
            let metadata = cursor.set(sets)?;
            Some(Entry { timestamp, line: cursor.text()?.to_owned(), metadata })
        })?;
        Some(Stream { labels, entries })
    }

    /// A number, and behind a number that is new the labels that have it from here on.
    fn set(&mut self, sets: &mut Vec<Labels>) -> Option<Labels> {
        let number = self.count()?;
        if number == sets.len() {
            sets.push(self.labels()?);
        }
        sets.get(number).cloned()
    }

    /// A stream as version 1 wrote it: with its labels, and the sets of its metadata.
    fn stream_1(&mut self) -> Option<Stream> {
        let labels = self.labels()?;
        let sets = self.list(Self::labels)?;
        let entries = self.list(|cursor| {
            let timestamp = cursor.timestamp()?;
            let metadata = sets.get(cursor.count()?)?.clone();
            Some(Entry { timestamp, line: cursor.text()?.to_owned(), metadata })
        })?;
        Some(Stream { labels, entries })
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

    fn timestamp(&mut self) -> Option<Timestamp> {
        Some(Timestamp(i64::from_le_bytes(self.take(8)?.try_into().ok()?)))
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

    use super::super::encoder::{Encoder, NUMBERS_GO_ON};
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

    /// The payloads of records with these appends. Before some, numbers begin anew.
    fn payloads(records: &[(bool, Vec<Append>)]) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::default();
        let payload = |(anew, appends): &(bool, Vec<Append>)| {
            let mut bytes = Vec::new();
            if *anew {
                encoder.begin();
            }
            let mut payload = encoder.payload(&mut bytes);
            appends.iter().for_each(|append| payload.append(&append.tenant, &append.streams));
            drop(payload);
            bytes
        };
        records.iter().map(payload).collect()
    }

    fn record(sequence: u64, payload: &[u8]) -> Record<'_> {
        Record { sequence, offset: 0, payload }
    }

    proptest! {
        #[test]
        fn appends_round_trip(
            records in prop::collection::vec(
                (any::<bool>(), prop::collection::vec(append(), 0..3)), 0..5),
        ) {
            let mut decoder = Decoder::new(2);
            for ((sequence, payload), (_, appends)) in (1..).zip(payloads(&records)).zip(&records) {
                let read = decoder.appends(&record(sequence, &payload));
                prop_assert_eq!(read.as_ref(), Ok(appends));
            }
        }

        /// Where a record is lost, what builds upon it is not read, and nothing is read amiss.
        #[test]
        fn a_record_is_read_right_or_not_at_all(
            records in prop::collection::vec(
                (any::<bool>(), prop::collection::vec(append(), 0..3)), 1..6),
            lost in 0_usize..6,
        ) {
            let lost = lost % records.len();
            let mut decoder = Decoder::new(2);
            let mut is_known = true;
            for (at, payload) in payloads(&records).iter().enumerate() {
                let begins = payload[0] == NUMBERS_BEGIN;
                is_known = at != lost && (is_known || begins);
                if at != lost {
                    let read = decoder.appends(&record(at as u64, payload));
                    prop_assert_eq!(read.ok(), is_known.then(|| records[at].1.clone()));
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            version in 1_u32..3,
        ) {
            if let Err(at) = Decoder::new(version).appends(&record(1, &bytes)) {
                prop_assert!(at < bytes.len().max(1));
            }
        }
    }

    #[track_caller]
    fn check_refused(version: u32, payload: &[&[u8]], expect_at: usize) {
        let read = Decoder::new(version).appends(&record(1, &payload.concat()));
        assert_eq!(read, Err(expect_at));
    }

    #[test]
    fn a_huge_count_asks_for_no_memory() {
        let huge = u32::MAX.to_le_bytes();
        check_refused(1, &[b"\x04\0\0\0fake", &huge], 0);
        check_refused(2, &[&[NUMBERS_BEGIN], b"\x04\0\0\0fake", &huge], 1);
    }

    #[test]
    fn what_builds_upon_nothing_is_refused() {
        check_refused(2, &[&[NUMBERS_GO_ON], b"\x04\0\0\0fake", &[0; 4]], 0);
    }
}
