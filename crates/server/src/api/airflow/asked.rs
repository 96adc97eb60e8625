//! What all routes about Airflow are asked with, and the records that it means.

use std::cmp::Reverse;
use std::time::Duration;

use loki::Params;
use loki::time::Bounds;
use model::labels::Quoted;
use model::{TenantId, Timestamp};

use crate::app::App;
use crate::lifecycle::{Kind, Record, SOURCE, Wanted, narrowed, records};
use crate::limit::check_bounds;
use crate::refusal::Refusal;

/// Records of an answer that does not say how many it wants.
const LIMIT: usize = 100;
/// The most records of an answer.
const LIMIT_MAX: usize = 5_000;

/// How far back is looked where the request does not say: what is kept by default.
const REACH: Duration = Duration::from_secs(30 * 86_400);

/// Parameters that narrow the records down, by the column of their name.
const COLUMNS: [&str; 7] =
    ["namespace", "dag_id", "run_id", "task_id", "try_number", "map_index", "state"];

/// The first of the records of a kind, as many as the request wants, and how many there are.
pub(super) async fn first(
    app: &App,
    tenant: &TenantId,
    params: &Params,
    kind: Kind,
) -> Result<(Vec<Record>, usize), Refusal> {
    let limit = limit(params, (LIMIT, LIMIT_MAX), "ask for a shorter time")?;
    let mut records = found(app, tenant, params, Some(kind)).await?;
    let total = records.len();
    records.truncate(limit);
    Ok((records, total))
}

/// The records, of one kind or of both, that ended in the time of the request, and what has not
/// ended yet: this first, then the latest.
pub(super) async fn found(
    app: &App,
    tenant: &TenantId,
    params: &Params,
    kind: Option<Kind>,
) -> Result<Vec<Record>, Refusal> {
    let now = app.clock.now();
    let bounds = Bounds::parse_ordered(params, now)?;
    let bounds = check_bounds(bounds, now, &app.policy(tenant).limits)?;
    let wanted = Wanted { kind, equal: equal(params) };
    let mut found = records(app, tenant, &wanted, bounds).await?;
    let running = app.lifecycles.running(tenant).into_iter().filter(|r| wanted.passes(r));
    running.for_each(|record| found.add(record));
    let mut records = found.into_records();
    // Texts of times do not sort: some have parts of seconds.
    records.sort_by_cached_key(|record| record.end_time().map(Reverse));
    Ok(records)
}

/// The LogQL of the lines of all tries that the request means, but for their states.
pub(super) fn lines(params: &Params) -> String {
    lines_of(&of_lines(params))
}

/// The LogQL of the lines with these columns.
pub(super) fn lines_of(equal: &[(&'static str, String)]) -> String {
    narrowed(&format!("dag_id=~\".+\", source!={}", Quoted(SOURCE)), equal)
}

/// The columns of lines that the request names, with their values.
pub(super) fn of_lines(params: &Params) -> Vec<(&'static str, String)> {
    let mut equal = equal(params);
    equal.retain(|(name, value)| *name != "state" && !value.is_empty());
    equal
}

/// The columns that the request names, with their values.
fn equal(params: &Params) -> Vec<(&'static str, String)> {
    COLUMNS.into_iter().filter_map(|name| Some((name, params.get(name)?.to_owned()))).collect()
}

/// How many the request wants, or so many; `instead` says what to do who wants more than there may
/// be.
pub(super) fn limit(
    params: &Params,
    (default, max): (usize, usize),
    instead: &str,
) -> Result<usize, Refusal> {
    match params.limit("limit", default)? {
        limit if limit > max => {
            Err(Refusal::bad_request(format!("limit is {limit}, and {max} at most; {instead}")))
        }
        limit => Ok(limit),
    }
}

/// The time of the request, or all that is kept.
pub(super) fn reach(params: &Params, now: Timestamp) -> Result<Bounds, Refusal> {
    if ["start", "end", "since"].iter().any(|name| params.get(name).is_some()) {
        return Ok(Bounds::parse_ordered(params, now)?);
    }
    Ok(Bounds { start: now - REACH, end: now })
}
