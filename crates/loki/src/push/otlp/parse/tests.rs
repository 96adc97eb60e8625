//! What an export is read as.

use super::*;
use crate::push::error::Reason;

const NOW: Timestamp = Timestamp(7);

fn read(form: OtlpForm, body: &[u8]) -> Result<Push, PushError> {
    let sources = ["app".to_owned(), "k8s_container_name".to_owned()];
    parse(form, None, body, &PushLimits::default(), &sources, NOW)
}

/// An export of one resource with these attributes and this record.
#[track_caller]
fn check(attributes: &str, record: &str, expect: &str) {
    let body = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attributes}]}},"scopeLogs":[
        {{"scope":{{"name":"lib"}},"logRecords":[{record}]}}]}}]}}"#
    );
    let push = read(OtlpForm::Json, body.as_bytes()).unwrap();
    let stream = &push.streams[0];
    let entry = &stream.entries[0];
    let shown =
        format!("{} [{} {:?} {}]", stream.labels, entry.timestamp, entry.line, entry.metadata);
    assert_eq!(shown, expect);
}

const NAME: &str = r#"{"key":"service.name","value":{"stringValue":"s"}}"#;

#[test]
fn records_become_entries() {
    check(
        NAME,
        r#"{"timeUnixNano":"5","body":{"stringValue":"x"}}"#,
        r#"{service_name="s"} [5 "x" {scope_name="lib"}]"#,
    );
    check(
        NAME,
        r#"{"observedTimeUnixNano":6,"severityNumber":17,"severityText":"ERROR","flags":1,
            "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174"}"#,
        "{service_name=\"s\"} [6 \"\" {flags=\"1\", observed_timestamp=\"6\", scope_name=\"lib\", \
         severity_number=\"17\", severity_text=\"ERROR\", span_id=\"eee19b7ec3c1b174\", \
         trace_id=\"5b8efff798038103d269b633813fc60c\"}]",
    );
    check(
        NAME,
        r#"{"body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[
            {"intValue":"1"},{"boolValue":true},{}]}}}]}},"attributes":[
            {"key":"m.n","value":{"kvlistValue":{"values":[{"key":"p","value":{"doubleValue":1.5}}]}}},
            {"key":"b","value":{"bytesValue":"aGk="}}]}"#,
        "{service_name=\"s\"} [7 \"{\\\"a\\\":[1,true,null]}\" \
         {b=\"aGk=\", m_n_p=\"1.5\", scope_name=\"lib\"}]",
    );
}

#[test]
fn a_resource_s_identity_becomes_labels() {
    check(
        r#"{"key":"k8s.pod.name","value":{"stringValue":"p"}},
           {"key":"host.name","value":{"stringValue":"h"}},
           {"key":"app","value":{"stringValue":"airflow"}}"#,
        r#"{"timeUnixNano":"5"}"#,
        "{k8s_pod_name=\"p\", service_name=\"airflow\"} \
         [5 \"\" {app=\"airflow\", host_name=\"h\", scope_name=\"lib\"}]",
    );
    check(
        r#"{"key":"k8s.container.name","value":{"stringValue":"base"}}"#,
        "{}",
        "{k8s_container_name=\"base\", service_name=\"base\"} [7 \"\" {scope_name=\"lib\"}]",
    );
}

#[track_caller]
fn check_refused(form: OtlpForm, body: &[u8], expect: &str) {
    let error = read(form, body).unwrap_err().to_string();
    assert!(error.starts_with(expect), "{error}");
}

#[test]
fn what_is_no_export_is_refused() {
    for body in ["", "{", "[]", r#"{"resourceLogs":"x"}"#] {
        check_refused(OtlpForm::Json, body.as_bytes(), "otlp json: ");
    }
    for body in ["{}", r#"{"resourceLogs":[]}"#] {
        check_refused(OtlpForm::Json, body.as_bytes(), "error at least one valid stream");
    }
    check_refused(OtlpForm::Protobuf, b"garbage", "otlp proto: ");
    check_refused(OtlpForm::Protobuf, &[0; OTLP_BYTES_MAX + 1], "the body decompresses to more");
    assert!(OtlpForm::of(Some("text/plain")).is_err());
    assert_eq!(OtlpForm::of(Some("Application/JSON; charset=x")).unwrap(), OtlpForm::Json);
}

