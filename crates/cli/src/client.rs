//! Asks a server: Loki's API over HTTP, with logcli's ways to say who one is.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use loki::query::RangeQuery;
use loki::response::{QueryResponse, QueryResult};
use loki::time::{Bounds, time_text};
use model::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::args::ClientArgs;

/// How long a request may take: longer than the server gives a query, so that its error is seen.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// Between two tries of a request.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A connection to a server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    login: Option<(String, Option<String>)>,
    retries: u32,
}

impl Client {
    /// A client as the arguments say.
    ///
    /// # Errors
    /// When a header or a file named by the arguments cannot be used.
    pub fn new(args: &ClientArgs) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .default_headers(headers(args)?)
            .tls_danger_accept_invalid_certs(args.tls_skip_verify);
        if let Some(path) = &args.ca_cert {
            let pem = std::fs::read(path)
                .with_context(|| format!("failed to read --ca-cert {}", path.display()))?;
            builder = builder.tls_certs_merge([reqwest::Certificate::from_pem(&pem)?]);
        }
        Ok(Self {
            http: builder.build()?,
            base: args.addr.trim_end_matches('/').to_owned(),
            login: args.username.clone().map(|user| (user, args.password.clone())),
            retries: args.retries,
        })
    }

    /// `query_range`
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn query_range(&self, query: &RangeQuery) -> Result<QueryResponse> {
        self.get("/loki/api/v1/query_range", &query.to_params()).await
    }

    /// `query`
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn query(&self, query: &str, time: Timestamp, limit: usize) -> Result<QueryResponse> {
        let params =
            [("query", query.to_owned()), ("time", time_text(time)), ("limit", limit.to_string())];
        self.get("/loki/api/v1/query", &params).await
    }

    /// `labels`, or `label/{name}/values`
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn labels(&self, name: Option<&str>, bounds: &Bounds) -> Result<Vec<String>> {
        let path = match name {
            None => "/loki/api/v1/labels".to_owned(),
            Some(name) => format!("/loki/api/v1/label/{name}/values"),
        };
        let list: List<String> = self.get(&path, &bounds.to_params()).await?;
        Ok(list.data)
    }

    /// `series`
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn series(
        &self,
        selector: &str,
        bounds: &Bounds,
    ) -> Result<Vec<loki::response::LabelMap>> {
        let mut params = bounds.to_params();
        params.push(("match[]", selector.to_owned()));
        let list: List<_> = self.get("/loki/api/v1/series", &params).await?;
        Ok(list.data)
    }

    /// All lines of a range, batch by batch, each handed on as it comes. Gives their number.
    ///
    /// # Errors
    /// When a request fails, or more lines than a batch holds share one timestamp.
    pub async fn all_lines(
        &self,
        query: &RangeQuery,
        batch: usize,
        mut take: impl FnMut(QueryResponse) -> Result<()>,
    ) -> Result<usize> {
        let mut paged = Paged::new(query.clone(), batch.max(1));
        loop {
            let mut response = self.query_range(&paged.query).await?;
            let QueryResult::Streams(streams) = &mut response.data.result else {
                take(response)?;
                return Ok(0);
            };
            let received = paged.trim(streams);
            take(response)?;
            if !paged.advance(received)? {
                return Ok(paged.taken);
            }
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, params: &[(&str, String)]) -> Result<T> {
        let mut tries = 0;
        loop {
            match self.get_once(path, params).await {
                Err(Failure::Again(_)) if tries < self.retries => tries += 1,
                Err(Failure::Again(error) | Failure::Final(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn get_once<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &[(&str, String)],
    ) -> Result<T, Failure> {
        let mut request = self.http.get(format!("{}{path}", self.base)).query(params);
        if let Some((user, password)) = &self.login {
            request = request.basic_auth(user, password.as_deref());
        }
        let response = request.send().await.map_err(|error| {
            let hint = "is it running? --addr or LOKI_ADDR says where it is";
            let text = format!("failed to reach the server at {} ({hint})", self.base);
            Failure::Again(anyhow!(error).context(text))
        })?;
        let status = response.status();
        if !status.is_success() {
            let text = response.text().await.unwrap_or_default();
            let error = anyhow!("the server answered {status}: {}", text.trim_end());
            let again = status.is_server_error() || status.as_u16() == 429;
            return Err(if again { Failure::Again(error) } else { Failure::Final(error) });
        }
        let answer = response.json().await.context("failed to read the server's answer");
        answer.map_err(Failure::Final)
    }
}

enum Failure {
    Again(anyhow::Error),
    Final(anyhow::Error),
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    data: Vec<T>,
}

/// Walks through a range batch by batch. The next batch begins at the last timestamp of the one
/// before, because more lines may share it; what was seen already is cut off.
struct Paged {
    query: RangeQuery,
    batch: usize,
    limit: usize,
    taken: usize,
    seen_at_edge: usize,
    edge: Option<Timestamp>,
}

impl Paged {
    /// `query.limit` 0 means all.
    fn new(mut query: RangeQuery, batch: usize) -> Self {
        let limit = query.limit;
        query.limit = if limit == 0 { batch } else { limit.min(batch) };
        Self { query, batch, limit, taken: 0, seen_at_edge: 0, edge: None }
    }

    /// Cuts off what the batch before had too. Gives how many entries the server sent.
    fn trim(&mut self, streams: &mut Vec<loki::response::StreamValues>) -> usize {
        let received = streams.iter().map(|stream| stream.values.len()).sum();
        let mut skip = self.seen_at_edge;
        for stream in streams.iter_mut() {
            let at_edge = |time| Some(time) == self.edge;
            stream.values.retain(|entry| {
                let again = skip > 0 && at_edge(entry.timestamp);
                skip -= usize::from(again);
                !again
            });
        }
        streams.retain(|stream| !stream.values.is_empty());
        let times = streams.iter().flat_map(|stream| &stream.values).map(|e| e.timestamp);
        let forward = self.query.direction == loki::query::Direction::Forward;
        let edge = if forward { times.clone().max() } else { times.clone().min() };
        let fresh: usize = times.clone().count();
        if let Some(edge) = edge {
            let at_edge = times.filter(|time| *time == edge).count();
            let same = self.edge == Some(edge);
            self.seen_at_edge = if same { self.seen_at_edge + at_edge } else { at_edge };
            self.edge = Some(edge);
        }
        self.taken += fresh;
        received
    }

    /// Moves on to the next batch; `false` when there is none.
    fn advance(&mut self, received: usize) -> Result<bool> {
        let is_last = received < self.query.limit;
        let Some(edge) = self.edge.filter(|_| !is_last && self.taken != self.limit) else {
            return Ok(false);
        };
        if self.seen_at_edge >= self.batch {
            bail!("over {} lines share the time {edge}: raise --batch", self.batch);
        }
        match self.query.direction {
            loki::query::Direction::Forward => self.query.bounds.start = edge,
            loki::query::Direction::Backward => {
                self.query.bounds.end = edge + Duration::from_nanos(1);
            }
        }
        let rest = if self.limit == 0 { self.batch } else { self.limit - self.taken };
        self.query.limit = (rest + self.seen_at_edge).min(self.batch);
        Ok(true)
    }
}

fn headers(args: &ClientArgs) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<()> {
        let name: HeaderName = name.parse().with_context(|| format!("bad header name {name:?}"))?;
        let value = HeaderValue::from_str(value)
            .with_context(|| format!("the value of the header {name} cannot be sent"))?;
        headers.insert(name, value);
        Ok(())
    };
    if let Some(tenant) = &args.org_id {
        add("X-Scope-OrgID", tenant)?;
    }
    if let Some(tags) = &args.query_tags {
        add("X-Query-Tags", tags)?;
    }
    if let Some(token) = token(args.bearer_token.as_deref(), args.bearer_token_file.as_deref())? {
        add("Authorization", &format!("Bearer {token}"))?;
    }
    for header in &args.header {
        let (name, value) = header
            .split_once(':')
            .with_context(|| format!("--header {header:?} is not of the form \"Name: value\""))?;
        add(name.trim(), value.trim())?;
    }
    Ok(headers)
}

/// A token given directly or in a file.
///
/// # Errors
/// When the file cannot be read, or is empty.
pub fn token(given: Option<&str>, file: Option<&std::path::Path>) -> Result<Option<String>> {
    let Some(path) = file else { return Ok(given.map(str::to_owned)) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the token from {}", path.display()))?;
    match text.trim() {
        "" => bail!("the token file {} is empty", path.display()),
        token => Ok(Some(token.to_owned())),
    }
}
