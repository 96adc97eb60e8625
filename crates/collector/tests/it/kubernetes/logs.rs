//! The logs of containers, as the API server of these tests tells them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use model::rfc3339;
use tokio::time::sleep;

use super::api::Fault;

/// The logs of all containers.
#[derive(Debug, Default)]
pub struct Logs(Mutex<World>);

#[derive(Debug, Default)]
pub struct World {
    logs: BTreeMap<String, Log>,
    /// What happens to the next requests.
    pub faults: VecDeque<Fault>,
    /// What was asked.
    pub requests: Vec<String>,
    /// How many logs are told now,
    pub open: usize,
    /// and how many at most.
    pub open_most: usize,
}

/// The log of a container.
#[derive(Debug, Default)]
struct Log {
    text: String,
    is_ended: bool,
    previous: Option<String>,
}

impl Logs {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// A container writes.
    pub fn write(&self, pod: &str, text: &str) {
        self.world().logs.entry(pod.to_owned()).or_default().text.push_str(text);
    }

    /// A container ends.
    pub fn end(&self, pod: &str) {
        self.world().logs.get_mut(pod).unwrap().is_ended = true;
    }

    /// A container begins anew, after it has ended.
    pub fn restart(&self, pod: &str) {
        let mut world = self.world();
        let log = world.logs.get_mut(pod).unwrap();
        let ended = std::mem::take(&mut log.text);
        *log = Log { previous: Some(ended), ..Log::default() };
    }

    /// A pod is deleted.
    pub fn delete(&self, pod: &str) {
        self.world().logs.remove(pod);
    }
}

/// One that reads a log.
struct Reader {
    logs: Arc<Logs>,
    pod: String,
    text: String,
    at: usize,
    is_cut: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.logs.world().open -= 1;
    }
}

pub async fn log(
    State(logs): State<Arc<Logs>>,
    Path((namespace, pod)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    assert_eq!(namespace, "airflow");
    let mut world = logs.world();
    let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_previous = asked("previous") == "true";
    world.requests.push(format!("{pod} {} {}", asked("sinceTime"), asked("previous")));
    let fault = world.faults.pop_front();
    if let Some(Fault::Status(code)) = fault {
        return StatusCode::from_u16(code).unwrap().into_response();
    }
    let Some(found) = world.logs.get(&pod) else {
        return (StatusCode::NOT_FOUND, "no such pod").into_response();
    };
    let text = if is_previous { found.previous.clone() } else { Some(String::new()) };
    let Some(text) = text else {
        return (StatusCode::BAD_REQUEST, "previous terminated container not found")
            .into_response();
    };
    let since = rfc3339::parse(asked("sinceTime").as_bytes());
    world.open += 1;
    world.open_most = world.open_most.max(world.open);
    drop(world);
    let is_cut = fault == Some(Fault::Cut);
    let mut reader = Reader { logs, pod, text, at: 0, is_cut };
    let lines = stream::unfold(false, move |is_last| {
        let bytes = if is_last { None } else { Some(reader.next(is_previous)) };
        async move {
            let (bytes, is_last) = bytes?;
            if bytes.as_ref().is_ok_and(Bytes::is_empty) {
                sleep(Duration::from_millis(5)).await;
            }
            Some((bytes, is_last))
        }
    });
    let kept = lines.filter(move |bytes| {
        let is_wanted = bytes.as_ref().map_or(true, |bytes| is_since(bytes, since));
        std::future::ready(is_wanted)
    });
    Body::from_stream(kept).into_response()
}

impl Reader {
    /// The next line, or what there is of it at the end; and whether it is the last.
    fn next(&mut self, is_previous: bool) -> (io::Result<Bytes>, bool) {
        if !is_previous {
            let world = self.logs.world();
            let Some(log) = world.logs.get(&self.pod) else { return (Ok(Bytes::new()), true) };
            let rest = &log.text[self.at.min(log.text.len())..];
            let end = rest.find('\n').map(|end| end + 1);
            let is_end = end.is_none();
            let mut line = rest[..end.unwrap_or(rest.len())].to_owned();
            if is_end && !log.is_ended {
                line.clear();
            }
            self.at += line.len();
            if self.is_cut && !line.is_empty() {
                return (Err(io::Error::other("cut")), true);
            }
            return (Ok(Bytes::from(line)), is_end && log.is_ended);
        }
        let end = self.text.find('\n').map_or(self.text.len(), |end| end + 1);
        let line: String = self.text.drain(..end).collect();
        (Ok(Bytes::from(line)), self.text.is_empty())
    }
}

fn is_since(line: &[u8], since: Option<model::Timestamp>) -> bool {
    let time = line.split(|byte| *byte == b' ').next().and_then(rfc3339::parse);
    match (time, since) {
        (Some(time), Some(since)) => time >= since,
        _ => !line.is_empty(),
    }
}
