//! A Docker engine of a few lines on a socket: containers that come and go, logs in frames or of a
//! terminal, told in small pieces, and faults.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::stream;
use model::{Timestamp, rfc3339};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// When its messages begin.
const BEGINNING: &str = "2026-11-22T08:00:00";
/// Bytes that are told at once.
const PIECE: usize = 7;

/// What happens to one request for a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status.
    Status(u16),
    /// It breaks off in the middle of the message of this number.
    Cut(usize),
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    pub socket: PathBuf,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    /// Counts events.
    events: watch::Sender<u64>,
}

/// What it knows.
#[derive(Debug, Default)]
pub struct World {
    containers: BTreeMap<String, Container>,
    /// What happens to the next requests for logs.
    pub faults: VecDeque<Fault>,
    /// What was asked of logs: the container, and since when.
    pub requests: Vec<String>,
}

#[derive(Debug, Default)]
struct Container {
    is_terminal: bool,
    is_running: bool,
    /// Messages: the stream, a time, a text.
    log: Vec<(u8, String, String)>,
}

impl Engine {
    /// Starts an engine with its socket in a folder.
    pub fn start(folder: &FilePath) -> Self {
        let socket = folder.join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let inner = Arc::new(Inner { world: Mutex::default(), events: watch::Sender::new(0) });
        let router = Router::new()
            .route("/containers/json", get(containers))
            .route("/networks", get(|| async { Json(json!([{"Id": "n", "Name": "bridge"}])) }))
            .route("/events", get(events))
            .route("/containers/{id}/json", get(inspect))
            .route("/containers/{id}/logs", get(logs))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { socket, inner, serving }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap()
    }

    /// A container begins.
    pub fn run(&self, id: &str, is_terminal: bool) {
        let container = Container { is_terminal, is_running: true, log: Vec::new() };
        self.world().containers.insert(id.to_owned(), container);
        self.inner.events.send_modify(|count| *count += 1);
    }

    /// A container writes at a time within the minute, to its output (1) or that of errors (2).
    pub fn write(&self, id: &str, source: u8, time: &str, text: &str) {
        let time = format!("{}{time}Z", &BEGINNING[..17]);
        let mut world = self.world();
        let log = &mut world.containers.get_mut(id).unwrap().log;
        log.push((source, time, text.to_owned()));
    }

    /// A container ends.
    pub fn end(&self, id: &str) {
        self.world().containers.get_mut(id).unwrap().is_running = false;
        self.inner.events.send_modify(|count| *count += 1);
    }

    /// A container is removed.
    pub fn remove(&self, id: &str) {
        self.world().containers.remove(id);
        self.inner.events.send_modify(|count| *count += 1);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn containers(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let world = inner.world.lock().unwrap();
    let running = world.containers.iter().filter(|(_, it)| it.is_running);
    let all = running.map(|(id, _)| {
        json!({
            "Id": id, "Names": [format!("/{id}-name")], "Labels": {"app": "a"},
            "Ports": [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}],
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "10.0.0.2", "NetworkID": "n"}}},
        })
    });
    Json(Value::Array(all.collect()))
}

async fn events(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let filters: Value = serde_json::from_str(&query["filters"]).unwrap();
    assert_eq!(filters["type"][0], "container");
    let told = inner.events.subscribe();
    let events = stream::unfold(told, |mut told| async move {
        told.changed().await.ok()?;
        Some((Ok::<_, io::Error>(Bytes::from("{\"Type\": \"container\"}\n")), told))
    });
    Body::from_stream(events).into_response()
}

async fn inspect(State(inner): State<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let world = inner.world.lock().unwrap();
    let Some(found) = world.containers.get(&id) else {
        return (StatusCode::NOT_FOUND, "no such container").into_response();
    };
    let (tty, running) = (found.is_terminal, found.is_running);
    Json(json!({"Id": id, "Config": {"Tty": tty}, "State": {"Running": running}})).into_response()
}

async fn logs(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    for name in ["follow", "stdout", "stderr", "timestamps"] {
        assert_eq!(query[name], "1");
    }
    let since = query.get("since").cloned().unwrap_or_default();
    let fault = {
        let mut world = inner.world.lock().unwrap();
        world.requests.push(format!("{id} {since}"));
        world.faults.pop_front()
    };
    if let Some(Fault::Status(code)) = fault {
        return (StatusCode::from_u16(code).unwrap(), "as told").into_response();
    }
    let since = since_nanos(&since);
    let reader = Reader { inner, id, since, fault, at: 0, told: VecDeque::new() };
    Body::from_stream(stream::unfold(reader, Reader::next)).into_response()
}

/// A time with nine digits of nanoseconds.
fn since_nanos(text: &str) -> i64 {
    let Some((seconds, nanos)) = text.split_once('.') else { return i64::MIN };
    assert_eq!(nanos.len(), 9);
    seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap()
}

/// One that reads a log.
struct Reader {
    inner: Arc<Inner>,
    id: String,
    since: i64,
    fault: Option<Fault>,
    /// The message that comes next.
    at: usize,
    /// What is not told yet of the last.
    told: VecDeque<u8>,
}

impl Reader {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            if !self.told.is_empty() {
                let count = PIECE.min(self.told.len());
                let piece: Vec<u8> = self.told.drain(..count).collect();
                if self.fault == Some(Fault::Cut(self.at)) {
                    return Some((Err(io::Error::other("cut")), self));
                }
                return Some((Ok(Bytes::from(piece)), self));
            }
            let message = {
                let world = self.inner.world.lock().unwrap();
                let container = world.containers.get(&self.id)?;
                let message = container.log.get(self.at).cloned();
                if message.is_none() && !container.is_running {
                    return None;
                }
                message.map(|message| (message, container.is_terminal))
            };
            match message {
                Some((message, is_terminal)) => {
                    self.at += 1;
                    self.told.extend(self.framed(&message, is_terminal));
                }
                None => sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// A message as it is told; nothing if it is older than was asked for.
    fn framed(&self, (source, time, text): &(u8, String, String), is_terminal: bool) -> Vec<u8> {
        let at = rfc3339::parse(time.as_bytes()).unwrap();
        if at < Timestamp(self.since) {
            return Vec::new();
        }
        let text = format!("{time} {text}");
        if is_terminal {
            return text.replace('\n', "\r\n").into_bytes();
        }
        let len = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[*source, 0, 0, 0], &len[..], text.as_bytes()].concat()
    }
}
