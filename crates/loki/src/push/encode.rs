//! Streams → the body of a push, written straight: an agent does this for every line that a node
//! logs, most of the time with the metadata of the line before.

use model::{Entry, Labels, Stream};

/// The fields of `push.proto`, as their keys are written: number and kind in one byte.
const REQUEST_STREAM: u8 = 1 << 3 | LENGTH;
const STREAM_LABELS: u8 = 1 << 3 | LENGTH;
const STREAM_ENTRY: u8 = 2 << 3 | LENGTH;
const ENTRY_TIME: u8 = 1 << 3 | LENGTH;
const ENTRY_LINE: u8 = 2 << 3 | LENGTH;
const ENTRY_PAIR: u8 = 3 << 3 | LENGTH;
const TIME_SECONDS: u8 = 1 << 3 | VARINT;
const TIME_NANOS: u8 = 2 << 3 | VARINT;
const PAIR_NAME: u8 = 1 << 3 | LENGTH;
const PAIR_VALUE: u8 = 2 << 3 | LENGTH;
/// Kinds of fields: a number, and bytes behind their length.
const VARINT: u8 = 0;
const LENGTH: u8 = 2;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The body of a push with these streams: protobuf in a snappy block.
///
/// # Panics
/// As [`Encoder::encode`].
#[must_use]
pub fn encode(streams: &[Stream]) -> Vec<u8> {
    Encoder::default().encode(streams)
}

/// Makes the bodies of pushes one after another, in memory that it keeps.
#[derive(Debug)]
pub struct Encoder {
    message: Vec<u8>,
    block: Vec<u8>,
    snappy: snap::raw::Encoder,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { message: Vec::new(), block: Vec::new(), snappy: snap::raw::Encoder::new() }
    }
}

impl Encoder {
    /// The body of a push with these streams: protobuf in a snappy block.
    ///
    /// # Panics
    /// When the message is larger than a snappy block can be (4 GiB): cut batches long before.
    #[must_use]
    pub fn encode(&mut self, streams: &[Stream]) -> Vec<u8> {
        message(streams, &mut self.message);
        let most = snap::raw::max_compress_len(self.message.len());
        if self.block.len() < most {
            self.block.resize(most, 0);
        }
        let written = self.snappy.compress(&self.message, &mut self.block);
        self.block[..written.expect("a batch is far below 4 GiB")].to_vec()
    }
}

/// Writes the message of a request, instead of what was there. How long its parts are is found
/// first, so that each is written once, in its place.
pub(super) fn message(streams: &[Stream], message: &mut Vec<u8>) {
    let mut metadata = Metadata::default();
    let mut entry_lens = Vec::with_capacity(streams.iter().map(|it| it.entries.len()).sum());
    let mut heads = Vec::with_capacity(streams.len());
    let mut message_len = 0;
    for stream in streams {
        let labels = stream.labels.to_string();
        let mut len = text_len(&labels);
        for entry in &stream.entries {
            let entry_len = entry_len(entry, metadata.of(&entry.metadata).len());
            entry_lens.push(entry_len);
            len += bytes_len(entry_len);
        }
        message_len += bytes_len(len);
        heads.push((labels, len));
    }
    message.clear();
    message.reserve(message_len);
    let mut entry_lens = entry_lens.into_iter();
    for (stream, (labels, len)) in streams.iter().zip(&heads) {
        head(message, REQUEST_STREAM, *len);
        text(message, STREAM_LABELS, labels);
        for (entry, len) in stream.entries.iter().zip(&mut entry_lens) {
            head(message, STREAM_ENTRY, len);
            write_entry(message, entry, metadata.of(&entry.metadata));
        }
    }
}

/// The metadata that was written last, and its bytes.
#[derive(Default)]
struct Metadata {
    labels: Labels,
    bytes: Vec<u8>,
}

impl Metadata {
    fn of(&mut self, labels: &Labels) -> &[u8] {
        if self.labels.is_shared_with(labels) {
            return &self.bytes;
        }
        self.labels = labels.clone();
        self.bytes.clear();
        for (name, value) in labels.iter() {
            head(&mut self.bytes, ENTRY_PAIR, text_len(name) + text_len(value));
            text(&mut self.bytes, PAIR_NAME, name);
            text(&mut self.bytes, PAIR_VALUE, value);
        }
        &self.bytes
    }
}

