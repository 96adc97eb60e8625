//! `loki.source.api` at work: takes what others push. A push is answered when all stores have
//! acknowledged it, so that whoever pushes need not trust us with anything.

use std::sync::Arc;
use std::time::Duration;

use ::stage::relabel::Rules;
use ::stage::{Entry, Origin, Origins};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use model::{Clock, Labels, Stream};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::component::Batch;
use crate::component::loki_source_api::Settings;
use crate::limits::PUSH_WAIT;
use crate::run::http::{self, Answer, body, text};
use crate::run::{flow, stats::Stats};

/// Takes pushes until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    cancel: CancellationToken,
) {
    loop {
        let listen = settings.borrow_and_update().listen;
        let listener = match http::bind(listen).await {
            Ok(listener) => listener,
            Err(error) => {
                let problem = format!("it cannot listen at {listen}: {error}");
                tracing::error!(problem, "loki.source.api takes no pushes, it is tried again");
                stats.note(Some(problem));
                tokio::select! {
                    () = cancel.cancelled() => return,
                    changed = settings.changed() => if changed.is_err() { return },
                    () = sleep(Duration::from_secs(1)) => {}
                }
                continue;
            }
        };
        stats.note(None);
        let (told, clock, stats) = (settings.clone(), Arc::clone(&clock), Arc::clone(&stats));
        let handle = move |request| {
            let settings = told.borrow().clone();
            answer(request, settings, Arc::clone(&clock), Arc::clone(&stats))
        };
        tokio::select! {
            () = http::serve(listener, handle, cancel.clone()) => return,
            () = moved(&mut settings, listen) => if settings.has_changed().is_err() { return },
        }
    }
}

/// Waits until it is to listen elsewhere, or nobody tells it anything any more.
async fn moved(settings: &mut watch::Receiver<Settings>, listen: std::net::SocketAddr) {
    let _ = settings.wait_for(|settings| settings.listen != listen).await;
}

async fn answer(
    request: Request<Incoming>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
) -> Answer {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/ready" | "/loki/ready") => text(StatusCode::OK, "ready"),
        (
            &Method::POST,
            "/loki/api/v1/push" | "/api/v1/push" | "/loki/api/v1/raw" | "/api/v1/raw",
        ) => {
            let is_raw = path.ends_with("/raw");
            match entries(request, &settings, &*clock, is_raw).await {
                Ok(batch) => deliver(&settings, batch, &stats).await,
                Err(answer) => answer,
            }
        }
        _ => text(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

async fn entries(
    request: Request<Incoming>,
    settings: &Settings,
    clock: &dyn Clock,
    is_raw: bool,
) -> Result<Batch, Answer> {
    let header = |name: &str| {
        request.headers().get(name).and_then(|it| it.to_str().ok()).map(ToOwned::to_owned)
    };
    let (kind, encoding) = (header("content-type"), header("content-encoding"));
    let tenant = header("x-scope-orgid");
    let bytes = body(request, settings.max_send_message_size).await?;
    let streams = if is_raw {
        let lines = String::from_utf8_lossy(&bytes).into_owned();
        let lines = lines.lines().filter(|line| !line.is_empty());
        let entries = lines.map(|line| model::Entry::new(clock.now(), line)).collect();
        vec![Stream { labels: Labels::default(), entries }]
    } else {
        let limits = loki::push::PushLimits::default();
        loki::push::decode(kind.as_deref(), encoding.as_deref(), &bytes, &limits)
            .map_err(|error| text(StatusCode::BAD_REQUEST, error.to_string()))?
    };
    let rules = Rules::build(&settings.rules.0).unwrap_or_default();
    let mut batch = Vec::new();
    for stream in streams {
        let own = stream.labels.iter().chain(settings.labels.iter());
        let tenant = tenant.as_deref().map(|tenant| ("__tenant_id__", tenant));
        let Some(labels) = rules.apply(&Labels::new(own.chain(tenant))) else { continue };
        let shown =
            labels.iter().filter(|(name, _)| !name.starts_with("__") || *name == "__tenant_id__");
        let labels = Labels::new(shown);
        for entry in stream.entries {
            let time = if settings.use_incoming_timestamp { entry.timestamp } else { clock.now() };
            let mut taken = Entry::new(labels.clone(), time, entry.line);
            taken.metadata = entry.metadata;
            batch.push(taken);
        }
    }
    Ok(batch)
}

/// One push; settled when the last entry of it is.
#[derive(Debug)]
struct Pushed(Arc<Notify>);

impl Origin for Pushed {}

impl Drop for Pushed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.notify_one();
        }
    }
}

async fn deliver(settings: &Settings, mut batch: Batch, stats: &Stats) -> Answer {
    let settled = Arc::new(Notify::new());
    let origins = Origins::one(Arc::new(Pushed(Arc::clone(&settled))));
    batch.iter_mut().for_each(|entry| entry.origins = origins.clone());
    drop(origins);
    stats.send(&batch);
    let delivered = async {
        flow::send(&settings.forward_to, batch).await;
        settled.notified().await;
    };
    match timeout(PUSH_WAIT, delivered).await {
        Ok(()) => text(StatusCode::NO_CONTENT, ""),
        Err(_) => {
            let why = "not all stores have acknowledged this yet; push it again later";
            text(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}
