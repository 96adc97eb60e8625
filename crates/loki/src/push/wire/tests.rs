//! Whatever bytes come, this reader and the messages agree.

use proptest::prelude::*;

use super::super::proto::read_messages;
use super::*;

/// Bytes of a message: mostly fields that a push has, some that it has not.
fn message(inner: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let field = (1_u8..5, prop_oneof![8 => Just(2_u8), 1 => 0_u8..6], inner);
    let bytes = field.prop_map(|(tag, wire_type, payload)| {
        let mut bytes = vec![tag << 3 | wire_type, payload.len() as u8];
        bytes.extend(payload);
        bytes
    });
    prop::collection::vec(bytes, 0..4).prop_map(|fields| fields.concat())
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just(b"{a=\"1\"}".to_vec()),
        Just(b"k.1".to_vec()),
        Just(b"_".to_vec()),
        Just(b"\xff".to_vec()),
        Just(Vec::new()),
    ];
    prop_oneof![6 => text, 1 => prop::collection::vec(any::<u8>(), 0..4)]
}

fn time() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![Just(vec![5]), Just(vec![0xff; 9]), Just(vec![0x80, 1])];
    let field = (1_u8..4, number).prop_map(|(tag, n)| [vec![tag << 3], n].concat());
    prop::collection::vec(field, 0..3).prop_map(|fields| fields.concat())
}

fn entry() -> impl Strategy<Value = Vec<u8>> {
    let usual = (time(), text(), prop::collection::vec((text(), text()), 0..3));
    let usual = usual.prop_map(|(time, line, pairs)| {
        let wrap =
            |tag: u8, payload: &[u8]| [&[tag << 3 | 2, payload.len() as u8], payload].concat();
        let pair = |(n, v): &(Vec<u8>, Vec<u8>)| wrap(3, &[wrap(1, n), wrap(2, v)].concat());
        let pairs: Vec<u8> = pairs.iter().flat_map(pair).collect();
        [wrap(1, &time), wrap(2, &line), pairs].concat()
    });
    prop_oneof![3 => usual, 1 => message(prop_oneof![time(), text(), message(text())])]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    message(message(prop_oneof![2 => entry(), 1 => text()]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_messages_read_the_same(
        requests in prop::collection::vec((request(), 0_usize..20), 1..4)
    ) {
        // What is known of earlier pushes changes nothing.
        let known = KnownStreams::default();
        for (bytes, max) in requests {
            if let Some(streams) = read(&bytes, max, &known) {
                let messages = read_messages(&bytes, max, &KnownStreams::default());
                prop_assert_eq!(messages.unwrap(), streams);
            }
        }
    }
}

#[track_caller]
fn check(bytes: &[u8], max_elements: usize, expect: Option<usize>) {
    let known = KnownStreams::default();
    let read = read(bytes, max_elements, &known);
    assert_eq!(read.map(|streams| streams.len()), expect);
}

#[test]
fn what_is_usual_is_read_here() {
    let entry = b"\x12\x0f\x0a\x02\x08\x05\x12\x01x\x1a\x06\x0a\x01k\x12\x01v".to_vec();
    let stream = [b"\x0a\x07{a=\"1\"}".as_slice(), &entry, &entry, b"\x18\x07"].concat();
    let request = [b"\x0a".as_slice(), &[stream.len() as u8], &stream].concat();
    check(&request, 5, Some(1));
    check(&request, 4, None);
    check(&request[..request.len() - 1], 5, None);
}

#[test]
fn a_stream_that_is_pushed_again_shares_its_metadata() {
    let wrap = |tag: u8, payload: &[u8]| [&[tag << 3 | 2, payload.len() as u8], payload].concat();
    let entry = |value: &[u8]| wrap(2, &wrap(3, &[wrap(1, b"k"), wrap(2, value)].concat()));
    let known = KnownStreams::default();
    let push = |labels: &[u8], value: &[u8]| {
        let stream = wrap(1, &[wrap(1, labels), entry(value)].concat());
        let streams = read(&stream, 9, &known).unwrap();
        streams[0].entries[0].metadata.clone()
    };
    let first = push(b"{a=\"1\"}", b"v");
    let _other = push(b"{a=\"2\"}", b"w");
    let again = push(b"{a=\"1\"}", b"v");
    assert!(first.is_shared_with(&again));
    assert_eq!(push(b"{a=\"1\"}", b"x").to_string(), "{k=\"x\"}");
}
