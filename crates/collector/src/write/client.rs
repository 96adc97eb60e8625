//! One push over HTTP, and what its answer means.

use std::time::Duration;

use bytes::Bytes;
use loki::push::CONTENT_TYPE;
use reqwest::{RequestBuilder, StatusCode, Url, header};

use crate::Error;
use crate::error::Chain;
use crate::limits::REASON_CHARS_MAX;
use crate::write::Endpoint;
use crate::write::auth::{Auth, Credential, Secret};

/// Pushes to one store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    host: String,
    tenant: Option<String>,
    auth: Auth,
    headers: header::HeaderMap,
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

/// What was answered to a post.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The status.
    pub status: StatusCode,
    /// What was said.
    pub text: String,
    /// How long the store asks to be left alone.
    pub after: Option<Duration>,
}

impl Client {
    /// A client for this endpoint.
    ///
    /// # Errors
    /// When the address or a header is none, or no TLS can be set up.
    pub fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let (url, headers) = Self::parse(endpoint)?;
        let host = host_of(&url);
        let (tenant, auth) = (endpoint.tenant.clone(), endpoint.auth.clone());
        Ok(Self { http: http_client(endpoint)?, url, host, tenant, auth, headers })
    }

    /// Whether the address and the headers can be sent to; no file is read.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(endpoint: &Endpoint) -> Result<(), Error> {
        Self::parse(endpoint).map(|_| ())
    }

    fn parse(endpoint: &Endpoint) -> Result<(Url, header::HeaderMap), Error> {
        let failed = |reason: String| Error::Url { url: endpoint.url.clone(), reason };
        let url = Url::parse(&endpoint.url).map_err(|error| failed(error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(failed(format!("the scheme is {:?}", url.scheme())));
        }
        let mut headers = header::HeaderMap::new();
        for (name, Secret(value)) in &endpoint.headers {
            let named: Option<header::HeaderName> = name.parse().ok();
            let Some((named, valued)) = named.zip(secret_header(value)) else {
                return Err(failed(format!("the header {name:?} cannot be sent")));
            };
            headers.insert(named, valued);
        }
        Ok((url, headers))
    }

    /// The address, without what only those who use it may know.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        // An address of this sort can do without.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.set_query(None);
        url.to_string()
    }

    /// The host and the port of the address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same way to another address.
    ///
    /// # Errors
    /// When the address is none.
    pub fn at(&self, address: &str) -> Result<Self, Error> {
        let failed = |reason: String| Error::Url { url: address.to_owned(), reason };
        let url = Url::parse(address).map_err(|error| failed(error.to_string()))?;
        let (http, host, tenant) = (self.http.clone(), host_of(&url), self.tenant.clone());
        Ok(Self { http, url, host, tenant, auth: self.auth.clone(), headers: self.headers.clone() })
    }

    /// Pushes a body that `loki::push::encode` made.
    pub async fn push(&self, body: Bytes) -> Answer {
        match self.post(body).await {
            Ok(Posted { status, text, after }) => answer(status, &text, after),
            Err(reason) => Answer::Later { reason, after: None },
        }
    }

    /// Posts a body of protobuf.
    ///
    /// # Errors
    /// Why there is no answer, for people.
    pub async fn post(&self, body: Bytes) -> Result<Posted, String> {
        let mut request = self.http.post(self.url.clone()).headers(self.headers.clone());
        request = request.header(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let request = self.authorized(request).await?;
        // Its own words are only "error sending request".
        let sent = request.body(body).send().await.map_err(|error| Chain(&error).to_string())?;
        let (status, after) = (sent.status(), retry_after(sent.headers()));
        let text = sent.text().await.unwrap_or_default().trim().to_owned();
        Ok(Posted { status, text, after })
    }

    /// Asks for a text of so many bytes at most, by `GET` or another method.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub async fn fetch(
        &self,
        method: &str,
        body: &str,
        bytes_max: usize,
    ) -> Result<String, String> {
        let method = method.parse().map_err(|_| format!("{method:?} is no method of HTTP"))?;
        let mut request = self.http.request(method, self.url.clone()).headers(self.headers.clone());
        if !body.is_empty() {
            request = request.body(body.to_owned());
        }
        // Its address may hold what must not be shown.
        let failed =
            |error: reqwest::Error| format!("{}: {}", self.host, Chain(&error.without_url()));
        let mut response = self.authorized(request).await?.send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("{}: it answers {}", self.host, response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > bytes_max {
                return Err(format!("{}: it says more than {bytes_max} bytes", self.host));
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A request that says who asks.
    async fn authorized(&self, request: RequestBuilder) -> Result<RequestBuilder, String> {
        let read = async |credential: &Credential| {
            let read = credential.read().await;
            read.map_err(|error| format!("no credentials in {}: {error}", credential.place()))
        };
        Ok(match &self.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(read(password).await?)),
            Auth::Token { scheme, token } => {
                let value = secret_header(&format!("{scheme} {}", read(token).await?));
                let wrong = || format!("the token in {} cannot be sent", token.place());
                request.header(header::AUTHORIZATION, value.ok_or_else(wrong)?)
            }
        })
    }
}

/// A header's value that is shown nowhere; `None` if it has what no header may.
fn secret_header(value: &str) -> Option<header::HeaderValue> {
    let mut value = header::HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The host and the port of an address.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn http_client(endpoint: &Endpoint) -> Result<reqwest::Client, Error> {
    let builder = reqwest::Client::builder()
        .timeout(endpoint.push_timeout)
        .user_agent(concat!("barogram/", env!("CARGO_PKG_VERSION")));
    endpoint.tls.apply(builder)?.build().map_err(Error::HttpClient)
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
        let client =
            |url: &str| Client::new(&Endpoint { url: url.to_owned(), ..Endpoint::default() });
        let store = |url: &str| Client::new(&Endpoint::of_store(url)).unwrap().url.to_string();
        assert_eq!(store("http://x:3100"), "http://x:3100/loki/api/v1/push");
        assert_eq!(store("https://x/sub/"), "https://x/sub/loki/api/v1/push");
        assert_eq!(client("http://x:3100/a").unwrap().host(), "x:3100");
        assert_eq!(client("https://x/a").unwrap().host(), "x");
        assert!(matches!(client("ftp://x"), Err(Error::Url { .. })));
        assert!(matches!(client("x:3100"), Err(Error::Url { .. })));
        assert!(matches!(client(""), Err(Error::Url { .. })));
    }
}