/// The time of an entry, in seconds and nanoseconds, as they are written.
fn time(entry: &Entry) -> [u64; 2] {
    let nanos = entry.timestamp.as_nanos();
    let parts = [nanos.div_euclid(NANOS_PER_SECOND), nanos.rem_euclid(NANOS_PER_SECOND)];
    // A signed number is written as its bits, so that one below zero takes ten bytes.
    parts.map(i64::cast_unsigned)
}

fn time_len(time: [u64; 2]) -> usize {
    time.into_iter().map(number_len).sum()
}

fn entry_len(entry: &Entry, metadata_len: usize) -> usize {
    bytes_len(time_len(time(entry))) + text_len(&entry.line) + metadata_len
}

fn write_entry(to: &mut Vec<u8>, entry: &Entry, metadata: &[u8]) {
    let time = time(entry);
    head(to, ENTRY_TIME, time_len(time));
    for (key, value) in [TIME_SECONDS, TIME_NANOS].into_iter().zip(time) {
        if value != 0 {
            to.push(key);
            varint(to, value);
        }
    }
    text(to, ENTRY_LINE, &entry.line);
    to.extend_from_slice(metadata);
}

/// How long a field with this number is; none is written for zero.
fn number_len(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + varint_len(value) }
}

/// How long a field with this text is; none is written for an empty one.
fn text_len(text: &str) -> usize {
    if text.is_empty() { 0 } else { bytes_len(text.len()) }
}

/// How long a field with so many bytes is.
fn bytes_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

fn text(to: &mut Vec<u8>, key: u8, text: &str) {
    if !text.is_empty() {
        head(to, key, text.len());
        to.extend_from_slice(text.as_bytes());
    }
}

/// The key of a field of bytes, and how many follow.
fn head(to: &mut Vec<u8>, key: u8, len: usize) {
    to.push(key);
    varint(to, len as u64);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use prost::Message;

    use super::*;
    use crate::push::proto::tests::request;

    #[track_caller]
    fn check(streams: &[Stream]) {
        // What was there before must not stay.
        let mut written = b"before".to_vec();
        message(streams, &mut written);
        assert_eq!(written, request(streams).encode_to_vec(), "for {streams:?}");
    }

    fn entry(nanos: i64, line: &str, metadata: &[(&str, &str)]) -> Entry {
        let metadata = Labels::new(metadata.iter().copied());
        Entry { metadata, ..Entry::new(Timestamp(nanos), line) }
    }

    #[test]
    fn the_message_is_that_of_the_schema() {
        let labels = |value: &str| Labels::new([("a", value), ("b", "c\"d")]);
        let stream = |value: &str, entries: &[Entry]| Stream {
            labels: labels(value),
            entries: entries.to_vec(),
        };
        check(&[]);
        check(&[stream("x", &[])]);
        let times = [0, 1, -1, 127, 128, i64::MIN, i64::MAX, 999_999_999, 1_000_000_000];
        let entries: Vec<Entry> =
            times.iter().map(|nanos| entry(*nanos, "line", &[("pod", "p")])).collect();
        check(&[stream("x", &entries), stream("y", &entries[..2])]);
        let long = "é".repeat(70_000);
        let mut entries = vec![entry(5, "", &[]), entry(5, &long, &[("a", "b"), ("c", &long)])];
        // The same metadata again, shared; then others of equal length.
        entries.push(Entry { line: "x".to_owned(), ..entries[1].clone() });
        entries.push(entry(6, "y", &[("a", "x"), ("c", "d")]));
        entries.push(entry(6, "y", &[("a", "y"), ("c", "d")]));
        check(&[stream(&long, &entries)]);
        let mut labels = stream("x", &entries);
        labels.labels = Labels::default();
        check(&[labels]);
    }

    #[test]
    fn lengths() {
        for (value, len) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)] {
            let mut bytes = Vec::new();
            varint(&mut bytes, value);
            assert_eq!((bytes.len(), varint_len(value)), (len, len), "of {value}");
        }
    }
}
