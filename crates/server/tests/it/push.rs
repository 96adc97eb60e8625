//! Pushes: what is stored, what is refused, and what is said.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use barogram_server::Config;

use crate::harness::{Harness, plain};

const RANGE: [(&str, &str); 2] =
    [("start", "2026-01-19T00:00:00Z"), ("end", "2026-01-20T06:00:00Z")];

/// Pushes a body and shows what a query for `{a=~".+"}` finds.
async fn pushed(server: &Harness, body: &str) -> (u16, String, String) {
    let answer = server.push(body).await;
    let params = [&[("query", r#"{a=~".+"}"#)], &RANGE[..]].concat();
    let found = server.get("/loki/api/v1/query_range", &params).await.json();
    (answer.status, answer.text(), found["data"]["result"].to_string())
}

#[tokio::test]
async fn the_good_is_stored_though_the_bad_is_refused() {
    let server = Harness::new(plain()).await;
    let body = r#"{"streams":[
        {"stream":{"a":"1"},"values":[["1768867200000000000","good"],["1768953600000000000","new"]]},
        {"stream":{"1b":"1"},"values":[["1768867200000000000","x"]]}]}"#;
    let (status, text, found) = pushed(&server, body).await;
    assert_eq!(status, 400);
    assert!(text.contains("couldn't parse labels: \"1b\" is no label name"), "{text}");
    assert!(text.contains("has timestamp too new: 2026-01-21T00:00:00Z"), "{text}");
    assert_eq!(found, r#"[{"stream":{"a":"1"},"values":[["1768867200000000000","good"]]}]"#);
}

#[tokio::test]
async fn a_service_and_a_level_are_added_by_default() {
    let server = Harness::new(Config::default()).await;
    let body = r#"{"streams":[{"stream":{"a":"1","container":"base"},"values":[
        ["1768867200000000000","[2026-01-20] {x.py:1} ERROR - gone"]]}]}"#;
    let (status, _, found) = pushed(&server, body).await;
    assert_eq!(status, 204);
    let labels = r#"{"a":"1","container":"base","detected_level":"error","service_name":"base"}"#;
    assert!(found.contains(labels), "{found}");
}

#[tokio::test]
async fn entries_far_behind_are_refused_if_so_configured() {
    let late = r#"{"streams":[{"stream":{"a":"1"},"values":[
        ["1768867200000000000","new"],["1768863599000000000","late"]]}]}"#;
    let server = Harness::new(plain()).await;
    assert_eq!(pushed(&server, late).await.0, 204);
    let window = Some(Duration::from_secs(3600));
    let server = Harness::new(Config { out_of_order_window: window, ..plain() }).await;
    let (status, text, found) = pushed(&server, late).await;
    assert_eq!(status, 400);
    assert!(text.contains("oldest acceptable timestamp is: 2026-01-19T23:00:00Z"), "{text}");
    assert!(text.contains("user 'fake', total ignored: 1 out of 2 for stream: {a=\"1\"}"));
    assert!(found.contains("new") && !found.contains("late"));
}

#[tokio::test]
async fn many_refusals_are_cut_short() {
    let server = Harness::new(plain()).await;
    let streams = vec![r#"{"stream":{},"values":[["1768867200000000000","x"]]}"#; 15].join(",");
    let answer = server.push(&format!(r#"{{"streams":[{streams}]}}"#)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().ends_with("per stream\nand 5 more\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_push_that_is_too_large_is_refused() {
    let server = Harness::new(plain()).await;
    let body = Body::from(vec![b' '; 101 * 1024 * 1024]);
    let answer = server.send(Request::post("/loki/api/v1/push").body(body).unwrap()).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
}

#[tokio::test]
async fn exporters_hear_of_errors_in_their_own_form() {
    let server = Harness::new(plain()).await;
    let send = async |kind: &str| {
        let request = Request::post("/otlp/v1/logs").header("Content-Type", kind);
        server.send(request.body(Body::from("{}")).unwrap()).await
    };
    let json = send("application/json").await;
    assert_eq!(json.status, 422);
    assert!(json.text().contains(r#""message":"error at least one valid stream"#));
    let proto = send("application/x-protobuf").await;
    assert_eq!(proto.status, 400);
    assert_eq!(proto.headers["content-type"], "application/x-protobuf");
    assert_eq!(send("text/plain").await.status, 400);
}
