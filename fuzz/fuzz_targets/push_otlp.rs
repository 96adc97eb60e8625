//! OpenTelemetry's logs in both forms, bare and compressed: read or refused, and never larger than
//! the limits.

#![no_main]

use barogram_fuzz::{Envelope, LIMITS, check_size};
use libfuzzer_sys::fuzz_target;
use loki::push::otlp::{OtlpForm, parse};
use model::Timestamp;

fuzz_target!(|input: &[u8]| {
    let Some((envelope, is_protobuf, bytes)) = Envelope::open(input) else { return };
    let (encoding, body) = envelope.gzip(bytes);
    let form = if is_protobuf { OtlpForm::Protobuf } else { OtlpForm::Json };
    let sources = ["app".to_owned(), "k8s_pod_name".to_owned()];
    check_size(parse(form, encoding, &body, &LIMITS, &sources, Timestamp(1)));
});
