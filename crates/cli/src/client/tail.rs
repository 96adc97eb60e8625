//! Lines as they arrive: Loki's tail protocol over a WebSocket.
//!
//! The WebSocket is an upgrade of an ordinary request of the [`Client`], so that certificates,
//! proxies and headers need no second implementation.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures::StreamExt;
use loki::query::Direction;
use loki::response::StreamValues;
use loki::tail::{DroppedEntry, TailFrame, TailQuery};
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use reqwest::header::{SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{Method, StatusCode, Upgraded};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};

use super::edge::Edge;
use super::http::refusal;
use super::{Backoff, Client};

/// How often a lost connection is made again before we give up: as often as logcli does.
pub const RECONNECTS_MAX: u32 = 5;

/// The pauses between these tries.
pub const RECONNECT_BACKOFF: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

/// How long the server may take to accept a tail.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long we wait for the server to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What happens in a tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Lines have arrived, and the server may have left some out.
    Lines {
        /// The lines.
        streams: Vec<StreamValues>,
        /// What is missing.
        dropped: Vec<DroppedEntry>,
    },
    /// The connection was lost; the next event comes of a new one, if that can be had.
    Lost {
        /// What went wrong.
        cause: String,
    },
}

/// A tail that is running.
#[derive(Debug)]
pub struct Tail {
    client: Client,
    query: TailQuery,
    backoff: Backoff,
    socket: Option<WebSocketStream<Upgraded>>,
    /// Where a new connection begins.
    edge: Edge,
}

impl Tail {
    /// Begins a tail. A connection that is lost is made again with pauses of `backoff`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn open(client: &Client, query: TailQuery, backoff: Backoff) -> Result<Self> {
        let socket = Some(connect(client, &query).await?);
        let edge = Edge::new(Direction::Forward);
        Ok(Self { client: client.clone(), query, backoff, socket, edge })
    }

    /// What happens next; `None` when the server has ended the tail in good order.
    ///
    /// # Errors
    /// When the server says why it ends the tail, or a lost connection could not be made again.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        let Self { client, query, backoff, socket, edge } = self;
        let open = match socket {
            Some(open) => open,
            None => socket.insert(reconnect(client, query, edge, *backoff).await?),
        };
        loop {
            let text = match open.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(frame))) => return closed(frame),
                Some(Ok(_)) => continue,
                lost => {
                    *socket = None;
                    let error = lost.and_then(Result::err).map(|error| error.to_string());
                    let cause = error.unwrap_or_else(|| "the connection ended".to_owned());
                    return Ok(Some(Event::Lost { cause }));
                }
            };
            let frame: TailFrame = serde_json::from_str(&text)
                .context("failed to read what the server sent: is it Loki's tail protocol?")?;
            let TailFrame { mut streams, dropped_entries: dropped, .. } = frame;
            edge.pass(&mut streams);
            if !streams.is_empty() || !dropped.is_empty() {
                return Ok(Some(Event::Lines { streams, dropped }));
            }
        }
    }

    /// Ends the tail. Failures do not matter any more.
    pub async fn close(self) {
        let Some(mut socket) = self.socket else { return };
        let goodbye = async {
            let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            socket.close(Some(normal)).await?;
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
            anyhow::Ok(())
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

/// A new connection that begins where the old one ended.
async fn reconnect(
    client: &Client,
    query: &mut TailQuery,
    edge: &mut Edge,
    backoff: Backoff,
) -> Result<WebSocketStream<Upgraded>> {
    if let Some(time) = edge.time() {
        query.start = time;
        edge.begin_again();
    }
    let mut failures = 0;
    loop {
        let error = match connect(client, query).await {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        failures += 1;
        if failures == RECONNECTS_MAX {
            let text =
                format!("the connection was lost, and {failures} tries to make it again failed");
            return Err(error.context(text));
        }
        tracing::warn!(%error, "failed to connect again");
        tokio::time::sleep(backoff.pause(failures)).await;
    }
}

/// What it means that the server closes the connection.
fn closed(frame: Option<CloseFrame>) -> Result<Option<Event>> {
    match frame {
        None => Ok(None),
        Some(CloseFrame { code: CloseCode::Normal | CloseCode::Away, .. }) => Ok(None),
        Some(CloseFrame { code, reason }) => {
            bail!("the server ended the tail: {reason} (code {code}); begin it again to go on")
        }
    }
}

async fn connect(client: &Client, query: &TailQuery) -> Result<WebSocketStream<Upgraded>> {
    let key = generate_key();
    let request = client
        .request(Method::GET, &["tail"], &query.to_params())?
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key);
    let answer = tokio::time::timeout(OPEN_TIMEOUT, request.send()).await;
    let answer = answer
        .map_err(|_| anyhow!("the server has not accepted the tail within {OPEN_TIMEOUT:?}"))?
        .map_err(|error| client.unreachable(error))?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(answer).await);
    }
    let accept = answer.headers().get(SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes());
    if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        bail!("what answers is no WebSocket: is a proxy in between that does not pass them on?");
    }
    let stream = answer.upgrade().await.context("failed to open the WebSocket")?;
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
}
