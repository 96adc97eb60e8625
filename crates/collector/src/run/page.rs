//! The agent's own port: metrics, whether it is well, a new configuration, and a page that shows
//! the components with what they do.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::run::http::{self, Answer, of, text};
use crate::run::runner::Control;
use crate::run::view::Viewed;

/// Reads the configuration again and gives it to the runner.
type Reread = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// What the page is made of.
#[derive(Clone)]
pub struct PagePart {
    /// Looks on at the runner.
    pub control: Control,
    /// Reads the configuration again.
    pub reread: Arc<Reread>,
}

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Serves until it is told to end.
pub async fn serve(listener: TcpListener, part: PagePart, cancel: CancellationToken) {
    let handle = move |request| answer(request, part.clone());
    http::serve(listener, handle, cancel).await;
}

async fn answer(request: Request<Incoming>, part: PagePart) -> Answer {
    let id = query(&request, "id");
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => of(StatusCode::OK, HTML, overview(&part.control.components())),
        (&Method::GET, "/component") => match find(&part, id.as_ref()) {
            Some(viewed) => of(StatusCode::OK, HTML, component(&viewed)),
            None => text(StatusCode::NOT_FOUND, "there is no such component"),
        },
        (&Method::GET, "/api/components") => {
            of(StatusCode::OK, JSON, components(&part.control.components()))
        }
        (&Method::GET, "/api/lines") => match find(&part, id.as_ref()) {
            Some(viewed) => {
                of(StatusCode::OK, JSON, json!(viewed.stats.watch(Instant::now())).to_string())
            }
            None => text(StatusCode::NOT_FOUND, "there is no such component"),
        },
        (&Method::GET, "/page.js") => of(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
        (&Method::GET, "/page.css") => of(StatusCode::OK, "text/css; charset=utf-8", STYLE),
        (&Method::GET, "/metrics") => metrics(&part),
        (&Method::GET, "/-/ready") => text(StatusCode::OK, "Alloy is ready.\n"),
        (&Method::GET, "/-/healthy") => healthy(&part.control.components()),
        (&Method::POST | &Method::GET, "/-/reload") if !is_of_elsewhere(&request) => {
            match (part.reread)().await {
                Ok(()) => text(StatusCode::OK, "config reloaded\n"),
                Err(why) => text(StatusCode::BAD_REQUEST, why),
            }
        }
        (_, "/-/reload") => text(StatusCode::FORBIDDEN, "pages of other sites may not do this"),
        _ => text(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

/// Whether a page of another site asks, by the browser's word.
fn is_of_elsewhere(request: &Request<Incoming>) -> bool {
    let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
    let origin = header("origin").map(|origin| origin.rsplit('/').next().unwrap_or_default());
    origin.is_some_and(|origin| header("host") != Some(origin))
}

fn query(request: &Request<Incoming>, name: &str) -> Option<String> {
    let pairs = request.uri().query()?.split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1;
    Some(percent_decoded(value))
}

fn percent_decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|it| u8::from_str_radix(it, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn find(part: &PagePart, id: Option<&String>) -> Option<Viewed> {
    part.control.components().into_iter().find(|it| Some(&it.id) == id)
}

fn metrics(part: &PagePart) -> Answer {
    match part.control.metrics() {
        Ok(text) => of(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text),
        Err(why) => text(StatusCode::INTERNAL_SERVER_ERROR, why),
    }
}

fn healthy(components: &[Viewed]) -> Answer {
    let sick = components.iter().filter_map(|it| Some((&it.id, it.stats.problem()?)));
    let sick: Vec<String> = sick.map(|(id, problem)| format!("{id}: {problem}")).collect();
    if sick.is_empty() {
        return text(StatusCode::OK, "All Alloy components are healthy.\n");
    }
    text(StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", sick.join("\n")))
}

fn components(components: &[Viewed]) -> String {
    let all = components.iter().map(|it| {
        json!({
            "id": it.id, "name": it.name, "needs": it.needs, "problem": it.stats.problem(),
            "received": it.stats.received(), "sent": it.stats.sent(), "is_run": it.is_run,
            "detail": it.stats.detail(),
        })
    });
    json!(all.collect::<Vec<_>>()).to_string()
}

fn overview(components: &[Viewed]) -> String {
    let mut rows = String::new();
    for it in components {
        let id = escaped(&it.id);
        let needs: Vec<String> = it.needs.iter().map(|it| escaped(it)).collect();
        let _ = writeln!(
            rows,
            "<tr data-id=\"{id}\"><td><a href=\"/component?id={id}\">{id}</a></td>\
             <td class=\"health\">{}</td><td class=\"number in\">{}</td>\
             <td class=\"number out\">{}</td><td>{}</td></tr>",
            health(it),
            it.stats.received(),
            it.stats.sent(),
            needs.join("<br>"),
        );
    }
    let body = format!(
        "<h1>Components</h1><svg id=\"graph\"></svg><table id=\"components\"><thead><tr>\
         <th>component</th><th>health</th><th>entries in</th><th>entries out</th><th>needs</th>\
         </tr></thead><tbody>{rows}</tbody></table>"
    );
    page("barogram", &body)
}

fn component(it: &Viewed) -> String {
    let mut detail = String::new();
    for (name, value) in it.stats.detail() {
        let _ =
            writeln!(detail, "<tr><td>{}</td><td>{}</td></tr>", escaped(&name), escaped(&value));
    }
    let id = escaped(&it.id);
    let body = format!(
        "<p><a href=\"/\">all components</a></p><h1>{id}</h1><p class=\"health\">{}</p>\
         <h2>Arguments</h2><pre>{}</pre><h2>Exports</h2><pre>{}</pre>\
         <h2>Now</h2><table><tbody id=\"detail\">{detail}</tbody></table>\
         <h2>Lines through its stages</h2><pre id=\"lines\" data-id=\"{id}\"></pre>",
        health(it),
        escaped(&it.arguments),
        escaped(&it.exports),
    );
    page(&it.id, &body)
}

fn health(it: &Viewed) -> String {
    match it.stats.problem() {
        _ if !it.is_run => "not run".to_owned(),
        Some(problem) => format!("<b>{}</b>", escaped(&problem)),
        None => "healthy".to_owned(),
    }
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/page.css\"><script src=\"/page.js\" defer></script></head>\
         <body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    let replace = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_users_are_no_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
        assert_eq!(percent_decoded("a%2Fb%zz%e2%82%ac"), "a/b%zz€");
    }
}
