//! How much a push may hold once it is read.

use loki::push::{Push, PushError, PushLimits};
use model::Labels;

/// The limits that the targets set. They are small, so that a body that escapes them is found by
/// its size and not by the memory of the machine.
pub const LIMITS: PushLimits = PushLimits {
    max_recv_msg_size: 64 * 1024,
    max_decompressed_size: 1024 * 1024,
    max_elements: 10_000,
};

/// A byte that is not UTF-8 becomes the three of U+FFFD.
const GROWTH: usize = 3;
/// What an element may have beyond its text: the names of OTLP's fields, an id in hexadecimal.
const BYTES_AN_ELEMENT: usize = 256;

/// Checks that a push which was read is as large as its limits allow.
///
/// # Panics
/// When it is larger.
pub fn check_size(push: Result<Push, PushError>) {
    let Ok(push) = push else { return };
    let entries = || push.streams.iter().flat_map(|stream| &stream.entries);
    let pairs: usize = entries().map(|entry| entry.metadata.len()).sum();
    let elements = push.streams.len() + entries().count() + pairs;
    assert!(elements <= LIMITS.max_elements, "{elements} elements");

    let labels: usize = push.streams.iter().map(|stream| bytes(&stream.labels)).sum();
    let held: usize = entries().map(|entry| entry.line.len() + bytes(&entry.metadata)).sum();
    let texts: usize = push.rejected.iter().map(|rejection| rejection.text.len()).sum();
    let most = GROWTH * LIMITS.max_decompressed_size + BYTES_AN_ELEMENT * LIMITS.max_elements;
    assert!(labels + held <= most, "{} bytes of streams, {most} are allowed", labels + held);
    // What is refused is quoted, and quoting escapes.
    assert!(texts <= 4 * most, "{texts} bytes of refusals");
}

fn bytes(labels: &Labels) -> usize {
    labels.iter().map(|(name, value)| name.len() + value.len()).sum()
}
