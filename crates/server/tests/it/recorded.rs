//! Requests that were recorded from Loki 3.7.6, sent to us: pushes in all their forms with what is
//! found afterwards, and requests that Loki refused. The whole recording is run from outside; this
//! is the part of it that is about the wire.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use barogram_server::Config;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::harness::{Answer, Harness, plain, uri};

#[derive(Deserialize)]
struct Case {
    id: String,
    method: String,
    path: String,
    #[serde(default)]
    params: Vec<(String, String)>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    request_body: String,
    #[serde(default)]
    request_body_base64: String,
    #[serde(default)]
    gzip_body: bool,
    status: u16,
    #[serde(default)]
    body: Value,
}

impl Case {
    fn request(&self) -> Request<Body> {
        let params: Vec<_> = self.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut request = Request::builder().method(self.method.as_str());
        request = request.uri(uri(&self.path, &params));
        for (name, value) in &self.headers {
            request = request.header(name, value.as_str().unwrap());
        }
        let mut body = self.request_body.clone().into_bytes();
        body.extend(STANDARD.decode(&self.request_body_base64).unwrap());
        if self.gzip_body {
            let level = flate2::Compression::fast();
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
            writer.write_all(&body).unwrap();
            body = writer.finish().unwrap();
        }
        request.body(Body::from(body)).unwrap()
    }

    fn check(&self, answer: &Answer) {
        let Self { id, status, body, .. } = self;
        // Loki answers 500 to some requests that are the sender's fault.
        let agrees = answer.status == *status || *status == 500 && answer.status >= 400;
        assert!(agrees, "{id}: {} instead of {status}: {}", answer.status, answer.text());
        if !body.is_null() {
            let mut got = answer.json();
            got["data"].as_object_mut().unwrap().remove("stats");
            assert_eq!(sorted(got), sorted(body.clone()), "{id}");
        }
    }
}

/// The order of streams is not told.
fn sorted(mut answer: Value) -> Value {
    if let Some(streams) = answer["data"]["result"].as_array_mut() {
        streams.sort_by_key(|stream| stream["stream"].to_string());
    }
    answer
}

async fn replay(config: Config, cases: &str) {
    let server = Harness::new(config).await;
    // The recorded pushes reach some hours beyond the time of the other tests.
    server.clock.advance(Duration::from_secs(86_400));
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        case.check(&server.send(case.request()).await);
    }
}

#[tokio::test]
async fn pushes_do_what_they_did_to_loki() {
    let config = Config { out_of_order_window: Some(Duration::from_secs(3600)), ..plain() };
    replay(config, include_str!("../data/push.jsonl")).await;
}

#[tokio::test]
async fn what_loki_refused_is_refused() {
    let mut config = plain();
    config.limits.max_entries_limit_per_query = 1_000_000;
    replay(config, include_str!("../data/refused.jsonl")).await;
}
