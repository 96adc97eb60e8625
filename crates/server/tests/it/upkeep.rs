//! What the settings of a server and its delete requests mean for what is stored.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use barogram_server::{Config, Server};
use serde_json::{Value, json};
use store::{Rules, Store};

use crate::harness::{Harness, NOW, parts, plain};

const DAY: u64 = 86_400;

/// A server whose upkeep a test runs.
struct Kept {
    server: Harness,
    store: Store,
    rules: std::sync::Arc<dyn Rules>,
}

impl Kept {
    async fn new(config: Config) -> Self {
        let (folder, clock, parts) = parts().await;
        let store = parts.store.clone();
        let server = Server::build(config, parts).unwrap();
        let rules = server.rules();
        Self { server: Harness::over(server.into_router(), clock, folder), store, rules }
    }

    /// Pushes and flushes lines of an app, each the given hours ago.
    async fn push(&self, app: &str, lines: &[(i64, &str)]) {
        let values = lines.iter().map(|(hours, line)| {
            json!([(NOW.as_nanos() - hours * 3_600_000_000_000).to_string(), line])
        });
        let stream = json!({"stream": {"app": app}, "values": values.collect::<Vec<_>>()});
        let answer = self.server.push(&json!({"streams": [stream]}).to_string()).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        self.store.flush().await.unwrap();
    }

    async fn after(&self, days: u64) {
        self.server.clock.set(NOW);
        self.server.clock.advance(Duration::from_secs(days * DAY));
        self.store.upkeep(&self.rules).await.unwrap();
    }

    async fn ask(&self, path: &str, params: &[(&str, &str)]) -> Value {
        self.server.get(path, params).await.json()
    }

    /// The lines that are seen, sorted.
    async fn lines(&self) -> Vec<String> {
        let start = (NOW.as_nanos() - 20 * DAY as i64 * 1_000_000_000).to_string();
        let end = (NOW.as_nanos() + 1).to_string();
        let params = [("query", r#"{app=~".+"}"#), ("start", &*start), ("end", &*end)];
        let found = self.ask("/loki/api/v1/query_range", &params).await;
        let streams = found["data"]["result"].as_array().cloned().unwrap_or_default();
        let values = streams.iter().flat_map(|stream| stream["values"].as_array().unwrap());
        let mut lines: Vec<String> =
            values.map(|value| value[1].as_str().unwrap().to_owned()).collect();
        lines.sort();
        lines
    }
}

#[tokio::test]
async fn lines_expire_as_the_settings_say_and_the_status_tells() {
    let mut config = plain();
    let yaml = "retention: 2d\nlimits_config:\n  max_query_length: 0s\n  discover_service_name: []\n  \
                discover_log_levels: false\n  retention_stream:\n  \
                - {selector: '{app=\"audit\"}', period: 10d}\n";
    config.take_loki_yaml(yaml).unwrap();
    let kept = Kept::new(config).await;
    // Midnight is now, so these are of the day before.
    kept.push("etl", &[(1, "etl")]).await;
    kept.push("audit", &[(1, "audit")]).await;
    kept.after(1).await;
    assert_eq!(kept.lines().await, ["audit", "etl"]);
    let status = kept.ask("/barogram/v1/status", &[]).await;
    assert_eq!((&status["rows"], &status["upkeep"]["expired"]["rows"]), (&json!(2), &json!(0)));
    assert_eq!(status["upkeep"]["expires_next"]["at"], "2026-01-30T00:00:00Z");
    kept.after(2).await;
    assert_eq!(kept.lines().await, ["audit"]);
    let status = kept.ask("/barogram/v1/status", &[]).await;
    assert_eq!((&status["rows"], &status["upkeep"]["expired"]["rows"]), (&json!(1), &json!(1)));
    assert_eq!(status["upkeep"]["expired"]["last_at"], "2026-01-22T00:00:00Z");
    kept.after(10).await;
    assert_eq!(kept.lines().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deletion_erases_what_it_hides_and_no_more() {
    let kept = Kept::new(plain()).await;
    kept.push("x", &[(3, "secret task=1"), (3, "open task=2"), (2, "secret task=many")]).await;
    let query = r#"{app="x"} |= "secret""#;
    let start = (NOW.as_nanos() / 1_000_000_000 - 86_400).to_string();
    let params = [("query", query), ("start", &*start)];
    let request = Request::post(crate::harness::uri("/loki/api/v1/delete", &params));
    assert_eq!(kept.server.send(request.body(Body::empty()).unwrap()).await.status, 204);
    assert_eq!(kept.lines().await, ["open task=2"]);
    assert_eq!(kept.store.status().segment_rows, 3);
    kept.after(1).await;
    assert_eq!(kept.store.status().segment_rows, 1);
    let requests = kept.ask("/loki/api/v1/delete", &[]).await;
    assert_eq!(requests[0]["status"], "processed");
    // What comes now was not meant.
    kept.push("x", &[(3, "secret again")]).await;
    assert_eq!(kept.lines().await, ["open task=2", "secret again"]);
}
