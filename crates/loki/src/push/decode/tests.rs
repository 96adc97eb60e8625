//! What a push is read as, by its headers.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::push::encode;

fn limits() -> PushLimits {
    PushLimits { max_recv_msg_size: 10_000, max_decompressed_size: 20_000, max_elements: 50 }
}

fn shown(result: Result<Push, PushError>) -> String {
    let push = match result {
        Ok(push) => push,
        Err(error) => return format!("{:?}: {error}", error.kind()),
    };
    let mut text = String::new();
    for stream in push.streams {
        text += &format!("{}", stream.labels);
        for entry in stream.entries {
            text += &format!(" [{} {:?} {}]", entry.timestamp, entry.line, entry.metadata);
        }
        text += "\n";
    }
    for rejection in push.rejected {
        text += &format!("! {} {}\n", rejection.reason.as_str(), rejection.text);
    }
    text
}

#[track_caller]
fn check(body: &str, expect: &str) {
    let got = shown(parse(
        Some("application/json; charset=utf-8"),
        None,
        body.as_bytes(),
        &limits(),
        &KnownStreams::default(),
    ));
    assert!(got.starts_with(expect) && (!expect.is_empty() || got.is_empty()), "{body}: {got}");
}

fn one(stream: &str, values: &str) -> String {
    format!(r#"{{"streams":[{{"stream":{stream},"values":{values}}}]}}"#)
}

#[test]
fn json_is_read_as_loki_reads_it() {
    let labels = r#"{"b":"2","a":"1"}"#;
    let entry = "{a=\"1\", b=\"2\"} [5 \"x\" {}]\n";
    check(&one(labels, r#"[["5","x"]]"#), entry);
    check(&one(labels, r#"[null,["5","x"]]"#), entry);
    check(&one(labels, r#"[["5","x",{},"extra"]]"#), entry);
    check(&one(labels, r#"[["5"]]"#), "{a=\"1\", b=\"2\"} [5 \"\" {}]\n");
    check(
        &one(labels, r#"[["5","x",{"a.b":"1","a-b":"2","k":""}]]"#),
        "{a=\"1\", b=\"2\"} [5 \"x\" {a_b=\"2\"}]\n",
    );
    check(&one(r#"{"a":"1","a":"2"}"#, r#"[["5","x"]]"#), "{a=\"2\"} [5 \"x\" {}]\n");
    check(&one(labels, "[]"), "");
    check(&one(labels, "null"), "");
    check(r#"{"streams":[{"labels":"{a=\"1\"}","entries":[{}]}]}"#, "");
}

#[test]
fn what_is_not_a_push_is_refused() {
    let labels = r#"{"a":"1"}"#;
    for empty in [r#"{"streams":[]}"#, "{}", r#"{"streams":null}"#] {
        check(empty, "Empty: error at least one valid stream is required");
    }
    let broken = [
        "",
        "{",
        "[]",
        &one(labels, r#"[[5,"x"]]"#),
        &one(labels, r#"[["five","x"]]"#),
        &one(labels, r#"[["5",5]]"#),
        &one(labels, r#"[["5",null]]"#),
        &one(labels, r#"[["5","x","str"]]"#),
        &one(labels, r#"[["5","x",{"a":1}]]"#),
        &one(labels, r#"[["5","x",null]]"#),
        &one(labels, r#"[["5","bad \ud800 end"]]"#),
        &one(labels, "[[]]"),
        &one(r#""{a=\"1\"}""#, r#"[["5","x"]]"#),
    ];
    for body in broken {
        check(body, "BadRequest: json: ");
    }
    let many = format!("[{}[\"5\"]]", r#"["5"],"#.repeat(50));
    check(&one(labels, &many), "TooLarge: the push holds more than 50 streams, entries");
}

#[test]
fn unsound_streams_and_entries_do_not_spoil_the_others() {
    let body = r#"{"streams":[
        {"stream":{"1bad":"v"},"values":[["5","x"]]},
        {"stream":{},"values":[["5","x"]]},
        {"stream":{"a":"1"},"values":[["5","x",{"ż":"v"}],["6","y"]]}]}"#;
    check(
        body,
        "{a=\"1\"} [6 \"y\" {}]\n\
         ! invalid_labels couldn't parse labels: \"1bad\" is no label name\
         , which is [a-zA-Z_][a-zA-Z0-9_]*\n\
         ! missing_labels error at least one label pair is required per stream\n\
         ! invalid_metadata_name normalization for label name \"ż\" resulted in",
    );
    assert!(decode(Some("application/json"), None, body.as_bytes(), &limits()).is_err());
}

#[test]
fn protobuf_goes_there_and_back() {
    let metadata = Labels::new([("run_id", "r")]);
    let entries = vec![
        Entry { timestamp: Timestamp(1_768_867_200_000_000_005), line: "x\ny".into(), metadata },
        Entry::new(Timestamp(-1), ""),
    ];
    let streams = vec![Stream { labels: Labels::new([("a", "q\"")]), entries }];
    let body = encode(&streams);
    assert_eq!(decode(None, None, &body, &limits()).unwrap(), streams);
    assert_eq!(decode(Some("text/x"), Some("snappy"), &body, &limits()).unwrap(), streams);
}

#[track_caller]
fn check_bytes(encoding: Option<&str>, content_type: &str, body: &[u8], expect: &str) {
    let got = shown(parse(Some(content_type), encoding, body, &limits(), &KnownStreams::default()));
    assert!(got.starts_with(expect), "{got}");
}

#[test]
fn broken_protobuf_is_refused() {
    let snapped = |bytes: &[u8]| snap::raw::Encoder::new().compress_vec(bytes).unwrap();
    let proto = "application/x-protobuf";
    check_bytes(None, proto, b"", "BadRequest: snappy: corrupt input");
    check_bytes(None, proto, b"garbage", "BadRequest: snappy: corrupt input");
    check_bytes(None, proto, &snapped(b"garbage"), "BadRequest: proto: ");
    check_bytes(None, proto, &snapped(b""), "Empty: ");
    check_bytes(None, proto, &snapped(b"\x0a\x7fx"), "BadRequest: proto: ");
    // A snappy block that declares 1 GiB.
    check_bytes(None, proto, &[0x80, 0x80, 0x80, 0x80, 4, 0], "TooLarge: the body decompresses");
    let bomb = [b"\x0a\x68".as_slice(), &b"\x12\x00".repeat(52)].concat();
    check_bytes(
        None,
        proto,
        &snapped(&bomb),
        "TooLarge: the push holds more than 50 streams, entries",
    );
    check_bytes(None, proto, &[0; 10_001], "TooLarge: the body of 10001 bytes");
}

#[test]
fn a_line_that_is_not_utf8_is_kept() {
    let stream = b"\x0a\x07{a=\"1\"}\x12\x04\x12\x02x\xff";
    let request = [b"\x0a".as_slice(), &[stream.len() as u8], stream].concat();
    let body = snap::raw::Encoder::new().compress_vec(&request).unwrap();
    check_bytes(None, "", &body, "{a=\"1\"} [0 \"x\u{fffd}\" {}]\n");
}

#[test]
fn bodies_are_inflated_by_name_and_up_to_the_limit() {
    let json = one(r#"{"a":"1"}"#, r#"[["5","x"]]"#);
    let level = flate2::Compression::fast();
    let gzip = |bytes: &[u8]| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    };
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), level);
    raw.write_all(json.as_bytes()).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(json.as_bytes()).unwrap();
    let (kind, ok) = ("application/json", "{a=\"1\"} [5 \"x\" {}]\n");
    check_bytes(Some("gzip"), kind, &gzip(json.as_bytes()), ok);
    check_bytes(Some("deflate"), kind, &raw.finish().unwrap(), ok);
    check_bytes(Some("deflate"), kind, &zlib.finish().unwrap(), ok);
    check_bytes(Some("snappy"), kind, json.as_bytes(), ok);
    check_bytes(Some("gzip"), kind, json.as_bytes(), "BadRequest: gzip: corrupt input");
    check_bytes(Some("identity"), kind, b"", "BadRequest: Content-Encoding \"identity\" not supp");
    check_bytes(Some("gzip"), kind, &gzip(&[b' '; 20_001]), "TooLarge: the body decompresses");
}

#[track_caller]
fn check_legacy(body: &str, expect: &str) {
    let got = shown(parse_legacy(
        Some("application/json"),
        None,
        body.as_bytes(),
        &limits(),
        &KnownStreams::default(),
    ));
    assert!(got.starts_with(expect), "{got}");
}

#[test]
fn the_old_json_is_read_at_its_own_path() {
    let one = |labels, ts| {
        format!(r#"{{"streams":[{{"labels":"{labels}","entries":[{{"ts":"{ts}","line":"x"}}]}}]}}"#)
    };
    check_legacy(&one("{a=\\\"1\\\"}", "1970-01-01T00:00:00.000000005Z"), "{a=\"1\"} [5 \"x\" {}]");
    check_legacy(&one("{a", "1970-01-01T00:00:00Z"), "! invalid_labels couldn't parse labels");
    check_legacy(&one("{}", "now"), "BadRequest: json: the time \"now\"");
    check_legacy(r#"{"streams":[]}"#, "Empty");
    check_legacy(&"{".repeat(51), "TooLarge");
}

fn any_labels(pairs: std::ops::Range<usize>) -> impl Strategy<Value = Labels> {
    let pair = ("[a-zA-Z]([a-z0-9]|_[a-z]){0,6}", any::<String>());
    prop::collection::vec(pair, pairs).prop_map(Labels::new)
}

fn any_stream() -> impl Strategy<Value = Stream> {
    let entry = (any::<i64>(), any::<String>(), any_labels(0..3))
        .prop_map(|(time, line, metadata)| Entry { timestamp: Timestamp(time), line, metadata });
    let entries = prop::collection::vec(entry, 1..4);
    (any_labels(1..4), entries).prop_map(|(labels, entries)| Stream { labels, entries })
}

proptest! {
    /// What is written is read again. (Streams whose labels are all empty cannot be pushed.)
    #[test]
    fn what_is_encoded_is_decoded(streams in prop::collection::vec(any_stream(), 1..4)) {
        let mut streams = streams;
        streams.retain(|stream| !stream.labels.is_empty());
        prop_assume!(!streams.is_empty());
        let decoded = decode(None, None, &encode(&streams), &PushLimits::default());
        prop_assert_eq!(decoded.unwrap(), streams);
    }

    /// Bytes of a stranger are refused or read, whatever they are.
    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let snapped = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        for body in [&bytes, &snapped] {
            for (kind, encoding) in
                [("", None), ("application/json", None), ("", Some("gzip")), ("", Some("deflate"))]
            {
                drop(parse(Some(kind), encoding, body, &limits(), &KnownStreams::default()));
            }
        }
    }
}
