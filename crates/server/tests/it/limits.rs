//! Limits: what a tenant may push and ask, in Loki's names and words.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use barogram_server::{Config, SeriesExceeded};

use crate::harness::{Answer, Harness, plain, uri};

const COUNT: &str = r#"count_over_time({app=~".+"}[5m])"#;

/// A server with these limits, in YAML, that holds a line of each of two streams.
async fn limited(yaml: &str) -> Harness {
    let mut config = plain();
    assert_eq!(config.take_loki_yaml(yaml).unwrap(), Vec::<String>::new());
    let server = Harness::new(config).await;
    let body = r#"{"streams":[{"stream":{"app":"a"},"values":[["1768867140000000000","x"]]},
        {"stream":{"app":"b"},"values":[["1768867140000000000","x"]]}]}"#;
    assert_eq!(server.push(body).await.status, 204);
    server
}

async fn ask(server: &Harness, query: &str) -> Answer {
    server.get("/loki/api/v1/query", &[("query", query)]).await
}

#[tokio::test]
async fn too_many_series_are_cut_and_it_is_said() {
    let server = limited("limits_config: {max_query_series: 1}").await;
    let answer = ask(&server, COUNT).await.json();
    assert_eq!(answer["data"]["result"].as_array().unwrap().len(), 1);
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("maximum number of series (1) reached: 1 of 2 are shown"),
        "{warning}"
    );
}

#[tokio::test]
async fn too_many_series_are_refused_where_that_is_wished() {
    let yaml = "limits_config: {max_query_series: 1, max_query_series_exceeded: refuse}";
    let server = limited(yaml).await;
    let inner = format!("count(sum by (app) ({COUNT}))");
    for query in [COUNT, inner.as_str()] {
        let answer = ask(&server, query).await;
        assert_eq!(answer.status, 400, "for {query}");
        assert!(answer.text().starts_with("maximum number of series (1) reached"));
    }
    assert_eq!(ask(&server, &format!("sum({COUNT})")).await.status, 200);
}

#[tokio::test]
async fn a_query_reads_no_more_than_it_may() {
    let server = limited("limits_config: {max_query_bytes_read: 1B}").await;
    let answer = ask(&server, r#"bytes_over_time({app=~".+"}[5m])"#).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().starts_with("the query would read too many bytes (limit: 1)"));
    assert_eq!(ask(&server, r#"bytes_over_time({app="a"}[5m])"#).await.status, 200);
}

#[tokio::test]
async fn what_comes_too_fast_is_to_be_sent_again() {
    let server =
        limited("limits_config: {ingestion_rate_mb: 0.00001, ingestion_burst_size_mb: 0.00001}")
            .await;
    let line = "y".repeat(9);
    let body = format!(
        r#"{{"streams":[{{"stream":{{"app":"a"}},"values":[["1768867141000000000","{line}"]]}}]}}"#
    );
    let refused = server.push(&body).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(
        refused.text(),
        "Ingestion rate limit exceeded for user fake (limit: 10 bytes/sec) while attempting to \
         ingest '1' lines totaling '9' bytes, reduce log volume or contact your Loki administrator \
         to see if the limit can be increased\n"
    );
    let metrics = server.get("/metrics", &[]).await.text();
    let counted = r#"loki_discarded_samples_total{tenant="fake",reason="rate_limited"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.push(&body).await.status, 204);
}

#[tokio::test]
async fn a_tenant_has_its_own_limits() {
    let yaml = "auth_enabled: true\noverrides: {b: {max_entries_limit_per_query: 1}}";
    let mut config = plain();
    config.take_loki_yaml(yaml).unwrap();
    let server = Harness::new(config).await;
    let ask = async |tenant: &str, path: &str| {
        let target = uri(path, &[("query", r#"{app="a"}"#), ("limit", "2")]);
        let request = Request::get(target).header("X-Scope-OrgID", tenant);
        server.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("a", "/loki/api/v1/query_range").await.status, 200);
    assert_eq!(ask("b", "/loki/api/v1/query_range").await.status, 400);
    let limits = ask("b", "/config/tenant/v1/limits").await;
    assert!(limits.text().contains("\nmax_entries_limit_per_query: 1\n"), "{}", limits.text());
    let drilldown = ask("b", "/loki/api/v1/drilldown-limits").await.json();
    assert_eq!(drilldown["limits"]["max_entries_limit_per_query"], 1);
    assert_eq!(drilldown["limits"]["max_query_length"], "30d1h");
    assert_eq!(drilldown["pattern_ingester_enabled"], true);
}

#[tokio::test]
async fn the_configuration_is_shown() {
    let config = Config { multi_tenant: true, ..plain() };
    let shown = Harness::new(config).await.get("/config", &[]).await.text();
    assert!(shown.contains("auth_enabled: true\n"), "{shown}");
    let mut again = Config::default();
    again.take_loki_yaml(&shown).unwrap();
    assert_eq!(again.limits.max_query_series_exceeded, SeriesExceeded::Truncate);
    assert!(again.limits.discover_service_name.is_empty());
}

#[tokio::test]
async fn a_flush_empties_the_memory_and_shards_are_one() {
    let server = limited("limits_config: {}").await;
    let request = Request::post("/flush").body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, 204);
    let params = [("query", r#"{app="a"} |= "x""#)];
    let shards = server.get("/loki/api/v1/index/shards", &params).await.json();
    assert_eq!(shards["shards"][0]["bounds"]["max"], u64::MAX);
    assert_eq!(shards["shards"][0]["stats"]["entries"], 1);
}
