//! A small server of HTTP/1: for our own page, and for `loki.source.api`.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::limits::PUSHES_AT_ONCE_MAX;

/// How long a client may take to say what it wants.
const HEADER_WAIT: Duration = Duration::from_secs(30);

/// How long nobody is let in after somebody could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An answer.
pub type Answer = Response<Full<Bytes>>;

/// Listens at an address.
///
/// # Errors
/// When it cannot be listened at.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers requests until it is told to end. Those that are being answered then are cut.
pub async fn serve<F, A>(listener: TcpListener, handle: F, cancel: CancellationToken)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(PUSHES_AT_ONCE_MAX));
    let mut connections = JoinSet::new();
    loop {
        // A client that hangs holds its place for long, and the end must not wait for one.
        let accept = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = cancel.cancelled() => return,
            accepted = accept => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok(permit) = permit else { return };
        let Ok((stream, _)) = accepted else {
            // Too many files are open, most likely: those that are served are let end.
            let pause = tokio::time::sleep(ACCEPT_PAUSE);
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
            continue;
        };
        let handle = handle.clone();
        let service = service_fn(move |request| {
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        connections.spawn(async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_WAIT)
                .serve_connection(TokioIo::new(stream), service);
            // That a client has gone is its own affair.
            let _ = served.await;
            drop(permit);
        });
    }
}

/// An answer of plain text.
pub fn text(status: StatusCode, text: impl Into<String>) -> Answer {
    of(status, "text/plain; charset=utf-8", text.into())
}

/// An answer of some type.
pub fn of(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static(kind);
    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    answer
}

/// The body of a request, up to a limit.
///
/// # Errors
/// The answer that says what is wrong.
pub async fn body(request: Request<Incoming>, bytes_max: u64) -> Result<Bytes, Answer> {
    let limit = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let why = format!("the body has more than {bytes_max} bytes");
            Err(text(StatusCode::PAYLOAD_TOO_LARGE, why))
        }
        Err(error) => Err(text(StatusCode::BAD_REQUEST, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    /// Clients that hang take so many places; then it is told to end.
    async fn check(clients: usize) {
        let listener = bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (served, mut taken) = tokio::sync::mpsc::channel(PUSHES_AT_ONCE_MAX);
        let hang = move |_: Request<Incoming>| {
            let _ = served.try_send(());
            std::future::pending::<Answer>()
        };
        let cancel = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, hang, cancel.clone()));
        let mut held = Vec::new();
        for _ in 0..clients {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            taken.recv().await.unwrap();
            held.push(client);
        }
        cancel.cancel();
        timeout(HEADER_WAIT / 3, serving).await.expect("it ends at once").unwrap();
    }

    #[tokio::test]
    async fn the_end_waits_for_nobody() {
        check(0).await;
        check(PUSHES_AT_ONCE_MAX).await;
    }
}
