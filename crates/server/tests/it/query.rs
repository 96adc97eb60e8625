//! Queries: answers in Loki's form, and refusals in Loki's words.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::harness::{Harness, plain, uri};

async fn filled() -> Harness {
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[
        {"stream":{"app":"a"},"values":[["1768867140000000000","one",{"run_id":"r1"}],
            ["1768867150000000000","two",{"run_id":"r2"}]]},
        {"stream":{"app":"b"},"values":[["1768867145000000000","three"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    server
}

#[tokio::test]
async fn lines_come_with_their_metadata() {
    let server = filled().await;
    let params = [("query", r#"{app="a"}"#), ("direction", "forward")];
    let answer = server.get("/loki/api/v1/query_range", &params).await.json();
    assert_eq!(
        answer["data"]["result"],
        json!([
            {"stream": {"app": "a", "run_id": "r1"}, "values": [["1768867140000000000", "one"]]},
            {"stream": {"app": "a", "run_id": "r2"}, "values": [["1768867150000000000", "two"]]},
        ])
    );
    assert_eq!(answer["data"]["stats"]["summary"]["totalEntriesReturned"], 2);
}

#[tokio::test]
async fn grafana_gets_categories() {
    let server = filled().await;
    let request = Request::get(uri("/loki/api/v1/query_range", &[("query", r#"{app="a"}"#)]))
        .header("X-Loki-Response-Encoding-Flags", "categorize-labels");
    let answer = server.send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(answer["data"]["encodingFlags"], json!(["categorize-labels"]));
    assert_eq!(
        answer["data"]["result"],
        json!([{"stream": {"app": "a"}, "values": [
            ["1768867150000000000", "two", {"structuredMetadata": {"run_id": "r2"}}],
            ["1768867140000000000", "one", {"structuredMetadata": {"run_id": "r1"}}],
        ]}])
    );
}

#[tokio::test]
async fn numbers_come_as_matrix_vector_and_scalar() {
    let server = filled().await;
    let count = "sum by (app) (count_over_time({app=~\".+\"}[1m]))";
    let range = [("query", count), ("start", "1768867140"), ("end", "1768867200"), ("step", "60")];
    let matrix = server.get("/loki/api/v1/query_range", &range).await.json();
    assert_eq!(matrix["data"]["resultType"], "matrix");
    let values = &matrix["data"]["result"][0]["values"];
    assert_eq!(values.to_string(), r#"[[1768867140,"1"],[1768867200,"1"]]"#);
    let vector = server.get("/loki/api/v1/query", &[("query", count)]).await.json();
    assert_eq!(
        vector["data"]["result"],
        json!([{"metric": {"app": "a"}, "value": [1_768_867_200, "1"]},
               {"metric": {"app": "b"}, "value": [1_768_867_200, "1"]}])
    );
    let scalar = server.get("/loki/api/v1/query", &[("query", "1 + 1")]).await.json();
    assert_eq!(scalar["data"]["resultType"], "scalar");
    assert_eq!(scalar["data"]["result"][1], "2");
}

#[tokio::test]
async fn grafana_s_health_check_finds_one_sample() {
    let server = Harness::new(plain()).await;
    let params =
        [("query", "vector(1)+vector(1)"), ("direction", "backward"), ("time", "4000000000")];
    let answer = server.get("/loki/api/v1/query", &params).await.json();
    assert_eq!(
        answer["data"]["result"],
        json!([{"metric": {}, "value": [4_000_000_000_i64, "2"]}])
    );
}

#[tokio::test]
async fn a_form_is_as_good_as_a_query_string() {
    let server = filled().await;
    let form = uri("", &[("query", r#"{app="b"}"#)]);
    let request = Request::post("/loki/api/v1/query_range?limit=1")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Body::from(form[1..].to_owned()));
    let answer = server.send(request.unwrap()).await.json();
    assert_eq!(answer["data"]["result"][0]["values"][0][1], "three");
}

#[track_caller]
fn check(answer: &crate::harness::Answer, status: u16, text: &str) {
    assert_eq!((answer.status, answer.text()), (status, format!("{text}\n")));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn refusals_are_plain_text_in_loki_s_words() {
    let server = filled().await;
    let ask = async |path: &str, query: &str, more: (&str, &str)| {
        server.get(path, &[("query", query), more]).await
    };
    let (range, instant) = ("/loki/api/v1/query_range", "/loki/api/v1/query");
    let none = ("x", "");
    check(
        &ask(instant, r#"{app="a"}"#, none).await,
        400,
        "log queries are not supported as an instant query type, please change your query to a \
         range query type",
    );
    check(
        &ask(range, r#"{app="a"}"#, ("limit", "5001")).await,
        400,
        "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)",
    );
    check(
        &ask(range, r#"{app="a"}"#, ("direction", "up")).await,
        400,
        "invalid direction 'up'; use forward or backward",
    );
    check(
        &ask("/loki/api/v1/index/stats", r#"{app="a"} |= "x""#, none).await,
        400,
        "only label matchers are supported\n\
         hint: only {name=\"value\", …} can be used here, without stages or functions",
    );
    let broken = ask(range, "{app=", none).await;
    assert!(broken.text().starts_with("parse error at line 1, col 6:"), "{}", broken.text());
}

#[tokio::test]
async fn a_query_explains_itself_on_demand() {
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[{"stream":{"app":"a"},"values":[["1768867140000000000","x"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    let request = Request::post("/flush").body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, 204);
    let query = r#"sum(count_over_time({app="a"}[5m])) / sum(bytes_over_time({app="b"}[5m]))"#;
    let ask = async |params: &[(&str, &str)]| {
        let params = [&[("query", query)], params].concat();
        server.get("/loki/api/v1/query", &params).await.json()["data"]["explain"].clone()
    };
    let lines = ask(&[("explain", "true")]).await;
    let lines: Vec<&str> = lines.as_array().unwrap().iter().filter_map(|l| l.as_str()).collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[0].starts_with("RangeWindowExec: windows=1, reads lines=false"), "{lines:#?}");
    assert!(lines[1].starts_with("  ScanExec: segments=1 of 1, rows<=1 of 1"), "{lines:#?}");
    assert!(lines[3].starts_with("  ScanExec: segments=0 of 1, rows<=0 of 1"), "{lines:#?}");
    assert!(lines[4].starts_with("read: partitions=1, rows=1, line bytes=0"), "{lines:#?}");
    assert_eq!(ask(&[]).await, serde_json::Value::Null);
}
