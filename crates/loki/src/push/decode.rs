//! From the bytes of a push to streams, by what its headers say.

use std::borrow::Cow;

use model::limits::{MAX_DECOMPRESSED_SIZE, MAX_RECV_MSG_SIZE};
use model::{Entry, Labels, Stream, Timestamp};

use crate::push::encoding::{inflate, unsnap};
use crate::push::error::{PushError, Reason, Rejection};
use crate::push::known::KnownStreams;
use crate::push::metadata::{MetadataNameError, metadata_name};
use crate::push::{json, legacy, proto};

/// Streams that are sound, and what is wrong with the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Push {
    /// Streams with at least one label and one entry, in the order of the request.
    pub streams: Vec<Stream>,
    /// Streams whose labels cannot be read, and entries whose metadata cannot be named.
    pub rejected: Vec<Rejection>,
}

/// How much one push may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushLimits {
    /// The body as received, in bytes.
    pub max_recv_msg_size: usize,
    /// The body once decompressed, in bytes.
    pub max_decompressed_size: usize,
    /// Streams, entries and metadata pairs together: an empty one takes two bytes on the wire and
    /// fifty in memory.
    pub max_elements: usize,
}

impl Default for PushLimits {
    fn default() -> Self {
        Self {
            max_recv_msg_size: MAX_RECV_MSG_SIZE,
            max_decompressed_size: MAX_DECOMPRESSED_SIZE,
            max_elements: 8_000_000,
        }
    }
}

/// The streams of a push, all or nothing.
///
/// # Errors
/// When [`parse`] fails, or rejects a stream.
pub fn decode(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &PushLimits,
) -> Result<Vec<Stream>, PushError> {
    let known = KnownStreams::default();
    let push = parse(content_type, content_encoding, body, limits, &known)?;
    match push.rejected.into_iter().next() {
        Some(rejection) => Err(PushError::Rejected(rejection)),
        None => Ok(push.streams),
    }
}

/// Reads a push as its headers say: JSON for `application/json`, else protobuf in a snappy block.
/// Streams without entries are left out, as Loki does; the others have a `service_name`, by the
/// sources of `known`.
///
/// # Errors
/// When the body is too large, is not what the headers say, or holds no stream at all.
pub fn parse(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &PushLimits,
    known: &KnownStreams,
) -> Result<Push, PushError> {
    let body = open(content_encoding, body, limits)?;
    let streams = if is_json(content_type) {
        known.named(json::read(&body, limits.max_elements)?)
    } else {
        proto::read(&unsnap(&body, limits.max_decompressed_size)?, limits.max_elements, known)?
    };
    found(streams)
}

/// Reads a push of the time before Loki 1.0, at `/api/prom/push`: its JSON has other names, its
/// protobuf is the same.
///
/// # Errors
/// As [`parse`].
pub fn parse_legacy(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &PushLimits,
    known: &KnownStreams,
) -> Result<Push, PushError> {
    if !is_json(content_type) {
        return parse(content_type, content_encoding, body, limits, known);
    }
    let body = open(content_encoding, body, limits)?;
    found(known.named(legacy::read(&body, limits.max_elements)?))
}

/// The body without what `Content-Encoding` names.
fn open<'a>(
    content_encoding: Option<&str>,
    body: &'a [u8],
    limits: &PushLimits,
) -> Result<Cow<'a, [u8]>, PushError> {
    if body.len() > limits.max_recv_msg_size {
        let limit = limits.max_recv_msg_size;
        return Err(PushError::BodyTooLarge { bytes: body.len(), limit });
    }
    match content_encoding.map_or("", str::trim) {
        // A snappy block is part of the protobuf form; with JSON Loki ignores the header.
        "" | "snappy" => Ok(Cow::Borrowed(body)),
        encoding => inflate(encoding, body, limits.max_decompressed_size).map(Cow::Owned),
    }
}

fn found(streams: Vec<RawStream>) -> Result<Push, PushError> {
    if streams.is_empty() { Err(PushError::NoStreams) } else { Ok(sift(streams)) }
}

/// A stream as it was sent: its labels may be unsound.
#[derive(Debug, PartialEq)]
pub(crate) struct RawStream {
    pub(super) labels: Result<Labels, String>,
    pub(super) entries: Vec<Entry>,
    rejected: Vec<Rejection>,
}

impl RawStream {
    pub(crate) fn new(labels: Result<Labels, String>) -> Self {
        Self { labels, entries: Vec::new(), rejected: Vec::new() }
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, timestamp: Timestamp, line: String, metadata: Labels) {
        self.entries.push(Entry { timestamp, line, metadata });
    }

    /// Adds an entry, with its metadata named as Loki names it.
    pub(crate) fn add(&mut self, time: Timestamp, line: String, pairs: &[(String, String)]) {
        let named = pairs.iter().map(|(name, value)| Ok((metadata_name(name)?, value)));
        match named.collect::<Result<Vec<_>, _>>() {
            Ok(named) => self.push(time, line, Labels::new(named)),
            Err(error) => {
                let text = MetadataNameError::to_string(&error);
                let reason = Reason::InvalidMetadataName;
                self.rejected.push(Rejection { reason, text, entries: 1, bytes: line.len() });
            }
        }
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

pub(crate) fn sift(streams: Vec<RawStream>) -> Push {
    let mut push = Push::default();
    for RawStream { labels, entries, rejected } in streams {
        push.rejected.extend(rejected);
        // Loki looks at the labels only when there is something to store under them.
        if entries.is_empty() {
            continue;
        }
        match labels {
            Ok(labels) if labels.is_empty() => {
                let text = "error at least one label pair is required per stream".to_owned();
                push.rejected.push(rejection(Reason::MissingLabels, text, &entries));
            }
            Ok(labels) => push.streams.push(Stream { labels, entries }),
            Err(what) => {
                let text = format!("couldn't parse labels: {what}");
                push.rejected.push(rejection(Reason::InvalidLabels, text, &entries));
            }
        }
    }
    push
}

fn rejection(reason: Reason, text: String, entries: &[Entry]) -> Rejection {
    let bytes = entries.iter().map(|entry| entry.line.len()).sum();
    Rejection { reason, text, entries: entries.len(), bytes }
}

#[cfg(test)]
mod tests;
