//! Patterns: what lines have in common, and how many of them there were over time.

use serde_json::{Value, json};

use crate::harness::{Harness, plain};

const START: i64 = 1_768_860_000;

/// A server that holds lines of a task, one a second.
async fn filled(lines: &[&str]) -> Harness {
    let server = Harness::new(plain()).await;
    let values = lines.iter().zip(0..).map(|(line, n)| {
        let time = (START + n) * 1_000_000_000;
        json!([time.to_string(), line])
    });
    let stream = json!({"stream": {"app": "a"}, "values": values.collect::<Vec<_>>()});
    if lines.is_empty() {
        return server;
    }
    let answer = server.push(&json!({"streams": [stream]}).to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    server
}

/// Asks as Drilldown does: with times in the words of ISO 8601.
async fn patterns(server: &Harness, params: &[(&str, &str)]) -> Value {
    let bounds = [("start", "2026-01-19T22:00:00Z"), ("end", "2026-01-19T22:01:00Z")];
    let params = [&[("query", r#"{app="a"}"#)], &bounds[..], params].concat();
    server.get("/loki/api/v1/patterns", &params).await.json()
}

#[tokio::test]
async fn lines_are_counted_by_pattern_level_and_step() {
    let lines = ["INFO - loaded 7 rows", "INFO - loaded 12 rows", "ERROR - cannot load row 13"];
    let server = filled(&lines).await;
    let expect = json!({"status": "success", "data": [
        {"pattern": "INFO - loaded <_> rows", "level": "info", "samples": [[START, 2]]},
        {"pattern": "ERROR - cannot load row <_>", "level": "error", "samples": [[START, 1]]},
    ]});
    assert_eq!(patterns(&server, &[("step", "10s")]).await, expect);
    let by_second = patterns(&server, &[("step", "1s")]).await;
    assert_eq!(by_second["data"][0]["samples"], json!([[START, 1], [START + 1, 1]]));
}

/// A pattern that Drilldown shows becomes a filter when it is clicked.
#[tokio::test]
async fn a_pattern_finds_its_lines() {
    let lines = [
        r#"{"timestamp":"2026-01-19T22:00:00Z","level":"info","event":"Fetched page 3: 17 rows"}"#,
        r#"{"timestamp":"2026-01-19T22:00:01Z","level":"info","event":"Fetched page 4: 9 rows"}"#,
        r"a `quoted` word in line 17 \d",
        "10.0.0.7 - - [19/Jan/2026:22:00:00 +0000] \"GET /health HTTP/1.1\" 200 2",
        "10.0.0.9 - - [19/Jan/2026:22:00:09 +0000] \"GET /health HTTP/1.1\" 503 17",
    ];
    let server = filled(&lines).await;
    let mut found = 0;
    for series in patterns(&server, &[]).await["data"].as_array().unwrap() {
        let samples = series["samples"].as_array().unwrap();
        let count: u64 = samples.iter().map(|sample| sample[1].as_u64().unwrap()).sum();
        let quoted = series["pattern"].to_string();
        let query = format!(r#"sum(count_over_time({{app="a"}} |> {quoted} [5m]))"#);
        let params = [("query", query.as_str()), ("time", "2026-01-19T22:01:00Z")];
        let answer = server.get("/loki/api/v1/query", &params).await.json();
        assert_eq!(answer["data"]["result"][0]["value"][1], count.to_string(), "for {quoted}");
        found += count;
    }
    assert_eq!(found, lines.len() as u64);
}

#[tokio::test]
async fn only_a_selector_has_patterns() {
    let server = filled(&[]).await;
    for (query, status) in [
        (r#"{app="nosuch"}"#, 200),
        (r#"{app="a"} |= "x""#, 400),
        (r#"rate({app="a"}[1m])"#, 400),
        ("app", 400),
    ] {
        let answer = server.get("/loki/api/v1/patterns", &[("query", query)]).await;
        assert_eq!(answer.status, status, "for {query}: {}", answer.text());
    }
}
