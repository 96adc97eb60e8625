//! JSON of today and of the time before Loki 1.0, bare and compressed: read or refused, and never
//! larger than the limits.

#![no_main]

use barogram_fuzz::{Envelope, LIMITS, check_size};
use libfuzzer_sys::fuzz_target;
use loki::push::{KnownStreams, parse, parse_legacy};

fuzz_target!(|input: &[u8]| {
    let Some((envelope, is_legacy, bytes)) = Envelope::open(input) else { return };
    let (encoding, body) = envelope.gzip(bytes);
    let parse = if is_legacy { parse_legacy } else { parse };
    let known = KnownStreams::default();
    check_size(parse(Some("application/json"), encoding, &body, &LIMITS, &known));
});
