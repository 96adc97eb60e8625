//! The end points of Loki's API that the command line asks, and what they answer.

use std::time::Duration;

use anyhow::Result;
use loki::delete::DeleteRequest;
use loki::detected::{DetectedFields, DetectedValues, FieldsQuery};
use loki::query::{Direction, RangeQuery};
use loki::response::{LabelMap, QueryResponse};
use loki::series::{IndexStats, LabelsResponse, SelectorQuery, SeriesQuery, SeriesResponse};
use loki::time::{Bounds, duration_text};
use loki::volume::VolumeQuery;
use model::Timestamp;
use reqwest::Method;

use super::Client;

/// Every function gives the server's own words when it refuses.
impl Client {
    /// `query_range`: lines or numbers over a range.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn query_range(&self, query: &RangeQuery) -> Result<QueryResponse> {
        self.get(&["query_range"], &query.to_params()).await
    }

    /// `query`: numbers at one time.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn query(&self, query: &str, time: Timestamp, limit: usize) -> Result<QueryResponse> {
        self.query_towards(query, time, limit, Direction::Backward).await
    }

    /// `query`, with the order of the lines that some servers answer with.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn query_towards(
        &self,
        query: &str,
        time: Timestamp,
        limit: usize,
        direction: Direction,
    ) -> Result<QueryResponse> {
        let query = loki::query::InstantQuery { query: query.to_owned(), time, limit, direction };
        self.get(&["query"], &query.to_params()).await
    }

    /// `labels`, or `label/{name}/values`.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn labels(&self, name: Option<&str>, bounds: &Bounds) -> Result<Vec<String>> {
        let params = bounds.to_params();
        let answer: LabelsResponse = match name {
            None => self.get(&["labels"], &params).await?,
            Some(name) => self.get(&["label", name, "values"], &params).await?,
        };
        Ok(answer.data)
    }

    /// `series`: the streams of a selector.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn series(&self, selector: &str, bounds: &Bounds) -> Result<Vec<LabelMap>> {
        let query = SeriesQuery { matches: vec![selector.to_owned()], bounds: *bounds };
        let answer: SeriesResponse = self.get(&["series"], &query.to_params()).await?;
        Ok(answer.data)
    }

    /// `index/stats`: how much a selector stands for.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn stats(&self, selector: &str, bounds: &Bounds) -> Result<IndexStats> {
        let query = SelectorQuery { query: Some(selector.to_owned()), bounds: *bounds };
        self.get(&["index", "stats"], &query.to_params()).await
    }

    /// `index/volume`: the bytes of a range.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn volume(&self, query: &VolumeQuery) -> Result<QueryResponse> {
        self.get(&["index", "volume"], &query.to_params()).await
    }

    /// `index/volume_range`: the bytes of each step of a range.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn volume_range(&self, query: &VolumeQuery) -> Result<QueryResponse> {
        self.get(&["index", "volume_range"], &query.to_params()).await
    }

    /// `detected_fields`: the fields that lines hold. `step` is for servers that sample by it.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn detected_fields(
        &self,
        query: &FieldsQuery,
        step: Option<Duration>,
    ) -> Result<DetectedFields> {
        self.get(&["detected_fields"], &fields_params(query, step)).await
    }

    /// `detected_field/{name}/values`: the values of one.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn detected_values(
        &self,
        field: &str,
        query: &FieldsQuery,
        step: Option<Duration>,
    ) -> Result<DetectedValues> {
        self.get(&["detected_field", field, "values"], &fields_params(query, step)).await
    }

    /// `POST delete`: asks for lines to be deleted.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn delete_create(
        &self,
        query: &str,
        bounds: &Bounds,
        max_interval: Option<&str>,
    ) -> Result<()> {
        let mut params = vec![
            ("query", query.to_owned()),
            ("start", whole_seconds(bounds.start)),
            ("end", whole_seconds(bounds.end)),
        ];
        params.extend(max_interval.map(|interval| ("max_interval", interval.to_owned())));
        self.send(Method::POST, &["delete"], &params).await.map(drop)
    }

    /// `GET delete`: the requests that there are.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn delete_list(&self) -> Result<Vec<DeleteRequest>> {
        let requests: Option<Vec<DeleteRequest>> = self.get(&["delete"], &[]).await?;
        Ok(requests.unwrap_or_default())
    }

    /// `DELETE delete`: takes a request back.
    ///
    /// # Errors
    /// With the server's own words when it refuses.
    pub async fn delete_cancel(&self, request_id: &str, force: bool) -> Result<()> {
        let mut params = vec![("request_id", request_id.to_owned())];
        params.extend(force.then(|| ("force", "true".to_owned())));
        self.send(Method::DELETE, &["delete"], &params).await.map(drop)
    }
}

/// Loki takes the times of a deletion in RFC 3339 or whole seconds only.
fn whole_seconds(time: Timestamp) -> String {
    time.as_nanos().div_euclid(1_000_000_000).to_string()
}

fn fields_params(query: &FieldsQuery, step: Option<Duration>) -> Vec<(&'static str, String)> {
    let mut params = vec![("query", query.query.clone())];
    params.extend(query.bounds.to_params());
    params.push(("limit", query.limit.to_string()));
    params.push(("line_limit", query.line_limit.to_string()));
    params.extend(step.map(|step| ("step", duration_text(step))));
    params
}
