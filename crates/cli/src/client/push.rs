//! Pushing lines.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use reqwest::{Method, Response, header};

use super::http::{Client, refusal};

/// How long a push may take: a server that is busy answers late, and pushing once more is more work
/// for it.
const PUSH_TIMEOUT: Duration = Duration::from_secs(60);

/// What became of a push.
#[derive(Debug)]
pub enum Pushed {
    /// It is stored, for good.
    Stored,
    /// It may be stored later.
    Later {
        /// Why not now.
        reason: anyhow::Error,
        /// How long the server asks to be left alone.
        after: Option<Duration>,
    },
    /// It, or a part of it, will never be stored, for this reason.
    Refused(String),
}

impl Client {
    /// Pushes a body of this type.
    ///
    /// # Errors
    /// When the server would take no push of ours: it does not let us in, or is no such server.
    pub async fn push(&self, content_type: &str, body: Bytes) -> Result<Pushed> {
        let request = self.request(Method::POST, &["push"], &[])?.timeout(PUSH_TIMEOUT);
        let request = request.header(header::CONTENT_TYPE, content_type).body(body);
        match request.send().await {
            Ok(answer) => judge(answer).await,
            Err(error) => Ok(Pushed::Later { reason: self.unreachable(error), after: None }),
        }
    }
}

async fn judge(answer: Response) -> Result<Pushed> {
    let status = answer.status();
    if status.is_success() {
        return Ok(Pushed::Stored);
    }
    let after = answer.headers().get(header::RETRY_AFTER);
    let after = after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let reason = refusal(answer).await;
    match status.as_u16() {
        408 | 425 | 429 | 500.. => {
            Ok(Pushed::Later { reason, after: after.map(Duration::from_secs) })
        }
        400 | 413 | 422 => Ok(Pushed::Refused(format!("{reason:#}"))),
        _ => Err(reason),
    }
}
