//! An API server of a few lines: pods with versions, lists in pages, watches with bookmarks, a
//! history that can be forgotten, and faults.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::logs::{Logs, log};

/// Pods in one answer to a list, whatever is asked for.
const PAGE_PODS: usize = 3;
/// How long a watch is quiet before it tells a bookmark.
const BOOKMARK_AFTER: Duration = Duration::from_millis(20);

/// Other kinds of objects, and where they are asked for.
const OTHERS: [(&str, &str); 6] = [
    ("secrets", "/api/v1/namespaces/{namespace}/secrets/{name}"),
    ("configmaps", "/api/v1/namespaces/{namespace}/configmaps/{name}"),
    ("nodes", "/api/v1/nodes"),
    ("services", "/api/v1/services"),
    ("namespaces", "/api/v1/namespaces"),
    ("podlogs", "/apis/monitoring.grafana.com/v1alpha2/podlogs"),
];

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status.
    Status(u16),
    /// It is answered with 200, and the first event of the watch is an error of this code.
    ErrorEvent(u16),
    /// No answer comes.
    Hang,
    /// The answer takes a moment.
    Slow,
    /// The connection breaks in the middle of the first line.
    Cut,
    /// A watch ends before it has told anything.
    End,
}

/// A running server.
#[derive(Debug)]
pub struct Api {
    /// Where it listens.
    pub url: String,
    inner: Arc<Inner>,
    /// Events, by uid.
    pub events: Objects,
    /// Objects of other kinds, by the names of these.
    others: BTreeMap<&'static str, Objects>,
    /// The logs of containers, by pod.
    pub logs: Arc<Logs>,
    serving: JoinHandle<()>,
}

/// Objects of one more kind, which change as pods do.
#[derive(Debug)]
pub struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    version: watch::Sender<u64>,
    /// Watches that began before this number changed are cut.
    epoch: watch::Sender<u64>,
}

/// What the server knows.
#[derive(Debug, Default)]
pub struct World {
    version: u64,
    /// By uid.
    pub pods: BTreeMap<String, Value>,
    history: Vec<(u64, Value)>,
    /// Changes up to this version are forgotten.
    forgotten: u64,
    /// Whether one is told so by the status of the answer, not by an event.
    pub gone_is_status: bool,
    /// How often a watch was told that its version is forgotten.
    pub told_gone: usize,
    /// What happens to the next requests.
    pub faults: VecDeque<Fault>,
    /// What was asked.
    pub requests: Vec<HashMap<String, String>>,
    /// Lists that are read page by page.
    lists: Vec<(u64, Vec<Value>)>,
}

impl Api {
    /// Starts a server on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (inner, events, logs) = (Inner::new(), Inner::new(), Arc::<Logs>::default());
        let of_pods = get(pods).with_state(Arc::clone(&inner));
        let of_events = get(pods).with_state(Arc::clone(&events));
        let of_logs = get(log).with_state(Arc::clone(&logs));
        let mut router = Router::new()
            .route("/api/v1/pods", of_pods)
            .route("/api/v1/events", of_events.clone())
            .route("/api/v1/namespaces/{namespace}/events", of_events)
            .route("/api/v1/namespaces/{namespace}/pods/{pod}/log", of_logs);
        let mut others = BTreeMap::new();
        for (name, path) in OTHERS {
            let objects = Inner::new();
            let route = if path.ends_with("{name}") { get(one) } else { get(pods) };
            router = router.route(path, route.with_state(Arc::clone(&objects)));
            others.insert(name, Objects(objects));
        }
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, events: Objects(events), others, logs, serving }
    }

    /// Objects of another kind.
    pub fn of(&self, kind: &str) -> &Objects {
        &self.others[kind]
    }

    /// What it knows, to look at and to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap()
    }

    /// Makes a pod, or changes its labels.
    pub fn apply(&self, uid: &str, labels: &[(&str, &str)]) {
        self.apply_in_phase(uid, labels, "Running");
    }

    /// Makes a pod, or changes its labels and its phase.
    pub fn apply_in_phase(&self, uid: &str, labels: &[(&str, &str)], phase: &str) {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("pod-{uid}"), "namespace": "airflow", "uid": uid,
                "labels": labels},
            "spec": {"nodeName": "node-1", "containers": [{"name": "base"}]},
            "status": {"phase": phase},
        });
        self.apply_object(uid, &object);
    }

    /// Makes a pod of any form, or changes it.
    pub fn apply_object(&self, uid: &str, object: &Value) {
        self.inner.apply_object(uid, object);
    }

    /// Deletes a pod that is there.
    pub fn delete(&self, uid: &str) {
        self.change(|world| {
            let mut object = world.pods.remove(uid).expect("a pod that is there");
            object["metadata"]["resourceVersion"] = json!(world.version.to_string());
            ("DELETED", object)
        });
    }

    /// Forgets the history up to now.
    pub fn forget(&self) {
        let mut world = self.world();
        world.forgotten = world.version;
        world.history.clear();
    }

    /// Breaks all watches.
    pub fn cut(&self) {
        self.inner.epoch.send_modify(|epoch| *epoch += 1);
    }

    fn change(&self, change: impl FnOnce(&mut World) -> (&'static str, Value)) {
        self.inner.change(change);
    }
}

impl Objects {
    /// What is known, to look at and to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap()
    }

    /// Makes an object, or changes it.
    pub fn apply(&self, uid: &str, object: &Value) {
        self.0.apply_object(uid, object);
    }

    /// Deletes an object that is there.
    pub fn delete(&self, uid: &str) {
        self.0.change(|world| {
            let mut object = world.pods.remove(uid).expect("an object that is there");
            object["metadata"]["resourceVersion"] = json!(world.version.to_string());
            ("DELETED", object)
        });
    }

    /// Forgets the history up to now.
    pub fn forget(&self) {
        let mut world = self.world();
        world.forgotten = world.version;
        world.history.clear();
    }
}

