//! A server in a folder of its own, and requests to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use barogram_server::{Config, Parts, Server};
use model::{Clock, ManualClock, Timestamp};
use query::Engine;
use serde_json::Value;
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;

/// The time of all tests: 2026-01-20T00:00:00Z.
pub const NOW: Timestamp = Timestamp::from_secs(1_768_867_200);

pub struct Harness {
    pub router: Router,
    pub clock: Arc<ManualClock>,
    _folder: TempDir,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert!(self.body.ends_with(b"\n"));
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The settings of the recordings: nothing is added to what is pushed.
pub fn plain() -> Config {
    let mut config = Config::default();
    config.limits.discover_service_name = Vec::new();
    config.limits.discover_log_levels = false;
    config.limits.split_queries_by_interval = Duration::ZERO;
    config
}

impl Harness {
    pub async fn new(config: Config) -> Self {
        let (folder, clock, parts) = parts().await;
        let router = Server::build(config, parts).unwrap().into_router();
        Self { router, clock, _folder: folder }
    }

    /// A server that a test has made itself.
    pub fn over(router: Router, clock: Arc<ManualClock>, folder: TempDir) -> Self {
        Self { router, clock, _folder: folder }
    }

    /// A GET with these parameters.
    pub async fn get(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        self.send(Request::get(uri(path, params)).body(Body::empty()).unwrap()).await
    }

    /// A push in JSON.
    pub async fn push(&self, body: &str) -> Answer {
        let request = Request::post("/loki/api/v1/push").header("Content-Type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// What a server works with, in a folder of its own.
pub async fn parts() -> (TempDir, Arc<ManualClock>, Parts) {
    let folder = TempDir::new().unwrap();
    let manual = Arc::new(ManualClock::new(NOW));
    let clock: Arc<dyn Clock> = manual.clone();
    let store = Store::open_folder(folder.path(), store::Config::default(), clock.clone());
    let store = store.await.unwrap();
    let engine = Engine::new(store.clone(), clock.clone(), query::Config::default());
    let registry = prometheus_client::registry::Registry::default();
    (folder, manual, Parts { store, engine, clock, registry })
}

/// A path with its parameters, escaped.
pub fn uri(path: &str, params: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let escaped = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        });
        escaped.collect()
    };
    let pairs = params.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    let pairs: Vec<_> = pairs.collect();
    format!("{path}?{}", pairs.join("&"))
}
