//! `/loki/api/v1/push`: lines come in. 204 means that they are durable.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use loki::push::{Push, PushError, Rejection};
use model::TenantId;

use crate::app::App;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::tenant::Tenant;

/// The texts of refused entries that an answer repeats: enough to see what is wrong.
const TEXTS_MAX: usize = 10;
/// A body that is decoded where it was received: it takes less than half a millisecond, not much
/// more than to have another thread do it.
const SMALL_BODY_BYTES: usize = 32 * 1024;

/// A push in today's form.
pub(crate) async fn push(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let parse = move |app: &App, policy: &Policy, body: &[u8]| {
        let (kind, encoding) = kinds(&headers);
        loki::push::parse(kind, encoding, body, &app.push_limits, &policy.streams)
    };
    receive(app, tenant, body, parse).await
}

/// A push of the time before Loki 1.0.
pub(crate) async fn legacy(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let parse = move |app: &App, policy: &Policy, body: &[u8]| {
        let (kind, encoding) = kinds(&headers);
        loki::push::parse_legacy(kind, encoding, body, &app.push_limits, &policy.streams)
    };
    receive(app, tenant, body, parse).await
}

/// A body, or why it could not be read.
pub(crate) type Body = Result<Bytes, BytesRejection>;

/// `Content-Type` and `Content-Encoding`.
pub(crate) fn kinds(headers: &HeaderMap) -> (Option<&str>, Option<&str>) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    (text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING))
}

/// Takes in what `parse` finds in a body: checks it, completes it, makes it durable.
pub(crate) async fn receive(
    app: Arc<App>,
    tenant: TenantId,
    body: Body,
    parse: impl FnOnce(&App, &Policy, &[u8]) -> Result<Push, PushError> + Send + 'static,
) -> Result<StatusCode, Refusal> {
    let body = body.map_err(|rejection| Refusal::new(rejection.status(), rejection.body_text()))?;
    let is_small = body.len() <= SMALL_BODY_BYTES;
    let ready = {
        let (app, tenant) = (Arc::clone(&app), tenant.clone());
        move || -> Result<(Push, Duration), PushError> {
            let policy = app.policy(&tenant);
            Ok(prepare(&app, &tenant, policy, parse(&app, policy, &body)?))
        }
    };
    let ready = if is_small { ready() } else { elsewhere(ready).await? };
    let (Push { streams, rejected }, retry_after) = ready?;
    if !streams.is_empty() {
        let entries = || streams.iter().flat_map(|stream| &stream.entries);
        let bytes: usize = entries().map(|entry| entry.line.len()).sum();
        let (lines, bytes) = (entries().count() as u64, bytes as u64);
        app.store.append(&tenant, streams).await?;
        app.metrics.received(&tenant, lines, bytes);
    }
    app.metrics.discarded(&tenant, &rejected);
    // The good entries are stored by now: a sender that drops what is refused loses only the rest.
    if rejected.is_empty() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(refusal(&rejected, retry_after))
    }
}

/// Does what takes long on a thread of its own, so that other requests go on meanwhile.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to decode: {error}"))
    })
}

/// Takes out of a push what must not be stored, and adds what Loki adds. Where something comes too
/// fast, tells after which time to send it again; zero where nothing does.
fn prepare(app: &App, tenant: &TenantId, policy: &Policy, mut push: Push) -> (Push, Duration) {
    let limits = &policy.limits;
    let now = app.clock.now();
    push.rejected.extend(loki::push::validate(&mut push.streams, &policy.entries, now));
    if let Some(newest) = &app.newest {
        push.rejected.extend(newest.sift(tenant, &mut push.streams));
    }
    let too_fast = app.rates.sift(tenant, &mut push.streams, limits, now);
    let retry_after = too_fast.iter().map(|part| part.retry_after).max().unwrap_or_default();
    push.rejected.extend(too_fast.into_iter().map(|part| part.rejection));
    if limits.discover_log_levels {
        push.streams.iter_mut().for_each(|stream| policy.levels.add(stream));
    }
    app.lifecycles.take(tenant, &push.streams, now);
    (push, retry_after)
}

/// 429 where anything comes too fast: then at least a part is worth sending again, and what is
/// stored already is not stored twice.
fn refusal(rejected: &[Rejection], retry_after: Duration) -> Refusal {
    let mut texts: Vec<_> = rejected.iter().take(TEXTS_MAX).map(|r| r.text.as_str()).collect();
    let more = rejected.len().saturating_sub(TEXTS_MAX);
    let last = format!("and {more} more");
    if more > 0 {
        texts.push(&last);
    }
    let text = texts.join("\n");
    if retry_after.is_zero() {
        return Refusal::bad_request(text);
    }
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, text).retry_after(retry_after)
}
