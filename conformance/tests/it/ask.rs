//! A server in this process, and how a recorded request is put to it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use barogram_conformance::{Case, Recording, dataset};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Clock, SystemClock};
use query::Engine;
use serde_json::Value;
use server::{Parts, Server};
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;

/// A server that holds the data set.
pub(crate) struct Asked {
    router: Router,
    _folder: TempDir,
}

impl Asked {
    /// Starts a server with a recording's settings and loads the data set.
    pub(crate) async fn start(recording: Recording) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let config = store::Config::default();
        let store = Store::open_folder(folder.path(), config, Arc::clone(&clock)).await.unwrap();
        let engine = Engine::new(store.clone(), Arc::clone(&clock), query::Config::default());
        let mut config = server::Config::default();
        let yaml = match recording {
            Recording::Plain => include_str!("../../loki.yaml"),
            Recording::Defaults => include_str!("../../loki-defaults.yaml"),
        };
        let ignored = config.take_loki_yaml(yaml).unwrap();
        assert!(ignored.is_empty(), "settings without a meaning: {ignored:?}");
        let registry = prometheus_client::registry::Registry::default();
        let parts = Parts { store: store.clone(), engine, clock, registry };
        let router = Server::build(config, parts).unwrap().into_router();
        let asked = Self { router, _folder: folder };
        for payload in dataset().unwrap() {
            let request = Request::post("/loki/api/v1/push")
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(payload))
                .unwrap();
            let (status, text) = asked.send(request).await;
            assert_eq!(status, 204, "{text}");
        }
        // Half of the work is to answer from segments.
        store.flush().await.unwrap();
        asked
    }

    /// The status and the answer to a case: JSON, or else its text.
    pub(crate) async fn answer(&self, case: &Case) -> (u16, Value) {
        let (status, text) = self.send(request(case)).await;
        let body = serde_json::from_str(&text);
        (status, body.unwrap_or(Value::String(text)))
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status: StatusCode = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status.as_u16(), String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn request(case: &Case) -> Request<Body> {
    let params = encoded(&case.params);
    let mut body = match (&case.request_body, &case.request_body_base64) {
        (Some(text), _) => Some(with_times(text).into_bytes()),
        (_, Some(packed)) => Some(STANDARD.decode(packed).unwrap()),
        _ => None,
    };
    if let Some(plain) = body.as_mut().filter(|_| case.gzip_body) {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(plain).unwrap();
        *plain = gzip.finish().unwrap();
    }
    let is_form = body.is_none() && ["POST", "PUT", "PATCH"].contains(&case.method.as_str());
    let target = match (is_form, params.is_empty()) {
        (true, _) | (_, true) => case.path.clone(),
        _ => format!("{}?{params}", case.path),
    };
    let mut request = Request::builder().method(case.method.as_str()).uri(target);
    if is_form && !case.headers.contains_key("Content-Type") {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    for (name, value) in &case.headers {
        request = request.header(name, value);
    }
    let body = if is_form { Body::from(params) } else { body.map_or_else(Body::empty, Body::from) };
    request.body(body).unwrap()
}

fn encoded(params: &[(String, String)]) -> String {
    let pairs = params
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(&with_times(value))));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => write!(encoded, "%{byte:02X}").unwrap(),
        }
        encoded
    })
}

/// `${NOW}`, `${NOW-3600s}` and `${NOW+300s}` stand for times in nanoseconds.
fn with_times(text: &str) -> String {
    let mut parts = text.split("${NOW");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (offset, rest) = part.split_once('}').unwrap();
        let seconds: i64 = match offset.trim_end_matches('s').trim_start_matches('+') {
            "" => 0,
            number => number.parse().unwrap(),
        };
        write!(filled, "{}{rest}", SystemClock.now().0 + seconds * 1_000_000_000).unwrap();
    }
    filled
}
