//! A store that acknowledges every push, and keeps the count of lines or the pushes as they came.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What an answer is.
const ACKNOWLEDGED: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// The longest push that is taken.
const PUSH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A store that is none.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    taken: Arc<Taken>,
    serving: JoinHandle<()>,
}

/// What has come.
#[derive(Debug, Default)]
struct Taken {
    lines: AtomicU64,
    /// The bodies, where they are kept; they are not looked into then.
    bodies: Option<Mutex<Vec<Vec<u8>>>>,
}

impl Receiver {
    /// Listens on a free port, and counts lines.
    pub(super) async fn start() -> Result<Self> {
        Self::listen(Taken::default()).await
    }

    /// Listens on a free port, and keeps what is pushed.
    pub(super) async fn keep() -> Result<Self> {
        Self::listen(Taken { bodies: Some(Mutex::default()), ..Taken::default() }).await
    }

    async fn listen(taken: Taken) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let taken = Arc::new(taken);
        let takes = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&takes)));
            }
        });
        Ok(Self { address, taken, serving })
    }

    /// How many lines have come; an entry of several counts as so many.
    pub(super) fn lines(&self) -> u64 {
        self.taken.lines.load(Ordering::Relaxed)
    }

    /// The bodies of the pushes that have come, if they were to be kept.
    pub(super) fn bodies(&self) -> Vec<Vec<u8>> {
        let bodies = self.taken.bodies.as_ref();
        bodies.map(|it| std::mem::take(&mut *lock(it))).unwrap_or_default()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers the requests of a connection until it ends, or something comes that is no push.
async fn serve(connection: TcpStream, taken: Arc<Taken>) -> Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let mut body = vec![0; content_length(&mut connection).await?];
        connection.read_exact(&mut body).await?;
        match &taken.bodies {
            Some(bodies) => lock(bodies).push(body),
            None => {
                taken.lines.fetch_add(count(&body)?, Ordering::Relaxed);
            }
        }
        connection.write_all(ACKNOWLEDGED).await?;
    }
}

/// How many lines a push has.
fn count(body: &[u8]) -> Result<u64> {
    let limits = loki::push::PushLimits::default();
    let streams = loki::push::decode(Some(loki::push::CONTENT_TYPE), None, body, &limits)?;
    let entries = streams.iter().flat_map(|stream| &stream.entries);
    Ok(entries.map(|entry| 1 + entry.line.matches('\n').count() as u64).sum())
}

/// A push that panicked has changed nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
