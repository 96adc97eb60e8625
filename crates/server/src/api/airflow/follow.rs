//! `/airflow/v1/log/follow`: the lines of one try as they arrive, until it has ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use logql::ast::Expr;
use loki::Params;
use loki::tail::TailQuery;
use loki::time::Bounds;
use model::{TenantId, Timestamp};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::log::{LIMIT_MAX, one_try};
use super::{asked, log};
use crate::app::App;
use crate::lifecycle::{Kind, Wanted, records};
use crate::limit::check_bounds;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tail::{Form, Lines, Slot};
use crate::tenant::Tenant;

/// A JSON object on each line.
pub(crate) const CONTENT_TYPE: &str = "application/x-ndjson";

/// How often it is looked whether the try has ended.
const LOOK: Duration = Duration::from_secs(3);
/// Lines may come for so long after the one that told the end: a collector sends what it reads at
/// once within a second, and tries again within a few.
const AFTER_END: Duration = Duration::from_secs(5);

pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Response, Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let query = one_try(&params)?;
    let limit = asked::limit(&params, (LIMIT_MAX, LIMIT_MAX), "page through /airflow/v1/log")?;
    let bounds = check_bounds(asked::reach(&params, now)?, now, &policy.limits)?;
    let Expr::Log(expr) = policy.parse(&query)? else {
        return Err(Refusal::bad_request("the query of a try is one of lines"));
    };
    let tail = TailQuery { query, start: bounds.start, limit, delay_for: Duration::ZERO };
    let max = policy.limits.max_concurrent_tail_requests;
    let slot = app.tails.enter(&tenant, max, &app.metrics)?;
    let lines = Lines::new(Arc::clone(&app), tenant.clone(), expr, tail, Form::Rows)?;
    let ended = async move { ended(&app, &tenant, &params, bounds).await };
    // One frame is made while another is written: what waits beyond is bounded elsewhere.
    let (frames, queue) = mpsc::channel(1);
    tokio::spawn(send(lines, frames, ended, slot));
    let head = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    Ok((head, Body::from_stream(texts(queue))).into_response())
}

/// Sends lines until the try has ended and all of its lines are out, or nobody listens any more,
/// or the server stops.
async fn send(
    lines: Lines,
    frames: mpsc::Sender<String>,
    ended: impl Future<Output = ()>,
    slot: Slot,
) {
    let listened = frames.clone();
    tokio::select! {
        reason = lines.run(frames, ended) => tracing::debug!(reason, "a try is followed no more"),
        () = listened.closed() => {}
        () = slot.stopped() => {}
    }
}

fn texts(queue: mpsc::Receiver<String>) -> impl Stream<Item = Result<String, Infallible>> {
    stream::unfold(queue, async |mut queue| Some((Ok(queue.recv().await?), queue)))
}

/// Completes some time after it is known that the try has ended.
async fn ended(app: &App, tenant: &TenantId, params: &Params, bounds: Bounds) {
    let wanted = Wanted { kind: Some(Kind::Try), equal: log::of_one_try(params) };
    while !has_ended(app, tenant, &wanted, bounds).await {
        sleep(LOOK).await;
    }
    sleep(AFTER_END).await;
}

/// Whether a record says so. What cannot be asked now is asked again.
async fn has_ended(app: &App, tenant: &TenantId, wanted: &Wanted, bounds: Bounds) -> bool {
    let mut running = app.lifecycles.running(tenant).into_iter().filter(|it| wanted.passes(it));
    if let Some(known) = running.next() {
        return known.end_time().is_some();
    }
    // A record lies where its try has ended, which may be after now by another's clock.
    let bounds = Bounds { end: Timestamp::MAX, ..bounds };
    records(app, tenant, wanted, bounds).await.is_ok_and(|found| !found.is_empty())
}
