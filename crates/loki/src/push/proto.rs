//! The protobuf form of a push: the messages of `push.proto`, in a snappy block.

use model::Timestamp;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::push::decode::RawStream;
use crate::push::error::PushError;
use crate::push::known::KnownStreams;
use crate::push::wire;

/// The `Content-Type` of what [`encode`](super::encode()) makes.
pub const CONTENT_TYPE: &str = "application/x-protobuf";

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The streams of a `PushRequest`.
pub(crate) fn read(
    bytes: &[u8],
    max_elements: usize,
    known: &KnownStreams,
) -> Result<Vec<RawStream>, PushError> {
    match wire::read(bytes, max_elements, known) {
        Some(streams) => Ok(streams),
        None => read_messages(bytes, max_elements, known),
    }
}

/// The same by way of the messages below: any field in any order, and what is wrong.
pub(super) fn read_messages(
    bytes: &[u8],
    max_elements: usize,
    known: &KnownStreams,
) -> Result<Vec<RawStream>, PushError> {
    if count_elements(bytes)? > max_elements {
        return Err(PushError::TooManyElements { limit: max_elements });
    }
    let request = PushRequest::decode(bytes)?;
    Ok(request.streams.into_iter().map(|stream| raw_stream(stream, known)).collect())
}

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<StreamMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct StreamMessage {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<EntryMessage>,
}

/// The line is declared as bytes: Go writers do not check that it is UTF-8, and one stray byte must
/// not cost the batch.
#[derive(Clone, PartialEq, Message)]
struct EntryMessage {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<TimestampMessage>,
    #[prost(bytes = "vec", tag = "2")]
    line: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    structured_metadata: Vec<LabelPair>,
}

#[derive(Clone, PartialEq, Message)]
struct TimestampMessage {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

fn raw_stream(message: StreamMessage, known: &KnownStreams) -> RawStream {
    let mut stream = RawStream::new(known.stream(&message.labels).map(|stream| stream.labels));
    for entry in message.entries {
        let time = entry.timestamp.unwrap_or_default();
        let line = String::from_utf8(entry.line)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        let pairs = entry.structured_metadata.into_iter().map(|pair| (pair.name, pair.value));
        stream.add(timestamp(time.seconds, time.nanos), line, &pairs.collect::<Vec<_>>());
    }
    stream
}

/// The time that a message says; what is too far away becomes the first or the last there is.
pub(super) fn timestamp(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nanos.into()))
}

/// Counts streams, entries and pairs without making room for them: two bytes can declare one.
fn count_elements(bytes: &[u8]) -> Result<usize, PushError> {
    let mut count = 0;
    fields(bytes, 1, &mut |stream| {
        count += 1;
        fields(stream, 2, &mut |entry| {
            count += 1;
            fields(entry, 3, &mut |_| {
                count += 1;
                Ok(())
            })
        })
    })?;
    Ok(count)
}

/// Visits the payloads of the length-delimited field `tag` of a message.
pub(super) fn fields(
    mut bytes: &[u8],
    tag: u32,
    visit: &mut dyn FnMut(&[u8]) -> Result<(), PushError>,
) -> Result<(), PushError> {
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes)?;
        let length = match wire_type {
            WireType::Varint => decode_varint(&mut bytes).map(|_| 0)?,
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => decode_varint(&mut bytes)?,
            // Groups do not occur in this message; the decoder that follows says so.
            WireType::StartGroup | WireType::EndGroup => break,
        };
        let payload = usize::try_from(length).ok().and_then(|at| bytes.split_at_checked(at));
        // A length beyond the end is reported by the decoder that follows, too.
        let Some((payload, rest)) = payload else { break };
        bytes = rest;
        if number == tag && wire_type == WireType::LengthDelimited {
            visit(payload)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use model::{Entry, Stream};

    use super::*;

    /// The message of a push, made by way of the schema.
    pub(in crate::push) fn request(streams: &[Stream]) -> impl Message {
        PushRequest { streams: streams.iter().map(stream_message).collect() }
    }

    fn stream_message(stream: &Stream) -> StreamMessage {
        let entries = stream.entries.iter().map(entry_message).collect();
        StreamMessage { labels: stream.labels.to_string(), entries }
    }

    fn entry_message(entry: &Entry) -> EntryMessage {
        let nanos = entry.timestamp.as_nanos();
        let timestamp = TimestampMessage {
            seconds: nanos.div_euclid(NANOS_PER_SECOND),
            nanos: i32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).unwrap_or_default(),
        };
        let pair =
            |(name, value): (&str, &str)| LabelPair { name: name.into(), value: value.into() };
        EntryMessage {
            timestamp: Some(timestamp),
            line: entry.line.clone().into_bytes(),
            structured_metadata: entry.metadata.iter().map(pair).collect(),
        }
    }
}
