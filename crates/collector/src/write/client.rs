//! One push over HTTP, and what its answer means.

use std::time::Duration;

use bytes::Bytes;
use loki::push::CONTENT_TYPE;
use reqwest::{StatusCode, Url, header};

use crate::error::Chain;
use crate::limits::REASON_CHARS_MAX;
use crate::{Config, Error};

/// Pushes to one store.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    tenant: Option<String>,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The store has it, for good.
    Acknowledged,
    /// It may be accepted later: the store is away, overloaded, or set up wrongly.
    Later {
        /// What was said.
        reason: String,
        /// How long the store asks to be left alone.
        after: Option<Duration>,
    },
    /// It will never be accepted.
    Refused {
        /// The status of the answer.
        status: u16,
        /// What was said.
        reason: String,
    },
}

impl Client {
    /// A client for the store of this configuration.
    ///
    /// # Errors
    /// When the address is none, or no TLS can be set up.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let failed = |reason: String| Error::Url { url: config.url.clone(), reason };
        let base = config.url.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/loki/api/v1/push"))
            .map_err(|error| failed(error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(failed(format!("the scheme is {:?}", url.scheme())));
        }
        let http = reqwest::Client::builder()
            .timeout(config.push_timeout)
            .user_agent(concat!("barogram/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::HttpClient)?;
        let tenant = config.tenant.as_ref().map(ToString::to_string);
        Ok(Self { http, url, tenant })
    }

    /// Pushes a body that `loki::push::encode` made.
    pub async fn push(&self, body: Bytes) -> Answer {
        let mut request =
            self.http.post(self.url.clone()).header(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        match request.body(body).send().await {
            Ok(response) => {
                let status = response.status();
                let after = retry_after(response.headers());
                let text = response.text().await.unwrap_or_default();
                answer(status, text.trim(), after)
            }
            // Its own words are only "error sending request".
            Err(error) => Answer::Later { reason: Chain(&error).to_string(), after: None },
        }
    }
}

/// What an answer means.
///
/// A status that speaks of this very batch refuses it. One that would meet any batch (no such
/// route, not allowed in) is a fault of the set-up, which somebody will mend; until then the lines
/// wait in their files.
fn answer(status: StatusCode, text: &str, after: Option<Duration>) -> Answer {
    let reason = format!("{status}: {}", text.chars().take(REASON_CHARS_MAX).collect::<String>());
    match status.as_u16() {
        200..300 => Answer::Acknowledged,
        401 | 403 | 404 | 405 | 407 | 408 | 425 | 429 => Answer::Later { reason, after },
        400..500 => Answer::Refused { status: status.as_u16(), reason },
        _ => Answer::Later { reason, after },
    }
}

/// `Retry-After` in seconds; the form with a date is left to the backoff.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, expect: &str) {
        let after = Some(Duration::from_secs(3));
        let shown = match answer(StatusCode::from_u16(status).unwrap(), "why", after) {
            Answer::Acknowledged => "acknowledged".to_owned(),
            Answer::Later { reason, after } => format!("later {after:?} {reason}"),
            Answer::Refused { status, reason } => format!("refused {status} {reason}"),
        };
        assert!(shown.starts_with(expect) && !expect.is_empty(), "{status} is {shown}");
    }

    #[test]
    fn what_an_answer_means() {
        check(204, "acknowledged");
        check(200, "acknowledged");
        check(400, "refused 400 400 Bad Request: why");
        check(413, "refused 413");
        check(422, "refused 422");
        check(429, "later Some(3s) 429");
        check(500, "later Some(3s) 500");
        check(503, "later");
        check(401, "later");
        check(404, "later");
        check(302, "later");
    }

    #[test]
    fn addresses() {
        let client = |url: &str| Client::new(&Config { url: url.to_owned(), ..Config::default() });
        let url = |text: &str| client(text).unwrap().url.to_string();
        assert_eq!(url("http://x:3100"), "http://x:3100/loki/api/v1/push");
        assert_eq!(url("https://x/sub/"), "https://x/sub/loki/api/v1/push");
        assert!(matches!(client("ftp://x"), Err(Error::Url { .. })));
        assert!(matches!(client("x:3100"), Err(Error::Url { .. })));
        assert!(matches!(client(""), Err(Error::Url { .. })));
    }
}
