//! Protobuf in a snappy block: read or refused, and never larger than the limits.

#![no_main]

use barogram_fuzz::{Envelope, LIMITS, check_size};
use libfuzzer_sys::fuzz_target;
use loki::push::{CONTENT_TYPE, KnownStreams, parse};

fuzz_target!(|input: &[u8]| {
    let Some((envelope, is_gzipped, bytes)) = Envelope::open(input) else { return };
    let block = match envelope {
        Envelope::Packed => snap::raw::Encoder::new().compress_vec(bytes).expect("it is small"),
        Envelope::Bare | Envelope::Claimed => bytes.to_vec(),
    };
    let gzip = if is_gzipped { Envelope::Packed } else { Envelope::Bare };
    let (encoding, body) = gzip.gzip(&block);
    check_size(parse(Some(CONTENT_TYPE), encoding, &body, &LIMITS, &KnownStreams::default()));
});
