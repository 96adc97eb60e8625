//! `/loki/api/v1/index/volume` and `…/volume_range`: bytes by stream or by label.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use loki::response::{LabelMap, MatrixSeries, QueryResponse, QueryResult, Sample, VectorSample};
use loki::time::Bounds;
use loki::volume::{VolumeQuery, Volumes};
use model::{TenantId, Timestamp};
use store::StreamStats;

use super::json::Json;
use crate::app::App;
use crate::params::Asked;
use crate::refusal::Refusal;
use crate::select::{Selector, streams};
use crate::tenant::Tenant;

/// The bytes of a range.
pub(crate) async fn instant(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<QueryResponse>, Refusal> {
    let query = VolumeQuery::parse(&params, app.clock.now())?;
    let (mut volumes, found) = ask(&app, &tenant, &query).await?;
    for stream in &found {
        volumes.add(&stream.labels, stream.bytes);
    }
    let largest = volumes.largest(limit(&app, &tenant, &query)).into_iter();
    let vector = largest.map(|(metric, bytes)| VectorSample {
        metric,
        value: Sample { time: query.bounds.end, value: bytes as f64 },
    });
    Ok(Json(QueryResponse::new(QueryResult::Vector(vector.collect()))))
}

/// The bytes of each step of a range.
pub(crate) async fn range(
    State(app): State<Arc<App>>,
    Tenant(tenant): Tenant,
    Asked(params): Asked,
) -> Result<Json<QueryResponse>, Refusal> {
    let query = VolumeQuery::parse(&params, app.clock.now())?;
    let (empty, found) = ask(&app, &tenant, &query).await?;
    let mut all = empty.clone();
    for stream in &found {
        all.add(&stream.labels, stream.bytes);
    }
    let mut points: BTreeMap<LabelMap, Vec<Sample>> = BTreeMap::new();
    for step in steps(&query) {
        let mut volumes = empty.clone();
        for stream in
            found.iter().filter(|stream| stream.min < step.end && step.start <= stream.max)
        {
            volumes.add(&stream.labels, share(stream, &step));
        }
        // Loki puts a sum at the last millisecond of its step.
        let last = query.bounds.end == step.end;
        let time = if last { step.end } else { Timestamp(step.end.as_nanos() - 1_000_000) };
        for (metric, bytes) in volumes.largest(usize::MAX) {
            points.entry(metric).or_default().push(Sample { time, value: bytes as f64 });
        }
    }
    let largest = all.largest(limit(&app, &tenant, &query)).into_iter();
    let matrix = largest.filter_map(|(metric, _)| {
        let values = points.remove(&metric)?;
        Some(MatrixSeries { metric, values })
    });
    Ok(Json(QueryResponse::new(QueryResult::Matrix(matrix.collect()))))
}

async fn ask(
    app: &App,
    tenant: &TenantId,
    query: &VolumeQuery,
) -> Result<(Volumes, Vec<StreamStats>), Refusal> {
    if !app.policy(tenant).limits.volume_enabled {
        let text = "the volume end points are off; set `limits_config.volume_enabled`";
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    }
    // Drilldown asks for everything with `{}`, which is no selector elsewhere.
    let selectors = match query.query.as_str() {
        "{}" => Vec::new(),
        text => vec![Selector::parse(text)?],
    };
    let matched = selectors.first().map(Selector::names).unwrap_or_default();
    let found = streams(app, tenant, &query.bounds, selectors).await?;
    Ok((Volumes::new(query, &matched), found))
}

fn limit(app: &App, tenant: &TenantId, query: &VolumeQuery) -> usize {
    query.limit.min(app.policy(tenant).limits.volume_max_series)
}

fn steps(query: &VolumeQuery) -> impl Iterator<Item = Bounds> {
    let Bounds { start, end } = query.bounds;
    let step = query.step;
    let starts = std::iter::successors(Some(start), move |start| Some(*start + step));
    starts
        .take_while(move |from| *from < end)
        .map(move |from| Bounds { start: from, end: (from + step).min(end) })
}

/// A stream's bytes in a part of the range, as if they were spread evenly over its time: the store
/// keeps sums for each stream, not for each moment.
fn share(stream: &StreamStats, part: &Bounds) -> u64 {
    let nanos = |time: Timestamp| i128::from(time.as_nanos());
    let (first, last) = (nanos(stream.min), nanos(stream.max) + 1);
    let inside = nanos(part.end).min(last) - nanos(part.start).max(first);
    let bytes = i128::from(stream.bytes) * inside.max(0) / (last - first).max(1);
    u64::try_from(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::Labels;

    use super::*;

    #[track_caller]
    fn check((min, max): (i64, i64), (start, end): (i64, i64), expect: u64) {
        let stream = StreamStats {
            labels: Labels::default(),
            rows: 1,
            bytes: 1000,
            min: Timestamp(min),
            max: Timestamp(max),
        };
        let part = Bounds { start: Timestamp(start), end: Timestamp(end) };
        assert_eq!(share(&stream, &part), expect);
    }

    #[test]
    fn bytes_are_spread_over_the_time_of_their_stream() {
        check((0, 99), (0, 50), 500);
        check((0, 99), (50, 100), 500);
        check((0, 99), (-50, 10), 100);
        check((0, 99), (100, 200), 0);
        check((7, 7), (0, 50), 1000);
        check((7, 7), (8, 50), 0);
    }

    #[test]
    fn steps_cover_the_range() {
        let query = VolumeQuery {
            query: String::new(),
            bounds: Bounds { start: Timestamp(0), end: Timestamp(25) },
            step: Duration::from_nanos(10),
            limit: 1,
            target_labels: Vec::new(),
            aggregate_by: loki::volume::AggregateBy::Series,
        };
        let ends: Vec<_> = steps(&query).map(|step| step.end.as_nanos()).collect();
        assert_eq!(ends, [10, 20, 25]);
    }
}
