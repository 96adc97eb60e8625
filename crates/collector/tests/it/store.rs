//! A store of a few lines: takes pushes over HTTP, and fails as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use kubelet::Received;
use model::Stream;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What happens to one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is stored, and the collector gets to know.
    Stored,
    /// It is answered with this status, and not stored.
    Answered(u16),
    /// It is stored, and the answer is this status.
    StoredAndAnswered(u16),
    /// It is stored, and no answer comes in time.
    StoredInSilence,
    /// It is not stored, and the connection ends without an answer.
    Reset,
    /// It is stored, and the connection ends without an answer.
    StoredAndReset,
}

/// What the store has, and what it will do.
#[derive(Debug)]
pub struct Store {
    /// Where it listens.
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    /// What happens to the first pushes, in turn; later ones are stored.
    fates: Mutex<std::collections::VecDeque<Fate>>,
    stored: Mutex<Stored>,
    received: Mutex<Received>,
    /// A push with this in one of its lines is refused as a whole.
    poison: Mutex<Option<String>>,
}

/// Entries by what identifies them: their stream, time and text.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The metadata of each, and how often it came.
    pub entries: BTreeMap<(String, i64, String), (String, usize)>,
    /// Entries that came again with other metadata: they were not the same after all.
    pub changed: Vec<String>,
    /// The tenants that were named.
    pub tenants: std::collections::BTreeSet<String>,
}

impl Store {
    /// Starts a store with these fates on a free port.
    pub async fn start(fates: impl IntoIterator<Item = Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            fates: Mutex::new(fates.into_iter().collect()),
            stored: Mutex::default(),
            received: Mutex::default(),
            poison: Mutex::default(),
        });
        let router =
            Router::new().route("/loki/api/v1/push", post(checked)).with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, serving }
    }

    /// What happens to the next pushes.
    pub fn will(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inner.fates.lock().unwrap().extend(fates);
    }

    /// From now on a push with this in one of its lines is refused as a whole.
    pub fn refuse(&self, poison: &str) {
        *self.inner.poison.lock().unwrap() = Some(poison.to_owned());
    }

    /// What it has, in the order in which it came, for an audit.
    pub fn received(&self) -> Received {
        std::mem::take(&mut self.inner.received.lock().unwrap())
    }

    /// What it has.
    pub fn stored(&self) -> Stored {
        self.inner.stored.lock().unwrap().clone()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stored {
    /// The texts of all entries, sorted, each as often as it is there.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.entries.keys().map(|(_, _, line)| line.clone()).collect();
        lines.sort();
        lines
    }

    fn take(&mut self, streams: Vec<Stream>) {
        for stream in streams {
            for entry in stream.entries {
                let key = (stream.labels.to_string(), entry.timestamp.as_nanos(), entry.line);
                let metadata = entry.metadata.to_string();
                let (known, count) =
                    self.entries.entry(key).or_insert_with(|| (metadata.clone(), 0));
                *count += 1;
                if *known != metadata {
                    self.changed.push(metadata);
                }
            }
        }
    }
}

/// Refuses what has more labels than Loki takes, in its words.
async fn checked(state: State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok());
    let limits = loki::push::PushLimits::default();
    let streams = loki::push::decode(kind, None, &body, &limits).unwrap();
    if let Some(stream) = streams.iter().find(|stream| stream.labels.len() > 15) {
        let (labels, count) = (&stream.labels, stream.labels.len());
        let reason = format!("entry for stream '{labels}' has {count} label names; limit 15");
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    push(state, headers, body).await.into_response()
}

async fn push(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let fate = inner.fates.lock().unwrap().pop_front().unwrap_or(Fate::Stored);
    let status = |code: u16| StatusCode::from_u16(code).unwrap();
    match fate {
        Fate::Answered(code) => return status(code),
        Fate::Reset => hang_up(),
        _ => {}
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let limits = loki::push::PushLimits::default();
    let streams = loki::push::decode(header("content-type"), None, &body, &limits).unwrap();
    if let Some(poison) = &*inner.poison.lock().unwrap() {
        let mut entries = streams.iter().flat_map(|stream| &stream.entries);
        if entries.any(|entry| entry.line.contains(poison.as_str())) {
            return status(400);
        }
    }
    {
        inner.received.lock().unwrap().take(streams.clone());
        let mut stored = inner.stored.lock().unwrap();
        stored.take(streams);
        stored.tenants.extend(header("x-scope-orgid").map(ToOwned::to_owned));
    }
    match fate {
        Fate::StoredAndAnswered(code) => status(code),
        Fate::StoredInSilence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::NO_CONTENT
        }
        Fate::StoredAndReset => hang_up(),
        _ => StatusCode::NO_CONTENT,
    }
}

/// Ends the task of the connection, and the connection with it.
fn hang_up() -> ! {
    std::panic::resume_unwind(Box::new("the connection is reset on purpose"))
}
