//! One place that syslog is listened at: connections of TCP, or datagrams of UDP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_syslog::{At, Listener};
use crate::limits::{
    READ_BYTES_MAX, SYSLOG_BATCH_ENTRIES_MAX, SYSLOG_CONNECTIONS_MAX, SYSLOG_DRAIN_MAX,
    SYSLOG_DRAIN_PAUSE,
};
use crate::run::flow;
use crate::run::loki_source_syslog::Parts;
use crate::run::syslog_entries::Entries;
use crate::syslog::Frame;

/// How long to wait before a place is tried again that cannot be listened at.
const BIND_PAUSE: Duration = Duration::from_secs(1);

/// Takes connections until it is told to end; then what they have sent is read before they close.
pub async fn tcp(of: Listener, parts: Parts) {
    let Some(listener) = bound(of.at, &parts, TcpListener::bind).await else { return };
    let room = Arc::new(Semaphore::new(SYSLOG_CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = parts.cancel.cancelled() => break,
            accepted = accept => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            // Too many files are open, most likely.
            sleep(SYSLOG_DRAIN_PAUSE).await;
            continue;
        };
        let (entries, cancel) = (Entries::new(of.clone(), &parts), parts.cancel.clone());
        connections.spawn(async move {
            connection(stream, peer, entries, cancel).await;
            drop(permit);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Takes datagrams until it is told to end; then those are read that have come.
pub async fn udp(of: Listener, parts: Parts) {
    let Some(socket) = bound(of.at, &parts, UdpSocket::bind).await else { return };
    let mut entries = Entries::new(of, &parts);
    let mut buffer = vec![0; READ_BYTES_MAX];
    let mut ends_at: Option<Instant> = None;
    while ends_at.is_none_or(|ends_at| Instant::now() < ends_at) {
        if ends_at.is_none() {
            tokio::select! {
                // What is told here is that somebody else did not take what we never sent.
                _ = socket.readable() => {}
                () = parts.cancel.cancelled() => ends_at = Some(Instant::now() + SYSLOG_DRAIN_MAX),
            }
        }
        while entries.len() < SYSLOG_BATCH_ENTRIES_MAX {
            let Ok((count, peer)) = socket.try_recv_from(&mut buffer) else { break };
            take(&mut entries, &buffer[..count], peer);
        }
        if entries.len() == 0 && ends_at.is_some() {
            return;
        }
        let (forward_to, batch) = entries.take();
        flow::send(&forward_to, batch).await;
    }
}

/// A datagram is a message.
fn take(entries: &mut Entries, bytes: &[u8], peer: SocketAddr) {
    let frame = Frame::new(bytes, entries.message_bytes_max());
    if !frame.bytes.is_empty() {
        entries.push(&frame, peer.ip());
    }
}

/// Listens, however long it takes. `None` if it is told to end before.
async fn bound<T, F>(at: At, parts: &Parts, bind: impl Fn(SocketAddr) -> F) -> Option<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut is_told = false;
    loop {
        match bind(at.address).await {
            Ok(bound) => {
                parts.problems.note(at, None, &parts.stats);
                return Some(bound);
            }
            Err(error) => {
                let problem = format!("it cannot listen at {at}: {error}");
                if !std::mem::replace(&mut is_told, true) {
                    tracing::error!(problem, "syslog is not taken, it is tried again");
                }
                parts.problems.note(at, Some(problem), &parts.stats);
            }
        }
        if parts.cancel.run_until_cancelled(sleep(BIND_PAUSE)).await.is_none() {
            parts.problems.note(at, None, &parts.stats);
            return None;
        }
    }
}

/// Reads one connection to its end, until it says nothing for long, or until it is told to end.
async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    mut entries: Entries,
    cancel: CancellationToken,
) {
    let mut framer = entries.framer();
    let mut buffer = vec![0; READ_BYTES_MAX];
    let mut ends_at: Option<Instant> = None;
    loop {
        let now = Instant::now();
        let until = match ends_at {
            None => now + entries.idle_timeout(),
            Some(ends_at) => ends_at.min(now + SYSLOG_DRAIN_PAUSE),
        };
        let read = tokio::select! {
            () = cancel.cancelled(), if ends_at.is_none() => {
                ends_at = Some(now + SYSLOG_DRAIN_MAX);
                continue;
            }
            read = timeout_at(until, stream.read(&mut buffer)) => read,
        };
        let count = match read {
            Ok(Ok(count)) if count > 0 => count,
            _ => break,
        };
        send(&mut entries, framer.push(&buffer[..count]), peer).await;
    }
    let rest = framer.finish();
    send(&mut entries, rest.into_iter().collect(), peer).await;
}

async fn send(entries: &mut Entries, frames: Vec<Frame>, peer: SocketAddr) {
    let mut frames = frames.into_iter().peekable();
    while frames.peek().is_some() {
        for frame in frames.by_ref().take(SYSLOG_BATCH_ENTRIES_MAX) {
            entries.push(&frame, peer.ip());
        }
        let (forward_to, batch) = entries.take();
        flow::send(&forward_to, batch).await;
    }
}