impl Inner {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(World { version: 1, ..World::default() }),
            version: watch::Sender::new(1),
            epoch: watch::Sender::new(0),
        })
    }

    fn apply_object(&self, uid: &str, object: &Value) {
        self.change(|world| {
            let kind = if world.pods.contains_key(uid) { "MODIFIED" } else { "ADDED" };
            let mut object = object.clone();
            object["metadata"]["resourceVersion"] = json!(world.version.to_string());
            world.pods.insert(uid.to_owned(), object.clone());
            (kind, object)
        });
    }

    fn change(&self, change: impl FnOnce(&mut World) -> (&'static str, Value)) {
        let mut world = self.world.lock().unwrap();
        world.version += 1;
        let (kind, object) = change(&mut world);
        let version = world.version;
        world.history.push((version, json!({"type": kind, "object": object})));
        self.version.send_replace(version);
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pods(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let fault = {
        let mut world = inner.world.lock().unwrap();
        world.requests.push(query.clone());
        world.faults.pop_front()
    };
    match fault {
        Some(Fault::Status(code)) => return refusal(code),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Slow) => sleep(Duration::from_millis(60)).await,
        _ => {}
    }
    if query.contains_key("watch") {
        changes(inner, &query, fault)
    } else {
        list(&inner, &query, fault)
    }
}

/// One object, by its name, which is its uid here.
async fn one(State(inner): State<Arc<Inner>>, Path((_, name)): Path<(String, String)>) -> Response {
    let found = inner.world.lock().unwrap().pods.get(&name).cloned();
    found.map_or_else(|| refusal(404), |object| object.to_string().into_response())
}

fn status(code: u16) -> Value {
    let reason = if code == 410 { "Expired" } else { "Whatever" };
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "as told", "reason": reason, "code": code})
}

fn refusal(code: u16) -> Response {
    (StatusCode::from_u16(code).unwrap(), status(code).to_string()).into_response()
}

fn list(inner: &Inner, query: &HashMap<String, String>, fault: Option<Fault>) -> Response {
    let mut world = inner.world.lock().unwrap();
    let (no, from) = match query.get("continue") {
        Some(token) => {
            let (no, from) = token.split_once(':').unwrap();
            (no.parse().unwrap(), from.parse().unwrap())
        }
        None => {
            let list = (world.version, world.pods.values().cloned().collect());
            world.lists.push(list);
            (world.lists.len() - 1, 0)
        }
    };
    let (version, items) = &world.lists[no];
    let to = items.len().min(from + PAGE_PODS);
    let token = if to < items.len() { format!("{no}:{to}") } else { String::new() };
    let page = json!({"kind": "PodList", "apiVersion": "v1",
        "metadata": {"resourceVersion": version.to_string(), "continue": token},
        "items": items[from..to]})
    .to_string();
    if fault == Some(Fault::Cut) {
        return broken(&page);
    }
    page.into_response()
}

/// The first half of a text, and then the connection breaks.
fn broken(text: &str) -> Response {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let parts = [Ok(half), Err(io::Error::other("cut"))];
    Body::from_stream(stream::iter(parts)).into_response()
}

fn changes(inner: Arc<Inner>, query: &HashMap<String, String>, fault: Option<Fault>) -> Response {
    let seen: u64 = query["resourceVersion"].parse().unwrap();
    let (is_forgotten, is_status) = {
        let mut world = inner.world.lock().unwrap();
        let is_forgotten = seen < world.forgotten;
        world.told_gone += usize::from(is_forgotten);
        (is_forgotten, world.gone_is_status)
    };
    let error_event = |code| format!("{}\n", json!({"type": "ERROR", "object": status(code)}));
    match fault {
        _ if is_forgotten && is_status => return refusal(410),
        _ if is_forgotten => return error_event(410).into_response(),
        Some(Fault::ErrorEvent(code)) => return error_event(code).into_response(),
        Some(Fault::Cut) => return broken(&format!("{}\n", bookmark(seen))),
        Some(Fault::End) => return "".into_response(),
        _ => {}
    }
    let (version, epoch) = (inner.version.subscribe(), inner.epoch.subscribe());
    let events = stream::unfold(seen, move |mut seen| {
        let inner = Arc::clone(&inner);
        let (mut version, mut epoch) = (version.clone(), epoch.clone());
        async move {
            let line = tokio::select! {
                biased;
                _ = epoch.changed() => return None,
                line = next(&inner, &mut version, &mut seen) => line,
            };
            Some((Ok::<_, Infallible>(line), seen))
        }
    });
    Body::from_stream(events).into_response()
}

/// The line of the next change, or of a bookmark when there is none for a while.
async fn next(inner: &Inner, version: &mut watch::Receiver<u64>, seen: &mut u64) -> String {
    let known = |seen: u64| {
        let world = inner.world.lock().unwrap();
        let found = world.history.iter().find(|(version, _)| *version > seen);
        found.cloned().ok_or(world.version)
    };
    if known(*seen).is_err() {
        let is_newer = version.wait_for(|version| version > seen);
        let _ = timeout(BOOKMARK_AFTER, is_newer).await;
    }
    let (version, event) = known(*seen).unwrap_or_else(|version| (version, bookmark(version)));
    *seen = version;
    format!("{event}\n")
}

fn bookmark(version: u64) -> Value {
    json!({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1",
        "metadata": {"resourceVersion": version.to_string()}}})
}
