//! One batch at rest, byte for byte as `docs/formats/collector-queue.md` says.

use bytes::{Buf, BufMut, Bytes};
use xxhash_rust::xxh3::xxh3_64;

use crate::tail::Mark;

/// The first bytes of a batch, with the version of what follows.
const MAGIC: &[u8; 8] = b"BGQUEUE\x01";
/// The magic, and the hash of all that follows.
const HEAD_BYTES: usize = MAGIC.len() + 8;

/// A batch as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// How many entries it has.
    pub entries: u64,
    /// How many records those were made of.
    pub records: u64,
    /// How far their files are read.
    pub marks: Vec<Mark>,
    /// The body of the push, as `loki::push::encode` made it.
    pub body: Bytes,
}

impl Record {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + self.marks.len() * 96 + self.body.len());
        bytes.put_slice(MAGIC);
        bytes.put_u64_le(0);
        bytes.put_u64_le(self.entries);
        bytes.put_u64_le(self.records);
        bytes.put_u64_le(self.marks.len() as u64);
        for mark in &self.marks {
            mark.to_words().into_iter().for_each(|word| bytes.put_u64_le(word));
        }
        bytes.put_slice(&self.body);
        let hash = xxh3_64(&bytes[HEAD_BYTES..]);
        bytes[MAGIC.len()..HEAD_BYTES].copy_from_slice(&hash.to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn decode(mut bytes: Bytes) -> Result<Self, &'static str> {
        if bytes.len() < HEAD_BYTES || !bytes.starts_with(MAGIC) {
            return Err("it is no batch of this version");
        }
        bytes.advance(MAGIC.len());
        if bytes.get_u64_le() != xxh3_64(&bytes) {
            return Err("its checksum does not fit");
        }
        let mut word = || bytes.try_get_u64_le().map_err(|_| "it ends too early");
        let (entries, records, count) = (word()?, word()?, word()?);
        let mut marks = Vec::new();
        for _ in 0..count {
            let mut words = [0; Mark::WORDS];
            for at in &mut words {
                *at = word()?;
            }
            marks.push(Mark::from_words(words));
        }
        Ok(Self { entries, records, marks, body: bytes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(marks: Vec<[u64; Mark::WORDS]>, body: Vec<u8>) -> Record {
        let marks = marks.into_iter().map(Mark::from_words).collect();
        Record { entries: 3, records: 4, marks, body: body.into() }
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let words = [1, 2, 3, 4, 5, 6, 7, 8];
        let bytes = record(vec![words], b"body".to_vec()).encode();
        assert_eq!(&bytes[..8], b"BGQUEUE\x01");
        let mut expect: Vec<u8> =
            [3, 4, 1].into_iter().chain(words).flat_map(u64::to_le_bytes).collect();
        expect.extend(b"body");
        assert_eq!(&bytes[16..], expect);
        let fixture = include_bytes!("v1.batch");
        assert_eq!(bytes, fixture, "version 1 is written as it always was");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            marks in prop::collection::vec(any::<[u64; Mark::WORDS]>(), 0..4),
            body in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let record = record(marks, body);
            prop_assert_eq!(Record::decode(record.encode().into()), Ok(record));
        }

        #[test]
        fn what_is_damaged_is_told(
            body in prop::collection::vec(any::<u8>(), 0..40),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            cut in any::<bool>(),
        ) {
            let mut bytes = record(vec![[9; Mark::WORDS]], body).encode();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
            prop_assert!(Record::decode(bytes.into()).is_err());
        }

        #[test]
        fn anything_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = Record::decode(bytes.into());
        }
    }
}
