//! Reads one log file from its bytes: pure, so that every prefix and every flipped bit can be
//! tried in a test.

use ulid::Ulid;

/// The first bytes of every log file.
pub(super) const MAGIC: [u8; 8] = *b"barowal\n";
/// The size of a file's header, in bytes.
pub(super) const FILE_HEADER_BYTES: usize = 48;
/// The size of a record's header, in bytes.
pub(super) const RECORD_HEADER_BYTES: usize = 20;

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHeader {
    /// The version of the format.
    pub(super) version: u32,
    /// The file's number, the same as in its name.
    pub(super) number: u64,
    /// The sequence number of the first record.
    pub(super) sequence: u64,
    /// Whose log it is.
    pub(super) writer: Ulid,
}

impl FileHeader {
    /// The bytes of the header.
    pub(super) fn to_bytes(self) -> [u8; FILE_HEADER_BYTES] {
        let mut bytes = [0; FILE_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.number.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[28..44].copy_from_slice(&self.writer.to_bytes());
        let checksum = crc32fast::hash(&bytes[..44]);
        bytes[44..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header at the beginning of a file, or `None` where there is none.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        let header = file.get(..FILE_HEADER_BYTES)?;
        let valid = header[..8] == MAGIC && u32_at(header, 44)? == crc32fast::hash(&header[..44]);
        valid.then_some(())?;
        Some(Self {
            version: u32_at(header, 8)?,
            number: u64_at(header, 12)?,
            sequence: u64_at(header, 20)?,
            writer: Ulid::from_bytes(header[28..44].try_into().ok()?),
        })
    }
}

/// The bytes of a record's header.
pub(super) fn record_header(sequence: u64, payload: &[u8]) -> [u8; RECORD_HEADER_BYTES] {
    let length = u32::try_from(payload.len()).expect("the writer refuses longer ones");
    let mut bytes = [0; RECORD_HEADER_BYTES];
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4..12].copy_from_slice(&sequence.to_le_bytes());
    bytes[12..16].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Its number in the log: one more than that of the record before it.
    pub(super) sequence: u64,
    /// Where its payload begins in the file.
    pub(super) offset: usize,
    /// The appends.
    pub(super) payload: &'a [u8],
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// After a whole record.
    Clean,
    /// In the middle of the last record, which was never acknowledged: cut the file here.
    Torn(usize),
    /// A record is damaged that others follow, so it had been acknowledged.
    Corrupt(usize),
}

/// Reads the records of a file whose header was read. `sequence` is the first one's number.
pub(super) fn records(file: &[u8], sequence: u64) -> (Vec<Record<'_>>, End) {
    let mut records = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    let mut sequence = sequence;
    while at < file.len() {
        let Some(record) = record_at(file, at).filter(|record| record.sequence == sequence) else {
            let end = if anything_follows(file, at, sequence) { End::Corrupt } else { End::Torn };
            return (records, end(at));
        };
        at = record.offset + record.payload.len();
        sequence += 1;
        records.push(record);
    }
    (records, End::Clean)
}

/// Every whole record of a file, wherever it begins: what is left of a damaged one. Their numbers
/// rise.
pub(super) fn whole_records(file: &[u8]) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let last = records.last().map_or(0, |last| last.sequence);
        match record_at(file, at).filter(|record| record.sequence > last) {
            Some(record) => {
                at = record.offset + record.payload.len();
                records.push(record);
            }
            None => at += 1,
        }
    }
    records
}

/// Whether a later record is whole. A record is written only after the one before it was synced,
/// so then the damaged one at `at` was durable once, and cutting it off would lose it.
fn anything_follows(file: &[u8], at: usize, sequence: u64) -> bool {
    (at + 1..file.len())
        .filter_map(|at| record_at(file, at))
        .any(|record| record.sequence >= sequence)
}

fn record_at(file: &[u8], at: usize) -> Option<Record<'_>> {
    let header = file.get(at..at + RECORD_HEADER_BYTES)?;
    if u32_at(header, 16)? != crc32fast::hash(&header[..16]) {
        return None;
    }
    let length = usize::try_from(u32_at(header, 0)?).ok()?;
    let offset = at + RECORD_HEADER_BYTES;
    let payload = file.get(offset..offset.checked_add(length)?)?;
    let whole = u32_at(header, 12)? == crc32fast::hash(payload);
    Some(Record { sequence: u64_at(header, 4)?, offset, payload }).filter(|_| whole)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(payloads: &[Vec<u8>]) -> Vec<u8> {
        let header = FileHeader { version: 1, number: 3, sequence: 7, writer: Ulid::nil() };
        let mut bytes = header.to_bytes().to_vec();
        for (payload, sequence) in payloads.iter().zip(7..) {
            bytes.extend_from_slice(&record_header(sequence, payload));
            bytes.extend_from_slice(payload);
        }
        bytes
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)
    }

    #[track_caller]
    fn check(bytes: &[u8], expect_records: usize, expect_end: End) {
        let (records, end) = records(bytes, 7);
        assert_eq!((records.len(), end), (expect_records, expect_end));
    }

    #[test]
    fn a_damaged_record_is_cut_only_at_the_end() {
        let whole = file(&[b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
        check(&whole, 3, End::Clean);
        let mut last = whole.clone();
        *last.last_mut().unwrap() ^= 1;
        check(&last, 2, End::Torn(94));
        let mut middle = whole.clone();
        middle[75] ^= 1;
        check(&middle, 1, End::Corrupt(71));
        let mut length = whole.clone();
        length[48] = 0xFF;
        check(&length, 0, End::Corrupt(48));
        let mut zeros = whole;
        zeros.extend_from_slice(&[0; 4096]);
        check(&zeros, 3, End::Torn(119));
    }

    proptest! {
        #[test]
        fn every_prefix_reads_as_a_prefix(payloads in payloads(), cut in 0.0..=1.0) {
            let bytes = file(&payloads);
            let body = bytes.len() - FILE_HEADER_BYTES;
            let length = FILE_HEADER_BYTES + (body as f64 * cut) as usize;
            let (records, end) = records(&bytes[..length], 7);
            let read: Vec<&[u8]> = records.iter().map(|record| record.payload).collect();
            prop_assert_eq!(&read[..], &payloads[..read.len()]);
            let good = records.last().map_or(FILE_HEADER_BYTES, |r| r.offset + r.payload.len());
            prop_assert_eq!(end, if good == length { End::Clean } else { End::Torn(good) });
        }

        #[test]
        fn a_flipped_bit_is_never_read(payloads in payloads(), at in 0.0..1.0, bit in 0_u8..8) {
            let mut bytes = file(&payloads);
            let body = bytes.len() - FILE_HEADER_BYTES;
            prop_assume!(body > 0);
            bytes[FILE_HEADER_BYTES + (body as f64 * at) as usize] ^= 1_u8 << bit;
            let (records, end) = records(&bytes, 7);
            prop_assert!(records.len() < payloads.len() && end != End::Clean);
            for (record, payload) in records.iter().zip(&payloads) {
                prop_assert_eq!(record.payload, &payload[..]);
            }
        }

        #[test]
        fn headers_round_trip(version: u32, number: u64, sequence: u64, writer: u128) {
            let header = FileHeader { version, number, sequence, writer: Ulid::from(writer) };
            prop_assert_eq!(FileHeader::parse(&header.to_bytes()), Some(header));
            prop_assert_eq!(FileHeader::parse(&header.to_bytes()[1..]), None);
        }
    }
}
