//! The WebSocket of a tail: writes frames and pings, hears whether somebody is still there, and
//! says goodbye.

use std::future::Future;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseCode, CloseFrame, Message, close_code};
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a reader is asked whether it is there: as often as Loki does.
const PING_EVERY: Duration = Duration::from_secs(1);

/// A reader from which nothing is heard for so long is gone. One that merely reads nothing, because
/// somebody looks at a full screen, can come back within it.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The longest tail: Loki's `tail_max_duration`.
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// How long a goodbye may take: a server that stops has 25 s for everything.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// The longest reason of a goodbye, in bytes: a control frame has no more.
const REASON_BYTES_MAX: usize = 123;

/// The longest message of a reader, in bytes: it has nothing to say but pong and goodbye.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;

/// Why a tail ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The reader went away.
    Gone,
    /// It has lasted as long as it may.
    TooLong,
    /// The server stops.
    Stopped,
    /// The lines cannot be had.
    Failed(String),
}

/// Sends what comes out of `queue`, until somebody or something ends it.
pub(crate) async fn converse<E>(
    mut writer: impl Sink<Message> + Unpin,
    mut reader: impl Stream<Item = Result<Message, E>> + Unpin,
    lines: impl Future<Output = String>,
    mut queue: mpsc::Receiver<String>,
    stopped: impl Future<Output = ()>,
) {
    let end = tokio::select! {
        biased;
        () = stopped => End::Stopped,
        () = sleep(DURATION_MAX) => End::TooLong,
        () = until_gone(&mut reader) => End::Gone,
        failure = lines => End::Failed(failure),
        () = write(&mut writer, &mut queue) => End::Gone,
    };
    tracing::debug!(?end, "a tail ends");
    let goodbye = async {
        // What was half written when the conversation ended goes out before this.
        if let Some((code, reason)) = close(&end) {
            let frame = CloseFrame { code, reason: reason.into() };
            writer.send(Message::Close(Some(frame))).await.ok()?;
        }
        while reader.next().await?.is_ok() {}
        Some(())
    };
    // A reader that does not answer has heard it, or never will.
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

/// What the reader is told.
fn close(end: &End) -> Option<(CloseCode, &str)> {
    match end {
        End::Gone => None,
        End::TooLong => Some((close_code::ERROR, "reached tail max duration limit")),
        End::Stopped => Some((close_code::AWAY, "the server is shutting down")),
        End::Failed(text) => {
            let whole = text.floor_char_boundary(REASON_BYTES_MAX);
            Some((close_code::ERROR, &text[..whole]))
        }
    }
}

/// Ends when the reader says goodbye, breaks the connection, or is silent.
async fn until_gone<E>(reader: &mut (impl Stream<Item = Result<Message, E>> + Unpin)) {
    while let Ok(Some(Ok(message))) = timeout(SILENCE_MAX, reader.next()).await {
        if matches!(message, Message::Close(_)) {
            return;
        }
    }
}

/// Ends when nothing can be written any more.
async fn write(writer: &mut (impl Sink<Message> + Unpin), queue: &mut mpsc::Receiver<String>) {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            Some(text) = queue.recv() => Message::text(text),
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        if writer.send(message).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::channel::mpsc as chan;
    use futures::stream;

    use super::*;

    type Heard = Result<Message, ()>;

    /// What a conversation wrote, and how long it took. Of pings, only that there were some.
    async fn talk(
        reader: impl Stream<Item = Heard> + Unpin,
        lines: impl Future<Output = String>,
        stopped: impl Future<Output = ()>,
    ) -> (String, Duration) {
        let (writer, written) = chan::unbounded();
        let (sender, queue) = mpsc::channel(1);
        sender.try_send("frame".to_owned()).unwrap();
        let started = tokio::time::Instant::now();
        converse(writer, reader, lines, queue, stopped).await;
        let took = started.elapsed();
        let mut said: Vec<String> = Vec::new();
        for message in written.collect::<Vec<_>>().await {
            match message {
                Message::Ping(_) => said.push("ping".to_owned()),
                Message::Text(text) => said.push(text.to_string()),
                Message::Close(Some(frame)) => {
                    said.push(format!("{} {}", frame.code, frame.reason));
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(took < Duration::from_secs(2) || said.len() > 50, "pings are missing: {said:?}");
        said.retain(|said| said != "ping");
        (said.join(", "), took)
    }

    fn pongs() -> impl Stream<Item = Heard> + Unpin {
        Box::pin(stream::repeat_with(|| Ok(Message::Pong(Bytes::new()))).then(|pong| async {
            sleep(PING_EVERY).await;
            pong
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_tail_ends_after_an_hour() {
        let (said, took) = talk(pongs(), pending(), pending()).await;
        assert_eq!(said, "frame, 1011 reached tail max duration limit");
        assert_eq!(took, DURATION_MAX + GOODBYE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_reader_is_gone() {
        let (said, took) = talk(stream::pending(), pending(), pending()).await;
        assert_eq!((said.as_str(), took), ("frame", SILENCE_MAX + GOODBYE_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_goes_is_let_go() {
        let goodbye = stream::iter([Ok(Message::Pong(Bytes::new())), Ok(Message::Close(None))]);
        let (said, took) = talk(goodbye, pending(), pending()).await;
        assert_eq!((said.as_str(), took), ("", Duration::ZERO));
        let (_, took) = talk(stream::iter([Err(())]), pending(), pending()).await;
        assert_eq!(took, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stops_says_so_and_does_not_wait_long() {
        let (said, took) = talk(stream::pending(), pending(), async {}).await;
        assert_eq!((said.as_str(), took), ("1001 the server is shutting down", GOODBYE_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_as_far_as_it_fits() {
        let text = "ä".repeat(100);
        let (said, _) = talk(stream::pending(), async { text }, pending()).await;
        assert_eq!(said, format!("1011 {}", "ä".repeat(61)));
    }
}
