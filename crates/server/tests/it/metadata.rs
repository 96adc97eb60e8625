//! What is known without reading lines: labels, series, statistics, volumes; and the server itself.

use serde_json::{Value, json};

use crate::harness::{Harness, plain};

async fn filled() -> Harness {
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[
        {"stream":{"app":"a","pod":"p1"},"values":[["1768867140000000000","12345678"]]},
        {"stream":{"app":"a","pod":"p2"},"values":[["1768867150000000000","1234"]]},
        {"stream":{"app":"b"},"values":[["1768867145000000000","12"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    server
}

async fn check(path: &str, params: &[(&str, &str)], expect: Value) {
    let answer = filled().await.get(path, params).await.json();
    assert_eq!(answer, expect, "for {path} {params:?}");
}

#[tokio::test]
async fn labels_and_values() {
    let ok = |data: Value| json!({"status": "success", "data": data});
    check("/loki/api/v1/labels", &[], ok(json!(["app", "pod"]))).await;
    check("/loki/api/v1/label", &[("query", r#"{app="b"}"#)], ok(json!(["app"]))).await;
    check("/loki/api/v1/label/pod/values", &[], ok(json!(["p1", "p2"]))).await;
    let nothing = json!({"status": "success"});
    check("/loki/api/v1/label/pod/values", &[("end", "1768000000")], nothing).await;
}

#[tokio::test]
async fn series() {
    let expect = json!({"status": "success", "data": [{"app": "a", "pod": "p1"}, {"app": "b"}]});
    let matches = [("match[]", r#"{pod="p1"}"#), ("match[]", r#"{app="b"}"#)];
    check("/loki/api/v1/series", &matches, expect).await;
}

#[tokio::test]
async fn statistics_and_volumes() {
    let stats = json!({"streams": 2, "chunks": 2, "entries": 2, "bytes": 12});
    check("/loki/api/v1/index/stats", &[("query", r#"{app="a"}"#)], stats).await;
    let large = "x".repeat(3000);
    let server = Harness::new(plain()).await;
    let body = format!(
        r#"{{"streams":[{{"stream":{{"app":"a"}},"values":[["1768867140000000000","{large}"]]}}]}}"#
    );
    assert_eq!(server.push(&body).await.status, 204);
    let params = [("query", r#"{app=~".+"}"#), ("step", "1h")];
    let volume = server.get("/loki/api/v1/index/volume", &params).await.json();
    let result = json!([{"metric": {"app": "a"}, "value": [1_768_867_200, "3072"]}]);
    assert_eq!(volume["data"]["result"], result);
    let volume = server.get("/loki/api/v1/index/volume_range", &params).await.json();
    let result = json!([{"metric": {"app": "a"}, "values": [[1_768_867_200, "3072"]]}]);
    assert_eq!(volume["data"]["result"], result);
}

#[tokio::test]
async fn a_query_is_laid_out_or_not_understood() {
    let data = json!({"status": "success", "data": "{app=\"a\"} |= \"x\""});
    check("/loki/api/v1/format_query", &[("query", r#"{app="a"}|="x""#)], data).await;
    let answer = filled().await.get("/loki/api/v1/format_query", &[("query", "a")]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().starts_with(r#"{"status":"invalid-query","error":"parse error"#));
}

#[tokio::test]
async fn the_server_speaks_of_itself() {
    let server = filled().await;
    assert_eq!(server.get("/ready", &[]).await.text(), "ready\n");
    let build = server.get("/loki/api/v1/status/buildinfo", &[]).await.json();
    assert_eq!(build["version"], "3.7.6");
    let metrics = server.get("/metrics", &[]).await.text();
    assert!(metrics.contains("push_lines_total{tenant=\"fake\"} 3"), "{metrics}");
    let route = "http_request_duration_seconds_count{method=\"POST\",route=\"/loki/api/v1/push\"";
    assert!(metrics.contains(route), "{metrics}");
}

#[tokio::test]
async fn labels_and_fields_are_detected() {
    let labels = json!({"detectedLabels": [
        {"label": "app", "cardinality": 2}, {"label": "pod", "cardinality": 2}]});
    check("/loki/api/v1/detected_labels", &[], labels).await;
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[{"stream":{"app":"a"},"values":[
        ["1768867140000000000","took=1.5s",{"run_id":"r"}],
        ["1768867141000000000","{\"user\":{\"id\":7}}"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    let query = ("query", r#"{app="a"}"#);
    let fields = server.get("/loki/api/v1/detected_fields", &[query]).await.json();
    assert_eq!(
        fields,
        json!({"limit": 1000, "fields": [
            {"label": "run_id", "type": "string", "cardinality": 1, "parsers": null},
            {"label": "took", "type": "duration", "cardinality": 1, "parsers": ["logfmt"]},
            {"label": "user_id", "type": "int", "cardinality": 1, "parsers": ["json"],
             "jsonPath": ["user", "id"]}]})
    );
    let values = server.get("/loki/api/v1/detected_field/took/values", &[query]).await.json();
    assert_eq!(values, json!({"values": ["1.5s"], "limit": 1000}));
    let metric = [("query", r#"rate({app="a"}[1m])"#)];
    assert_eq!(server.get("/loki/api/v1/detected_fields", &metric).await.status, 400);
}

#[tokio::test]
async fn the_old_paths_answer_in_the_old_form() {
    check("/api/prom/label", &[], json!({"values": ["app", "pod"]})).await;
    check("/api/prom/label/app/values", &[], json!({"values": ["a", "b"]})).await;
    let entry = json!({"ts": "2026-01-19T23:59:05Z", "line": "12"});
    let streams = json!({"streams": [{"labels": "{app=\"b\"}", "entries": [entry]}]});
    check("/api/prom/query", &[("query", r#"{app="b"}"#)], streams).await;
}
