//! A store of metrics of a few lines: takes samples by Prometheus' remote write, and fails as it is
//! told to. It reads the messages by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    series: Vec<Series>,
}

#[derive(Clone, PartialEq, Message)]
struct Series {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    time_ms: i64,
}

/// A sample as it came: the series as text, the bits of its value, its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    pub series: String,
    pub value: f64,
    pub time_ms: i64,
}

/// What the store has, and what it will do.
#[derive(Debug)]
pub struct MetricsStore {
    /// Where samples are pushed.
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The answers to the next requests; later ones are taken.
    fates: Mutex<VecDeque<u16>>,
    came: Mutex<Vec<Came>>,
    headers: Mutex<HeaderMap>,
}

impl MetricsStore {
    /// Starts a store that answers the first requests like this.
    pub async fn start(fates: impl IntoIterator<Item = u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/v1/write", listener.local_addr().unwrap());
        let fates = Mutex::new(fates.into_iter().collect());
        let inner = Arc::new(Inner { fates, ..Inner::default() });
        let router = Router::new().route("/api/v1/write", post(write));
        let router = router.with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, serving }
    }

    /// The samples that it took, in the order in which they came.
    pub fn came(&self) -> Vec<Came> {
        self.inner.came.lock().unwrap().clone()
    }

    /// The samples of series in which all of these stand.
    pub fn of(&self, parts: &[&str]) -> Vec<Came> {
        let is_it = |it: &Came| parts.iter().all(|part| it.series.contains(part));
        self.came().into_iter().filter(is_it).collect()
    }

    /// A header of the last request.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = self.inner.headers.lock().unwrap();
        Some(headers.get(name)?.to_str().unwrap().to_owned())
    }

    /// How many requests are still answered as it was told.
    pub fn fates_left(&self) -> usize {
        self.inner.fates.lock().unwrap().len()
    }
}

impl Drop for MetricsStore {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn write(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    if let Some(fate) = inner.fates.lock().unwrap().pop_front() {
        return (StatusCode::from_u16(fate).unwrap(), "as told");
    }
    let bytes = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    let request = Request::decode(&*bytes).unwrap();
    let mut came = inner.came.lock().unwrap();
    for Series { labels, samples } in request.series {
        assert!(labels.is_sorted_by(|a, b| a.name < b.name), "{labels:?}");
        let labels = labels.iter().map(|Label { name, value }| format!("{name}={value:?}"));
        let series = labels.collect::<Vec<_>>().join(",");
        came.extend(samples.iter().map(|Value { value, time_ms }| Came {
            series: series.clone(),
            value: *value,
            time_ms: *time_ms,
        }));
    }
    *inner.headers.lock().unwrap() = headers;
    (StatusCode::NO_CONTENT, "")
}
