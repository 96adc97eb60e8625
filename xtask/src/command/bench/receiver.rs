//! A store that acknowledges every push and keeps nothing but a count.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What an answer is.
const ACKNOWLEDGED: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// The longest push that is taken.
const PUSH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A store of which nothing is left but the count.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    lines: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port.
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let lines = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lines);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&counted)));
            }
        });
        Ok(Self { address, lines, serving })
    }

    /// How many lines have come; an entry of several counts as so many.
    pub(super) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers the requests of a connection until it ends, or something comes that is no push.
async fn serve(connection: TcpStream, lines: Arc<AtomicU64>) -> Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let mut body = vec![0; content_length(&mut connection).await?];
        connection.read_exact(&mut body).await?;
        let limits = loki::push::PushLimits::default();
        let streams = loki::push::decode(Some(loki::push::CONTENT_TYPE), None, &body, &limits)?;
        let entries = streams.iter().flat_map(|stream| &stream.entries);
        let count = entries.map(|entry| 1 + entry.line.matches('\n').count() as u64).sum();
        lines.fetch_add(count, Ordering::Relaxed);
        connection.write_all(ACKNOWLEDGED).await?;
    }
}

/// Reads the head of a request.
async fn content_length(connection: &mut BufReader<TcpStream>) -> Result<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await? == 0 {
            bail!("the connection ended");
        }
        let line = line.trim_end();
        if line.is_empty() {
            let length: usize = length.context("a push without its length")?;
            if length > PUSH_BYTES_MAX {
                bail!("a push of {length} bytes");
            }
            return Ok(length);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Entry, Labels, Stream, Timestamp};

    use super::*;

    #[tokio::test]
    async fn lines_are_counted_and_acknowledged() {
        let receiver = Receiver::start().await.unwrap();
        let entries = ["a", "b\nc"].map(|line| Entry::new(Timestamp(0), line)).to_vec();
        let body = loki::push::encode(&[Stream { labels: Labels::new([("a", "b")]), entries }]);
        let http = reqwest::Client::new();
        for pushes in 1..3 {
            let request = http.post(format!("http://{}/x", receiver.address)).body(body.clone());
            assert_eq!(request.send().await.unwrap().status(), 204);
            assert_eq!(receiver.lines(), 3 * pushes);
        }
    }
}
