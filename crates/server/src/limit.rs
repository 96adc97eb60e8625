//! What a query may ask for, by its tenant's limits: in Loki's words.

use std::time::Duration;

use loki::time::Bounds;

use crate::config::Limits;
use crate::refusal::Refusal;

/// Refuses a range that is too long.
pub(crate) fn check_length(bounds: &Bounds, limits: &Limits) -> Result<(), Refusal> {
    let (length, max) = (bounds.length(), limits.max_query_length);
    if max.is_zero() || length <= max {
        return Ok(());
    }
    let (length, max) = (hours(length), hours(max));
    Err(Refusal::bad_request(format!(
        "the query time range exceeds the limit (query length: {length}, limit: {max}); narrow it, \
         or raise `limits_config.max_query_length`"
    )))
}

/// Refuses to return too many entries.
pub(crate) fn check_entries(limit: usize, limits: &Limits) -> Result<(), Refusal> {
    let max = limits.max_entries_limit_per_query;
    if max == 0 || limit <= max {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {max})"
    )))
}

/// Refuses to return too many series.
pub(crate) fn check_series(count: usize, limits: &Limits) -> Result<(), Refusal> {
    let max = limits.max_query_series;
    if max == 0 || count <= max {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "maximum number of series ({max}) reached for a single query; consider reducing query \
         cardinality by adding more specific stream selectors, reducing the time range, or \
         aggregating results with functions like sum(), count() or topk()"
    )))
}

/// A duration as Go prints it: `721h0m1s`.
fn hours(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    #[track_caller]
    fn check(hours: i64, max_hours: u64, ok: bool) {
        let bounds = Bounds { start: Timestamp(0), end: Timestamp::from_secs(hours * 3600) };
        let max_query_length = Duration::from_secs(max_hours * 3600);
        let limits = Limits { max_query_length, ..Limits::default() };
        assert_eq!(check_length(&bounds, &limits).is_ok(), ok, "for {hours} h");
    }

    #[test]
    fn zero_is_no_limit() {
        check(721, 721, true);
        check(722, 721, false);
        check(100_000, 0, true);
        let limits =
            Limits { max_query_series: 0, max_entries_limit_per_query: 0, ..Limits::default() };
        assert!(check_series(usize::MAX, &limits).is_ok());
        assert!(check_entries(usize::MAX, &limits).is_ok());
        assert!(check_series(501, &Limits::default()).is_err());
        assert!(check_entries(5001, &Limits::default()).is_err());
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        assert_eq!(hours(Duration::from_secs(2_595_601)), "721h0m1s");
    }
}
