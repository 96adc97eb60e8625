//! Questions to a server, as any client of Loki asks them.

use loki::push::CONTENT_TYPE;
use loki::response::{
    CATEGORIZE_LABELS, ENCODING_FLAGS_HEADER, QueryResponse, QueryResult, StreamValues,
};
use loki::time::time_text;
use model::{Clock, Stream, SystemClock};
use std::time::Duration;

/// What the tests look back on, and forward to: the sample is a few hours long.
const AROUND: Duration = Duration::from_secs(24 * 3600);
/// More than any test writes.
const ALL: &str = "1000000";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// All that a query finds, the oldest first, with metadata told apart from labels.
pub async fn lines(url: &str, query: &str) -> Vec<StreamValues> {
    let (start, end) = bounds();
    let params = [("query", query), ("limit", ALL), ("direction", "forward")];
    let params = [&params[..], &[("start", &start), ("end", &end)]].concat();
    let answer = get(url, "/loki/api/v1/query_range", &params).await;
    let response: QueryResponse = answer.parse();
    match response.data.result {
        QueryResult::Streams(streams) => streams,
        other => panic!("{query} is answered with {other:?}"),
    }
}

/// The one number that a metric query gives now; zero where it gives none.
pub async fn number(url: &str, query: &str) -> f64 {
    let now = time_text(SystemClock.now());
    let answer = get(url, "/loki/api/v1/query", &[("query", query), ("time", &now)]).await;
    let response: QueryResponse = answer.parse();
    match response.data.result {
        QueryResult::Vector(samples) => samples.first().map_or(0.0, |first| first.value.value),
        other => panic!("{query} is answered with {other:?}"),
    }
}

/// The values of a label.
pub async fn values(url: &str, label: &str) -> Vec<String> {
    let (start, end) = bounds();
    let path = format!("/loki/api/v1/label/{label}/values");
    let answer = get(url, &path, &[("start", &start), ("end", &end)]).await;
    let response: serde_json::Value = answer.parse();
    // Without values there is no list, as in Loki.
    let values = response["data"].as_array().into_iter().flatten();
    values.map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Pushes streams as an agent does.
pub async fn push(url: &str, streams: &[Stream]) -> Result<Answer, reqwest::Error> {
    post(url, CONTENT_TYPE, loki::push::encode(streams)).await
}

/// Pushes streams, for who wants to see the headers of the answer.
pub async fn push_response(url: &str, streams: &[Stream]) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{url}/loki/api/v1/push"));
    let request = request.header("Content-Type", CONTENT_TYPE);
    request.body(loki::push::encode(streams)).send().await.unwrap()
}

/// Pushes a body.
pub async fn post(url: &str, kind: &str, body: Vec<u8>) -> Result<Answer, reqwest::Error> {
    let request = reqwest::Client::new().post(format!("{url}/loki/api/v1/push"));
    let response = request.header("Content-Type", kind).body(body).send().await?;
    Ok(Answer { status: response.status().as_u16(), text: response.text().await? })
}

/// Has all that is in memory written to segments.
pub async fn flush(url: &str) {
    let response = reqwest::Client::new().post(format!("{url}/flush")).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 204);
}

/// A request without a body.
pub async fn get(url: &str, path: &str, params: &[(&str, &str)]) -> Answer {
    let request = reqwest::Client::new().get(format!("{url}{path}")).query(params);
    let request = request.header(ENCODING_FLAGS_HEADER, CATEGORIZE_LABELS);
    let response = request.send().await.unwrap();
    Answer { status: response.status().as_u16(), text: response.text().await.unwrap() }
}

impl Answer {
    /// The answer, which must be one.
    #[track_caller]
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

fn bounds() -> (String, String) {
    let now = SystemClock.now();
    (time_text(now - AROUND), time_text(now + AROUND))
}
