//! Streams → the body of a push, written straight: an agent does this for every line that a node
//! logs, most of the time with the metadata of the line before.

use model::{Entry, Labels, Stream};

use crate::push::snappy::{Block, Memory};

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
#[derive(Debug, Default)]
pub struct Encoder {
    memory: Memory,
}

impl Encoder {
    /// The body of a push with these streams: protobuf in a snappy block.
    ///
    /// # Panics
    /// When the message is larger than a snappy block can be (4 GiB): cut batches long before.
    #[must_use]
    pub fn encode(&mut self, streams: &[Stream]) -> Vec<u8> {
        let plan = Plan::of(streams);
        let len = u32::try_from(plan.len()).expect("a batch is far below 4 GiB");
        let mut block = self.memory.begin(len);
        plan.write(streams, &mut block);
        block.end()
    }
}

/// How long the parts of a message are, which is found first, so that each is written once, in its
/// place; and the sets of metadata, each once for all entries that follow one another with it.
#[derive(Debug, Default)]
struct Plan {
    streams: Vec<StreamPlan>,
    entries: Vec<EntryPlan>,
    metadata: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct StreamPlan {
    labels: String,
    len: usize,
}

#[derive(Debug)]
struct EntryPlan {
    len: usize,
    metadata: usize,
}

impl Plan {
    fn of(streams: &[Stream]) -> Self {
        let mut plan = Self::default();
        plan.entries.reserve(streams.iter().map(|stream| stream.entries.len()).sum());
        let mut last = None;
        for stream in streams {
            let labels = stream.labels.to_string();
            let mut len = text_len(&labels);
            for entry in &stream.entries {
                let entry_len = plan.add(entry, &mut last);
                len += bytes_len(entry_len);
            }
            plan.streams.push(StreamPlan { labels, len });
        }
        plan
    }

    /// How long an entry is, whose metadata may be that of the last one.
    fn add<'a>(&mut self, entry: &'a Entry, last: &mut Option<&'a Labels>) -> usize {
        if !last.is_some_and(|last| last.is_shared_with(&entry.metadata)) {
            *last = Some(&entry.metadata);
            self.metadata.push(metadata(&entry.metadata));
        }
        let metadata = self.metadata.len() - 1;
        let len = entry_len(entry, self.metadata[metadata].len());
        self.entries.push(EntryPlan { len, metadata });
        len
    }

    /// How long the message is.
    fn len(&self) -> usize {
        self.streams.iter().map(|stream| bytes_len(stream.len)).sum()
    }

    fn write<'a>(&'a self, streams: &'a [Stream], block: &mut Block<'a, '_>) {
        let mut entries = self.entries.iter();
        let mut heads = Vec::new();
        // The set of metadata that was written last, and where.
        let mut last = None;
        for (stream, StreamPlan { labels, len }) in streams.iter().zip(&self.streams) {
            head(&mut heads, REQUEST_STREAM, *len);
            if !labels.is_empty() {
                head(&mut heads, STREAM_LABELS, labels.len());
                flush(&mut heads, block);
                block.text(labels.as_bytes());
            }
            for (entry, plan) in stream.entries.iter().zip(&mut entries) {
                head(&mut heads, STREAM_ENTRY, plan.len);
                write_entry(&mut heads, entry, block);
                let metadata = &self.metadata[plan.metadata];
                match last.filter(|(set, _)| *set == plan.metadata) {
                    Some((_, at)) => block.again(at, metadata.len()),
                    None => {
                        last = Some((plan.metadata, block.len()));
                        block.text(metadata);
                    }
                }
            }
        }
        flush(&mut heads, block);
    }
}

fn metadata(labels: &Labels) -> Vec<u8> {
    let pair_len = |(name, value): (&str, &str)| bytes_len(text_len(name) + text_len(value));
    let mut bytes = Vec::with_capacity(labels.iter().map(pair_len).sum());
    for (name, value) in labels.iter() {
        head(&mut bytes, ENTRY_PAIR, text_len(name) + text_len(value));
        text(&mut bytes, PAIR_NAME, name);
        text(&mut bytes, PAIR_VALUE, value);
    }
    bytes
}

/// Writes what was gathered of small fields.
fn flush(heads: &mut Vec<u8>, block: &mut Block<'_, '_>) {
    block.literal(heads);
    heads.clear();
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

/// Writes an entry but for its metadata.
fn write_entry<'a>(heads: &mut Vec<u8>, entry: &'a Entry, block: &mut Block<'a, '_>) {
    let time = time(entry);
    head(heads, ENTRY_TIME, time_len(time));
    for (key, value) in [TIME_SECONDS, TIME_NANOS].into_iter().zip(time) {
        if value != 0 {
            heads.push(key);
            varint(heads, value);
        }
    }
    if !entry.line.is_empty() {
        head(heads, ENTRY_LINE, entry.line.len());
    }
    flush(heads, block);
    block.text(entry.line.as_bytes());
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
        let mut encoder = Encoder::default();
        // Nothing stays of what was written before.
        for _ in 0..2 {
            let body = encoder.encode(streams);
            let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
            assert_eq!(message, request(streams).encode_to_vec(), "for {streams:?}");
        }
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
