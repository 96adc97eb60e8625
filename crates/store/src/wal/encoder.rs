//! Appends as the payloads of a file's records. A label set is written once and has a number from
//! then on: a stream comes again with every push, and its labels are longer than its lines.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use model::{Labels, Stream, TenantId};

/// The first byte of a payload that knows no numbers yet.
pub(super) const NUMBERS_BEGIN: u8 = 1;
/// The first byte of a payload that knows those of the payloads before it.
pub(super) const NUMBERS_GO_ON: u8 = 0;

/// After so many bytes of payloads numbers begin anew: when a record is damaged, those until then
/// that build upon it are lost with it. It also bounds how many sets have numbers.
const NUMBERED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Writes the payloads of one file, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    numbers: HashMap<Labels, u32, RandomState>,
    /// Bytes of the payloads since numbers began.
    bytes: usize,
}

impl Encoder {
    /// The next payload builds upon nothing: it is the first of its file, or the last one is not in
    /// the log.
    pub(crate) fn begin(&mut self) {
        self.numbers.clear();
        self.bytes = 0;
    }

    /// Begins the next payload; `out` may have bytes already.
    pub(crate) fn payload<'a>(&'a mut self, out: &'a mut Vec<u8>) -> Payload<'a> {
        if self.bytes > NUMBERED_BYTES_MAX {
            self.begin();
        }
        out.push(if self.bytes == 0 { NUMBERS_BEGIN } else { NUMBERS_GO_ON });
        let begin = out.len() - 1;
        Payload { encoder: self, out, begin }
    }
}

/// A payload that is being written.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    encoder: &'a mut Encoder,
    out: &'a mut Vec<u8>,
    /// Where it begins.
    begin: usize,
}

impl Payload<'_> {
    /// Adds one append.
    pub(crate) fn append(&mut self, tenant: &TenantId, streams: &[Stream]) {
        put_text(tenant.as_str(), self.out);
        put_count(streams.len(), self.out);
        for stream in streams {
            self.stream(stream);
        }
    }

    fn stream(&mut self, stream: &Stream) {
        self.set(&stream.labels);
        put_count(stream.entries.len(), self.out);
        let mut last: Option<(&Labels, u32)> = None;
        for entry in &stream.entries {
            self.out.extend_from_slice(&entry.timestamp.as_nanos().to_le_bytes());
            match last {
                // Most entries of a stream share their metadata: one task, one pod.
                Some((metadata, number)) if metadata.is_shared_with(&entry.metadata) => {
                    self.out.extend_from_slice(&number.to_le_bytes());
                }
                _ => last = Some((&entry.metadata, self.set(&entry.metadata))),
            }
            put_text(&entry.line, self.out);
        }
    }

    /// Puts a set's number, and the set itself where it gets one now.
    fn set(&mut self, labels: &Labels) -> u32 {
        let next = count(self.encoder.numbers.len());
        let number = match self.encoder.numbers.get(labels) {
            Some(number) => *number,
            None => *self.encoder.numbers.entry(labels.clone()).or_insert(next),
        };
        self.out.extend_from_slice(&number.to_le_bytes());
        if number == next {
            put_labels(labels, self.out);
        }
        number
    }
}

impl Drop for Payload<'_> {
    fn drop(&mut self) {
        self.encoder.bytes += self.out.len() - self.begin;
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

fn put_count(number: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&count(number).to_le_bytes());
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("an append is bounded by Config::append_bytes_max")
}
