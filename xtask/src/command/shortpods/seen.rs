//! When each line was acknowledged: that is when a reader who tails the store sees it, for a line
//! becomes visible just before its push is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use futures::StreamExt;
use loki::tail::TailFrame;
use model::{Clock, SystemClock, Timestamp};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// What a reader has seen so far.
pub(super) struct Seen {
    times: Arc<Mutex<HashMap<String, Timestamp>>>,
    reading: JoinHandle<()>,
}

impl Seen {
    /// Begins to read.
    pub(super) async fn start(address: &str) -> Result<Self> {
        let host = address.trim_start_matches("http://");
        let url = format!("ws://{host}/loki/api/v1/tail?query=%7Bnamespace%3D%22airflow%22%7D");
        let tcp = TcpStream::connect(host).await.context("failed to reach the server")?;
        let (socket, _) = client_async(url, tcp).await.context("failed to tail the server")?;
        let times = Arc::new(Mutex::new(HashMap::new()));
        let reading = tokio::spawn(read(socket, Arc::clone(&times)));
        Ok(Self { times, reading })
    }

    /// How many lines were seen.
    pub(super) fn count(&self) -> usize {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Ends the reading, and tells when each line was seen first.
    pub(super) fn end(self) -> HashMap<String, Timestamp> {
        self.reading.abort();
        std::mem::take(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(
    mut socket: WebSocketStream<TcpStream>,
    times: Arc<Mutex<HashMap<String, Timestamp>>>,
) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let now = SystemClock.now();
        let Ok(frame) = serde_json::from_str::<TailFrame>(&text) else { continue };
        let lines = frame.streams.into_iter().flat_map(|stream| stream.values);
        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in lines {
            times.entry(entry.line).or_insert(now);
        }
    }
}
