//! What all routes about Airflow are asked with, and the records that it means.

use std::cmp::Reverse;
use std::time::Duration;

use loki::Params;
use loki::time::Bounds;
use model::labels::Quoted;
use model::{TenantId, Timestamp};

use crate::app::App;
use crate::lifecycle::{Kind, Record, SOURCE, Wanted, records};
use crate::limit::check_bounds;
use crate::refusal::Refusal;

/// Records of an answer that does not say how many it wants.
const LIMIT: usize = 100;
/// The most records of an answer.
const LIMIT_MAX: usize = 5_000;

/// How far back is looked where the request does not say: what is kept by default.
const REACH: Duration = Duration::from_secs(30 * 86_400);

/// Parameters that narrow the records down, by the column of their name.
const COLUMNS: [&str; 6] = ["dag_id", "run_id", "task_id", "try_number", "map_index", "state"];

/// The first of the records of a kind, as many as the request wants, and how many there are.
pub(super) async fn first(
    app: &App,
    tenant: &TenantId,
    params: &Params,
    kind: Kind,
) -> Result<(Vec<Record>, usize), Refusal> {
    let limit = params.limit("limit", LIMIT)?;
    if limit > LIMIT_MAX {
        let text = format!("limit is {limit}, and {LIMIT_MAX} at most; ask for a shorter time");
        return Err(Refusal::bad_request(text));
    }
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
    let equal = COLUMNS.into_iter().filter_map(|name| Some((name, params.get(name)?.to_owned())));
    let wanted = Wanted { kind, equal: equal.collect() };
    let mut records = records(app, tenant, &wanted, bounds).await?;
    let running = app.lifecycles.running(tenant).into_iter().filter(|r| wanted.passes(r));
    records.extend(running.filter_map(|record| Some((record.subject()?, record))));
    let mut records: Vec<Record> = records.into_values().collect();
    // Texts of times do not sort: some have parts of seconds.
    records.sort_by_cached_key(|record| record.end_time().map(Reverse));
    Ok(records)
}

/// The LogQL of the lines of all tries that the request means, but for their states.
pub(super) fn lines(params: &Params) -> String {
    let given = |name: &&'static str| params.get(name).is_some_and(|value| !value.is_empty());
    let equal = |names: &[&'static str], before: &str| {
        let names = names.iter().filter(|name| given(name)).copied();
        let terms = names
            .map(|name| format!("{before}{name}={}", Quoted(params.get(name).unwrap_or_default())));
        terms.collect::<String>()
    };
    let matchers = equal(&["dag_id", "task_id"], ", ");
    let filters = equal(&["run_id", "try_number", "map_index"], " | ");
    format!("{{dag_id=~\".+\", source!={}{matchers}}}{filters}", Quoted(SOURCE))
}

/// The time of the request, or all that is kept.
pub(super) fn reach(params: &Params, now: Timestamp) -> Result<Bounds, Refusal> {
    if ["start", "end", "since"].iter().any(|name| params.get(name).is_some()) {
        return Ok(Bounds::parse_ordered(params, now)?);
    }
    Ok(Bounds { start: now - REACH, end: now })
}
