//! A server that answers as a test says, and the binary as a process that asks it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::site::PATIENCE;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Of a parameter that comes several times, the last.
    pub params: BTreeMap<String, String>,
    pub headers: HeaderMap,
}

impl Asked {
    /// A parameter that is a number; zero without it.
    pub fn number(&self, name: &str) -> i64 {
        self.params.get(name).map_or(0, |text| text.parse().unwrap())
    }
}

/// A server that answers as a test says.
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Serves until the test's runtime ends.
    pub async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
        let routes = Router::new().fallback(move |request: Request| async move {
            let Query(params) = Query::try_from_uri(request.uri()).unwrap();
            let asked = Asked {
                method: request.method().to_string(),
                path: request.uri().path().to_owned(),
                params,
                headers: request.headers().clone(),
            };
            seen.lock().unwrap().push(asked.clone());
            answer(&asked)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, asked }
    }

    /// Answers everything with one text.
    pub async fn saying(text: &'static str) -> Self {
        Self::start(move |_| text.into_response()).await
    }

    /// All that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A refusal in plain text, as Loki writes them.
pub fn refusal(status: u16, text: &'static str) -> Response {
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

/// What a process has said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub out: String,
    pub errors: String,
    pub code: Option<i32>,
}

/// Runs the binary to its end, with a server's address and an input.
pub async fn barogram(url: &str, arguments: &[&str], input: &str) -> Said {
    let mut process = command(url, arguments).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = timeout(PATIENCE, process.wait_with_output()).await.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { out: text(output.stdout), errors: text(output.stderr), code: output.status.code() }
}

/// The binary as a process, in UTC and without the environment's say.
pub fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barogram"));
    command.args(["--addr", url, "--timezone", "UTC"]).args(arguments).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}
