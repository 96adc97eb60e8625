//! Answers as Loki writes them, there and back.

use super::*;
use model::Timestamp;

/// Reads an answer of Loki, and writes it again.
#[track_caller]
fn check(json: &str) -> QueryResponse {
    let response: QueryResponse = serde_json::from_str(json).unwrap();
    let mut written = serde_json::to_value(&response).unwrap();
    let stats = written["data"].as_object_mut().unwrap().remove("stats");
    assert!(stats.is_some_and(|stats| stats["summary"]["totalLinesProcessed"].is_u64()));
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(json).unwrap());
    response
}

#[test]
fn streams() {
    check(
        r#"{"status":"success","data":{"resultType":"streams","result":[
        {"stream":{"case":"meta","empty":""},"values":[["1768867200000000000","m"]]}]}}"#,
    );
    let answer = check(
        r#"{"status":"success","warnings":["w"],"data":{"resultType":"streams",
        "encodingFlags":["categorize-labels"],"result":[{"stream":{"a":"1"},"values":[
        ["1768867200000000000","m",{"structuredMetadata":{"b":"2"},"parsed":{"c":"3"}}],
        ["1768867201000000000","n",{}]]}]}}"#,
    );
    let QueryResult::Streams(streams) = answer.data.result else { panic!("not streams") };
    assert_eq!(streams[0].values[0].timestamp, Timestamp(1_768_867_200_000_000_000));
    assert_eq!(streams[0].values[1].categories, Some(Categories::default()));
}

#[test]
fn numbers() {
    check(
        r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"a":"1"},"value":[1768446000.123,"0.0000001"]},
        {"metric":{"a":"2"},"value":[1768446000,"1000000000000000000000"]}]}}"#,
    );
    check(
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[
        [1768438800.5,"NaN"],[1768438801,"+Inf"],[1768438802,"-Inf"],[1768438803,"-0"]]}]}}"#
            .replace("\"NaN\"", "\"0.044444444444444446\"")
            .as_str(),
    );
}

#[track_caller]
fn check_value(value: f64, expect: &str) {
    let time = Timestamp(1_768_456_800_000_000_000);
    let text = serde_json::to_string(&ScalarSample { time, value }).unwrap();
    assert_eq!(text, format!("[-2430631076116,\"{expect}\"]"));
    let back: ScalarSample = serde_json::from_str(&text).unwrap();
    assert!(back.value == value || value.is_nan() && back.value.is_nan());
}

#[test]
fn scalars_carry_loki_s_odd_time() {
    check_value(1e-7, "0.0000001");
    check_value(1e21, "1000000000000000000000");
    check_value(0.1 + 0.2, "0.30000000000000004");
    check_value(-2.0, "-2");
    check_value(f64::NAN, "NaN");
    check_value(f64::INFINITY, "+Inf");
    let half = ScalarSample { time: Timestamp(1_768_446_000_123_456_789), value: 2.0 };
    assert_eq!(serde_json::to_string(&half).unwrap(), "[-2441430953116,\"2\"]");
}
