//! Reads a `PushRequest` straight from its bytes, as agents write it: a line is copied once, and
//! entries that repeat the metadata of the one before, or of the stream's last push, share it.
//!
//! It reads what it reads as the messages of [`proto`](super::proto) do. What is unusual or broken
//! it leaves to them: they are slower, and have the words for errors.

use std::borrow::Cow;
use std::sync::Arc;

use model::{Labels, Timestamp};
use prost::encoding::{WireType, decode_key, decode_varint};

use super::decode::RawStream;
use super::known::{KnownMetadata, KnownStreams};
use super::metadata::metadata_name;
use super::proto::timestamp;

/// The streams of a `PushRequest`; `None` when it is broken, unusual, or holds more elements than
/// it may.
pub(super) fn read(
    mut bytes: &[u8],
    max_elements: usize,
    known: &KnownStreams,
) -> Option<Vec<RawStream>> {
    let (elements_left, none) = (max_elements, Labels::default());
    let mut reader = Reader { known, elements_left, none, last: None };
    let mut streams = Vec::new();
    while !bytes.is_empty() {
        let (1, Field::Bytes(stream)) = field(&mut bytes)? else { return None };
        streams.push(reader.stream(stream)?);
    }
    Some(streams)
}

struct Reader<'a> {
    known: &'a KnownStreams,
    /// Streams, entries and pairs that may come still.
    elements_left: usize,
    /// The metadata of an entry that has none.
    none: Labels,
    /// What the next entry is likely to repeat.
    last: Option<Arc<KnownMetadata>>,
}

impl Reader<'_> {
    fn stream(&mut self, mut bytes: &[u8]) -> Option<RawStream> {
        self.count(1)?;
        let mut stream = RawStream::new(Ok(self.none.clone()));
        let (mut text, mut known_metadata) = ("", None);
        while !bytes.is_empty() {
            match field(&mut bytes)? {
                (1, Field::Bytes(labels)) => {
                    text = std::str::from_utf8(labels).ok()?;
                    let known = self.known.stream(text);
                    known_metadata = known.as_ref().ok().and_then(|known| known.metadata.clone());
                    self.last = known_metadata.clone().or(self.last.take());
                    stream.labels = known.map(|known| known.labels);
                }
                (2, Field::Bytes(entry)) => self.entry(entry, &mut stream)?,
                // A hash of the labels. It is theirs to use.
                (3, Field::Number(_)) => {}
                _ => return None,
            }
        }
        if let Some(last) = &self.last
            && !known_metadata.is_some_and(|known| Arc::ptr_eq(&known, last))
        {
            self.known.remember(text, Arc::clone(last));
        }
        Some(stream)
    }

    fn entry(&mut self, mut bytes: &[u8], stream: &mut RawStream) -> Option<()> {
        self.count(1)?;
        let (mut time, mut line, mut metadata) = (None, [].as_slice(), None);
        while !bytes.is_empty() {
            let from_here = bytes;
            match field(&mut bytes)? {
                (1, Field::Bytes(text)) if time.is_none() => time = Some(read_time(text)?),
                (2, Field::Bytes(text)) => line = text,
                (3, Field::Bytes(_)) => {
                    metadata = Some(self.metadata(from_here)?);
                    break;
                }
                _ => return None,
            }
        }
        let metadata = metadata.unwrap_or_else(|| self.none.clone());
        // Asking first is faster, and nearly all lines are sound.
        let line = match std::str::from_utf8(line) {
            Ok(line) => line.to_owned(),
            Err(_) => String::from_utf8_lossy(line).into_owned(),
        };
        stream.push(time.unwrap_or(Timestamp(0)), line, metadata);
        Some(())
    }

    /// Reads the pairs that end an entry, unless they are those that were expected.
    fn metadata(&mut self, bytes: &[u8]) -> Option<Labels> {
        let last = match self.last.take() {
            Some(last) if *last.bytes == *bytes => last,
            _ => Arc::new(read_metadata(bytes)?),
        };
        self.count(last.pairs)?;
        Some(self.last.insert(last).labels.clone())
    }

    fn count(&mut self, elements: usize) -> Option<()> {
        self.elements_left = self.elements_left.checked_sub(elements)?;
        Some(())
    }
}

/// What a timestamp's message says.
fn read_time(mut bytes: &[u8]) -> Option<Timestamp> {
    let (mut seconds, mut nanos) = (0, 0);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            // A negative number is written as the 64 bits of its two's complement.
            (1, Field::Number(number)) => seconds = number as i64,
            (2, Field::Number(number)) => nanos = number as i32,
            _ => return None,
        }
    }
    Some(timestamp(seconds, nanos))
}

/// Reads pairs, and makes their names legal.
fn read_metadata(bytes: &[u8]) -> Option<KnownMetadata> {
    let (mut rest, mut pairs) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (3, Field::Bytes(pair)) = field(&mut rest)? else { return None };
        pairs.push(read_pair(pair)?);
    }
    Some(KnownMetadata { bytes: bytes.into(), pairs: pairs.len(), labels: Labels::new(pairs) })
}

fn read_pair(mut bytes: &[u8]) -> Option<(Cow<'_, str>, &str)> {
    let (mut name, mut value) = ("", "");
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Field::Bytes(text)) => name = std::str::from_utf8(text).ok()?,
            (2, Field::Bytes(text)) => value = std::str::from_utf8(text).ok()?,
            _ => return None,
        }
    }
    Some((metadata_name(name).ok()?, value))
}

enum Field<'a> {
    Bytes(&'a [u8]),
    Number(u64),
}

/// The next field of a message, if it is of a sort that a push has.
fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Field<'a>)> {
    let (tag, wire_type) = decode_key(bytes).ok()?;
    let number = decode_varint(bytes).ok()?;
    match wire_type {
        WireType::Varint => Some((tag, Field::Number(number))),
        WireType::LengthDelimited => {
            let (payload, rest) = bytes.split_at_checked(usize::try_from(number).ok()?)?;
            *bytes = rest;
            Some((tag, Field::Bytes(payload)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
