//! `/loki/api/v1/tail`: lines as they arrive, over a WebSocket.

use std::future::pending;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use logql::ast::Expr;
use loki::tail::TailQuery;
use loki::time::Bounds;
use tokio::sync::mpsc;

use super::query::{log, wants_categories};
use crate::app::App;
use crate::limit::{check_bounds, check_entries};
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::tail::{Form, Lines, MESSAGE_BYTES_MAX, Slot, converse};
use crate::tenant::Tenant;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// A tail in today's form.
pub(crate) async fn tail(
    app: State<Arc<App>>,
    tenant: Tenant,
    headers: HeaderMap,
    upgrade: Upgrade,
    asked: Asked,
) -> Result<Response, Refusal> {
    let form = Form::Today { categorize: wants_categories(&headers) };
    open(app, tenant, &headers, upgrade, &asked, form)
}

/// A tail of the time before Loki 1.0.
pub(crate) async fn legacy(
    app: State<Arc<App>>,
    tenant: Tenant,
    headers: HeaderMap,
    upgrade: Upgrade,
    asked: Asked,
) -> Result<Response, Refusal> {
    open(app, tenant, &headers, upgrade, &asked, Form::Legacy)
}

/// Checks all that can be checked while a refusal has a status, then begins.
fn open(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    headers: &HeaderMap,
    upgrade: Upgrade,
    Asked(params): &Asked,
    form: Form,
) -> Result<Response, Refusal> {
    let (now, policy) = (app.clock.now(), app.policy(&tenant));
    let mut asked = TailQuery::parse(params, now)?;
    let query = policy.parse(&asked.query)?;
    log(&tenant, &query, headers);
    let Expr::Log(expr) = query else {
        let text = "only log selector is supported; ask for numbers at /loki/api/v1/query_range";
        return Err(Refusal::bad_request(text));
    };
    let bounds = Bounds { start: asked.start, end: now };
    asked.start = check_bounds(bounds, now, &policy.limits)?.start;
    check_entries(asked.limit, &policy.limits)?;
    check_origin(headers)?;
    // Loki's words for whatever is missing of an upgrade.
    let upgrade = upgrade.map_err(|_| Refusal::bad_request("Bad Request"))?;
    let max = policy.limits.max_concurrent_tail_requests;
    let slot = app.tails.enter(&tenant, max, &app.metrics)?;
    Ok(begin(upgrade, slot, Lines::new(app, tenant, expr, asked, form)?))
}

fn begin(upgrade: WebSocketUpgrade, slot: Slot, lines: Lines) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    upgrade.on_upgrade(async move |socket| {
        let (writer, reader) = socket.split();
        // One frame is made while another is written: what waits beyond is bounded elsewhere.
        let (frames, queue) = mpsc::channel(1);
        converse(writer, reader, lines.run(frames, pending()), queue, slot.stopped()).await;
    })
}

/// Refuses the pages of other sites. A browser lets any page open a WebSocket to any server, also
/// to one that only its own machine can reach, and tells the server whose page it is.
fn check_origin(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let site = origin.split_once("://").map_or(origin, |(_, site)| site);
    if text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(site)) {
        return Ok(());
    }
    let text = format!("a page of {origin:?} must not read logs here; ask through Grafana");
    Err(Refusal::new(StatusCode::FORBIDDEN, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, origin: Option<&str>, ok: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(check_origin(&headers).is_ok(), ok, "for {origin:?} at {host}");
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        check("localhost:3100", None, true);
        check("localhost:3100", Some("http://localhost:3100"), true);
        check("Logs.example", Some("https://logs.example"), true);
        check("localhost:3100", Some("https://evil.example"), false);
        check("localhost:3100", Some("http://localhost:3000"), false);
        check("localhost:3100", Some("null"), false);
    }
}