#[test]
fn a_resource_without_identity_is_rejected() {
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5"}]}]}]}"#;
    let push = read(OtlpForm::Json, body.as_bytes()).unwrap();
    assert_eq!(push.streams, []);
    assert_eq!(push.rejected[0].reason, Reason::MissingLabels);
}

#[test]
fn protobuf_says_the_same() {
    // Recorded: what an exporter sent to Loki 3.7, and Loki stored.
    let body = b"\n;\n\x1b\n\x19\n\x0cservice.name\x12\t\n\x07otlp-pb\x12\x1c\x12\x1a\t\x07\0\xd7\
                 \xb6XG\x8c\x18*\x0f\n\rotlp protobuf";
    let push = read(OtlpForm::Protobuf, body).unwrap();
    let stream = &push.streams[0];
    assert_eq!(stream.labels.to_string(), r#"{service_name="otlp-pb"}"#);
    assert_eq!(
        stream.entries,
        [model::Entry::new(Timestamp(1_768_867_200_000_000_007), "otlp protobuf")]
    );
}

/// Reads an export of one resource with small limits.
#[track_caller]
fn check_bomb(attribute: &str, records: &str, max_elements: usize, expect: &str) {
    let body = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attribute}]}},"scopeLogs":[
        {{"logRecords":[{records}]}}]}}]}}"#
    );
    let limits = PushLimits { max_decompressed_size: 100_000, max_elements, ..Default::default() };
    let read = parse(OtlpForm::Json, None, body.as_bytes(), &limits, &[], NOW);
    let shown = read.map_or_else(|e| e.to_string(), |push| push.streams.len().to_string());
    assert!(shown.starts_with(expect), "{shown}");
}

/// Found while writing the fuzz target `push_otlp`: 64 kB became 500 MB, 32 MiB anything.
#[test]
fn what_is_written_to_each_record_is_counted() {
    let text = "x".repeat(20_000);
    let pair = |value: &str| format!(r#"{NAME},{{"key":"k","value":{value}}}"#);
    let long = pair(&format!(r#"{{"stringValue":"{text}"}}"#));
    let (size, count) = ("the body decompresses to more", "the push holds more than 400 streams");
    check_bomb(&long, "{},{}", 100, "1");
    check_bomb(&long, "{},{},{},{},{}", 100, size);
    let pairs = [r#"{"key":"k","value":{"stringValue":"x"}}"#; 6].join(",");
    check_bomb(&format!("{NAME},{pairs}"), &["{}"; 60].join(","), 400, count);

    let members = [r#"{"key":"m"}"#; 6].join(",");
    let nested = format!(r#"{{"kvlistValue":{{"values":[{members}]}}}}"#);
    let key = format!(r#"{NAME},{{"key":"{text}","value":{nested}}}"#);
    check_bomb(&key, "", 100, size);
}

/// Read whole, 32 MiB of empty records took 3.3 GB, and compressed they are 32 kB.
#[test]
fn elements_are_counted_before_they_are_read() {
    let limits = PushLimits { max_elements: 400, ..Default::default() };
    let read = |form, body: &[u8]| {
        parse(form, None, body, &limits, &[], NOW).map_or_else(|e| e.to_string(), |_| "read".into())
    };
    let refusal = "the push holds more than 100 streams";
    let records = |count| {
        let records = vec!["{}"; count].join(",");
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#)
    };
    assert_eq!(read(OtlpForm::Json, records(90).as_bytes()), "read");
    assert!(read(OtlpForm::Json, records(100).as_bytes()).starts_with(refusal));

    // A resource of one scope of as many empty records as there are pairs of bytes.
    let records = |count: u8| {
        let head = [0x0a, 2 * count + 2, 0x12, 2 * count];
        [head.to_vec(), [0x12, 0].repeat(usize::from(count))].concat()
    };
    assert_eq!(read(OtlpForm::Protobuf, &records(60)), "read");
    let twice = [records(60), records(60)].concat();
    assert!(read(OtlpForm::Protobuf, &twice).starts_with(refusal));
}
