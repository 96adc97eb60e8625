//! One request: sent, tried again where that may help, its answer read.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use tracing::{debug, warn};

use super::{Backoff, connect};
use crate::args::ClientArgs;

/// How long a request may take: longer than the server gives a query, so that its error is seen.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// How much of a refusal is shown: enough for words, too little for a proxy's whole web page.
const REFUSAL_CHARS_MAX: usize = 2000;

/// Parameters of a request.
pub(super) type Params<'a> = [(&'a str, String)];

/// A way to a server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    retries: u32,
    backoff: Backoff,
}

/// What became of a request that failed.
enum Failure {
    /// The same may go well later.
    Again(anyhow::Error),
    /// The same will fail again.
    Final(anyhow::Error),
}

impl Client {
    /// A client as the arguments say.
    ///
    /// # Errors
    /// When the address, a header or a file named by the arguments cannot be used.
    pub fn new(args: &ClientArgs) -> Result<Self> {
        Ok(Self {
            http: connect::http(args)?,
            base: connect::base(&args.addr)?,
            retries: args.retries,
            backoff: Backoff::from_seconds(args.min_backoff, args.max_backoff),
        })
    }

    /// Asks `/loki/api/v1/<path>` and reads its JSON.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        params: &Params<'_>,
    ) -> Result<T> {
        let answer = self.send(Method::GET, path, params).await?;
        answer.json().await.context("failed to read the server's answer: is it Loki's API?")
    }

    /// Sends a request as often as it may take, and gives its answer if that is a success.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        params: &Params<'_>,
    ) -> Result<Response> {
        let mut failures = 0;
        loop {
            let request = self.request(method.clone(), path, params)?.timeout(REQUEST_TIMEOUT);
            let failure = match self.send_once(request).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again(error)) => error,
            };
            if failures == self.retries {
                return Err(failure);
            }
            failures += 1;
            warn!(error = %failure, left = self.retries - failures, "a request is tried again");
            tokio::time::sleep(self.backoff.pause(failures)).await;
        }
    }

    /// A request that was not sent yet.
    pub(super) fn request(
        &self,
        method: Method,
        path: &[&str],
        params: &Params<'_>,
    ) -> Result<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("{} cannot be the beginning of an address", self.base))?
            .pop_if_empty()
            .extend(["loki", "api", "v1"])
            .extend(path);
        Ok(self.http.request(method, url).query(params))
    }

    /// Where the server is said to be, and what to do if it is not.
    pub(super) fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let hint = "is it running? --addr or LOKI_ADDR says where it is";
        anyhow!(error).context(format!("failed to reach the server at {} ({hint})", self.base))
    }

    async fn send_once(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let (http, request) = request.build_split();
        let request = request.map_err(|error| Failure::Final(error.into()))?;
        debug!(method = %request.method(), url = %request.url(), "request");
        let answer = http.execute(request).await;
        let answer = answer.map_err(|error| Failure::Again(self.unreachable(error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let error = refusal(answer).await;
        // What the server is short of now it may have later; a wrong request stays wrong.
        let again = status.is_server_error() || status.as_u16() == 429;
        Err(if again { Failure::Again(error) } else { Failure::Final(error) })
    }
}

/// The server's own words for why it does not answer.
pub(super) async fn refusal(answer: Response) -> anyhow::Error {
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    let text: String = text.trim().chars().take(REFUSAL_CHARS_MAX).collect();
    let hint = match status.as_u16() {
        401 | 403 => " (--bearer-token, or --username and --password, say who you are)",
        404 => " (does --addr name the root of a server that has this end point?)",
        _ => "",
    };
    anyhow!("the server answered {status}: {text}{hint}")
}
