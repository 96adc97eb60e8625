//! Docker's engine: where it listens, and its answers over HTTP.

use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::limits::{API_ANSWER_MAX, DOCKER_ANSWER_BYTES_MAX, REASON_CHARS_MAX};

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At a socket of this name.
    Unix(PathBuf),
    /// At this host and port.
    Tcp(String),
}

/// An engine.
#[derive(Debug, Clone)]
pub struct Engine {
    address: Address,
}

/// Why there is no answer that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// There is no such container.
    Absent,
    /// Something else, for people.
    Other(String),
}

/// An answer that goes on and on.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    _connection: AbortOnDropHandle<()>,
}

impl Address {
    /// An address as `host` has it.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no address of an engine, write one like \
                 \"unix:///var/run/docker.sock\" or \"tcp://localhost:2375\""
            )
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "tcp" | "http" => {
                let host = rest.trim_end_matches('/');
                let (name, port) = host.rsplit_once(':').unwrap_or((host, "2375"));
                let is_host = !name.is_empty() && !name.contains('/');
                let port: Option<u16> = port.parse().ok().filter(|_| is_host);
                port.map(|port| Self::Tcp(format!("{name}:{port}"))).ok_or_else(wrong)
            }
            "https" => Err("an engine is not reached over TLS: use its socket".to_owned()),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("there is no such container"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl Engine {
    /// The engine at an address.
    #[must_use]
    pub fn at(address: Address) -> Self {
        Self { address }
    }

    /// A whole answer, in JSON.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn ask(&self, path: &str) -> Result<Bytes, Failure> {
        let asking = async {
            let Stream { body, _connection } = self.open(path).await?;
            let body = Limited::new(body, DOCKER_ANSWER_BYTES_MAX).collect().await;
            body.map(|body| body.to_bytes()).map_err(|error| Failure::Other(error.to_string()))
        };
        timeout(API_ANSWER_MAX, asking).await.unwrap_or_else(|_| Err(silent()))
    }

    /// An answer that goes on, once it has begun.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn open(&self, path: &str) -> Result<Stream, Failure> {
        let opening = async {
            match &self.address {
                Address::Unix(socket) => {
                    let stream = UnixStream::connect(socket).await;
                    get(stream.map_err(|error| away(socket.display(), &error))?, path).await
                }
                Address::Tcp(host) => {
                    let stream = TcpStream::connect(host).await;
                    get(stream.map_err(|error| away(host, &error))?, path).await
                }
            }
        };
        timeout(API_ANSWER_MAX, opening).await.unwrap_or_else(|_| Err(silent()))
    }
}

fn silent() -> Failure {
    Failure::Other("the engine is silent".to_owned())
}

fn away(at: impl std::fmt::Display, error: &std::io::Error) -> Failure {
    Failure::Other(format!("no engine is reached at {at}: {error}"))
}

async fn get<S>(stream: S, path: &str) -> Result<Stream, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Failure::Other(error.to_string());
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let connection = tokio::spawn(async move {
        // What breaks is told by the body.
        let _ = connection.await;
    });
    let connection = AbortOnDropHandle::new(connection);
    let request = Request::get(path).header("Host", "docker").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| Failure::Other(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(failed)?;
    match answer.status() {
        status if status.is_success() => {
            Ok(Stream { body: answer.into_body(), _connection: connection })
        }
        StatusCode::NOT_FOUND => Err(Failure::Absent),
        status => Err(Failure::Other(format!("it answers {status}: {}", said(answer).await))),
    }
}

/// What an engine says about what it refuses.
async fn said(answer: Response<Incoming>) -> String {
    let body = Limited::new(answer.into_body(), DOCKER_ANSWER_BYTES_MAX).collect().await;
    let text = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
    text.unwrap_or_default().trim().chars().take(REASON_CHARS_MAX).collect()
}

impl Stream {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expect: Option<Address>| {
            assert_eq!(Address::parse(text).ok(), expect, "for {text}");
        };
        let tcp = |host: &str| Some(Address::Tcp(host.to_owned()));
        check("unix:///var/run/docker.sock", Some(Address::Unix("/var/run/docker.sock".into())));
        check("tcp://localhost:2375", tcp("localhost:2375"));
        check("http://10.0.0.1:1/", tcp("10.0.0.1:1"));
        check("tcp://engine", tcp("engine:2375"));
        check("tcp://:2375", None);
        check("tcp://a/b:1", None);
        check("https://x", None);
        check("npipe:////./pipe/docker_engine", None);
        check("/var/run/docker.sock", None);
    }
}
