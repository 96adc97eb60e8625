//! The log of one container, as the API server tells it: each line behind its time.

use futures::AsyncBufRead;
use http::Request;
use k8s_openapi::jiff::Timestamp as Moment;
use kube::Client;
use model::Timestamp;

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOf<'a> {
    /// The namespace of the pod.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
}

/// Which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Whether it is that of the container that was there before the one that is there now.
    pub is_previous: bool,
    /// From when on; the API counts in seconds.
    pub since: Option<Timestamp>,
}

/// Asks for a log. One that is not of a previous container goes on until its container ends.
pub async fn open(
    client: &Client,
    of: LogOf<'_>,
    part: Part,
) -> kube::Result<impl AsyncBufRead + Unpin + Send + use<>> {
    let request = Request::get(path(of, part)).body(Vec::new());
    let request = request.map_err(kube::Error::HttpError)?;
    Ok(Box::pin(client.request_stream(request).await?))
}

fn path(of: LogOf<'_>, part: Part) -> String {
    let LogOf { namespace, pod, container } = of;
    let mut path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log");
    path.push_str(&format!("?container={container}&timestamps=true"));
    path.push_str(if part.is_previous { "&previous=true" } else { "&follow=true" });
    if let Some(since) = part.since {
        // A time that no calendar has is that of no line.
        let second = Moment::from_second(since.0.div_euclid(1_000_000_000)).unwrap_or_default();
        path.push_str(&format!("&sinceTime={second}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let of = LogOf { namespace: "a", pod: "p", container: "c" };
        let since = Some(Timestamp(1_795_336_123_500_000_000));
        assert_eq!(
            path(of, Part { is_previous: false, since }),
            "/api/v1/namespaces/a/pods/p/log?container=c&timestamps=true&follow=true\
             &sinceTime=2026-11-22T08:28:43Z"
        );
        assert_eq!(
            path(of, Part { is_previous: true, since: None }),
            "/api/v1/namespaces/a/pods/p/log?container=c&timestamps=true&previous=true"
        );
    }
}
