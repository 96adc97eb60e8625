//! What a query may ask for, by its tenant's limits: in Loki's words.

use std::collections::BTreeSet;
use std::time::Duration;

use logql::ast::{Expr, Selector};
use logql::eval::Value;
use loki::time::{Bounds, human_duration};
use model::Timestamp;
use query::Answer;

use crate::config::{Limits, SeriesExceeded};
use crate::refusal::Refusal;

/// The part of a range that may be looked at: not further back than allowed, and not too long.
pub(crate) fn check_bounds(
    bounds: Bounds,
    now: Timestamp,
    limits: &Limits,
) -> Result<Bounds, Refusal> {
    let bounds = look_back(bounds, now, limits.max_query_lookback)?;
    let (length, max) = (bounds.length(), limits.max_query_length);
    if max.is_zero() || length <= max {
        return Ok(bounds);
    }
    let (length, max) = (hours(length), human_duration(max));
    Err(Refusal::bad_request(format!(
        "the query time range exceeds the limit (query length: {length}, limit: {max}); narrow it, \
         or raise `limits_config.max_query_length`"
    )))
}

fn look_back(bounds: Bounds, now: Timestamp, lookback: Duration) -> Result<Bounds, Refusal> {
    let first = now - lookback;
    if lookback.is_zero() || first <= bounds.start {
        return Ok(bounds);
    }
    if bounds.end < first {
        let lookback = human_duration(lookback);
        return Err(Refusal::bad_request(format!(
            "this data is no longer available, it is past now - max_query_lookback ({lookback})"
        )));
    }
    Ok(Bounds { start: first, ..bounds })
}

/// Refuses a `[range]` that is too long.
pub(crate) fn check_ranges(query: &Expr, limits: &Limits) -> Result<(), Refusal> {
    let (Expr::Metric(metric), false) = (query, limits.max_query_range.is_zero()) else {
        return Ok(());
    };
    let longest = logql::eval::leaves(metric).into_iter().map(|leaf| leaf.range).max();
    match longest.unwrap_or_default() {
        range if range > limits.max_query_range => {
            let (range, max) = (human_duration(range), human_duration(limits.max_query_range));
            Err(Refusal::bad_request(format!(
                "[interval] value exceeds limit: [{range}] > [{max}]; shorten it, or raise \
                 `limits_config.max_query_range`"
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses a selector that names too much, or not what it must.
pub(crate) fn check_matchers(selector: &Selector, limits: &Limits) -> Result<(), Refusal> {
    let (count, max) = (selector.matchers.len(), limits.max_streams_matchers_per_query);
    if max > 0 && count > max {
        return Err(Refusal::bad_request(format!(
            "max streams matchers per query exceeded, matchers-count > limit ({count} > {max})"
        )));
    }
    let named: BTreeSet<&str> = selector.matchers.iter().map(|m| m.name.as_str()).collect();
    let missing = limits.required_labels.iter().map(String::as_str);
    let missing: Vec<&str> = missing.filter(|name| !named.contains(name)).collect();
    let present = || named.iter().copied().collect::<Vec<_>>().join(", ");
    if !missing.is_empty() {
        return Err(Refusal::bad_request(format!(
            "stream selector is missing required matchers [{}], labels present in the query were \
             [{}]",
            missing.join(", "),
            present()
        )));
    }
    let (count, min) = (named.len(), limits.minimum_labels_number);
    if count < min {
        return Err(Refusal::bad_request(format!(
            "stream selector has less label matchers than required: (present: [{}], \
             number_present: {count}, required_number_label_matchers: {min})",
            present()
        )));
    }
    Ok(())
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

/// Bounds the series of an answer: refuses it, or cuts it and says so.
pub(crate) fn check_series(answer: &mut Answer, limits: &Limits) -> Result<(), Refusal> {
    let max = limits.max_query_series;
    let (Value::Matrix(series) | Value::Vector(series)) = &mut answer.value else { return Ok(()) };
    let count = series.len();
    if max == 0 || count <= max {
        return Ok(());
    }
    if limits.max_query_series_exceeded == SeriesExceeded::Refuse {
        return Err(query::Error::Series { limit: max }.into());
    }
    series.truncate(max);
    // Logs Drilldown knows by these words that there is more.
    answer.warnings.push(format!(
        "maximum number of series ({max}) reached: {max} of {count} are shown; aggregate by fewer labels, add label matchers, or raise \
         `limits_config.max_query_series`"
    ));
    Ok(())
}

/// A duration as Go prints it: `721h0m1s`.
fn hours(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use logql::eval::Series;
    use query::Stats;

    use super::*;

    #[track_caller]
    fn check(hours: i64, max_hours: u64, ok: bool) {
        let bounds = Bounds { start: Timestamp(0), end: Timestamp::from_secs(hours * 3600) };
        let max_query_length = Duration::from_secs(max_hours * 3600);
        let limits = Limits { max_query_length, ..Limits::default() };
        assert_eq!(check_bounds(bounds, bounds.end, &limits).is_ok(), ok, "for {hours} h");
    }

    #[test]
    fn zero_is_no_limit() {
        check(721, 721, true);
        check(722, 721, false);
        check(100_000, 0, true);
        let limits = Limits { max_entries_limit_per_query: 0, ..Limits::default() };
        assert!(check_entries(usize::MAX, &limits).is_ok());
        assert!(check_entries(5001, &Limits::default()).is_err());
    }

    #[track_caller]
    fn check_look_back(start: i64, end: i64, expect: Option<(i64, i64)>) {
        let bounds = Bounds { start: Timestamp::from_secs(start), end: Timestamp::from_secs(end) };
        let limits = Limits { max_query_lookback: Duration::from_secs(100), ..Limits::default() };
        let seen = check_bounds(bounds, Timestamp::from_secs(1000), &limits).ok();
        let expect =
            expect.map(|(start, end)| (Timestamp::from_secs(start), Timestamp::from_secs(end)));
        assert_eq!(seen.map(|bounds| (bounds.start, bounds.end)), expect);
    }

    #[test]
    fn what_is_too_old_is_left_out() {
        check_look_back(950, 1000, Some((950, 1000)));
        check_look_back(800, 1000, Some((900, 1000)));
        check_look_back(800, 899, None);
    }

    #[track_caller]
    fn check_query(query: &str, limits: &Limits, expect: &str) {
        let query = logql::parse(query).unwrap();
        let selector = match &query {
            Expr::Log(log) => &log.selector,
            Expr::Metric(metric) => &logql::eval::leaves(metric)[0].log.selector,
            Expr::Count(count) => &count.log.selector,
        };
        let checked = check_matchers(selector, limits).and_then(|()| check_ranges(&query, limits));
        let text = checked.map_or_else(|refusal| refusal.text().to_owned(), |()| "fine".to_owned());
        assert!(text.starts_with(expect), "{text}");
    }

    #[test]
    fn matchers_and_ranges_are_bounded() {
        let two = r#"count_over_time({a="1", b="2"}[2h])"#;
        check_query(two, &Limits::default(), "fine");
        let max_query_range = Duration::from_secs(3600);
        let expect = "[interval] value exceeds limit: [2h] > [1h]";
        check_query(two, &Limits { max_query_range, ..Limits::default() }, expect);
        let limits = Limits { max_streams_matchers_per_query: 1, ..Limits::default() };
        check_query(two, &limits, "max streams matchers per query exceeded");
        let limits = Limits { minimum_labels_number: 3, ..Limits::default() };
        check_query(two, &limits, "stream selector has less label matchers than required");
        let limits = Limits { required_labels: vec!["c".to_owned()], ..Limits::default() };
        let expect = "stream selector is missing required matchers [c], labels present in the \
                      query were [a, b]";
        check_query(two, &limits, expect);
    }

    #[track_caller]
    fn check_answer(count: usize, max: usize, exceeded: SeriesExceeded, left: Option<usize>) {
        let series = vec![Series { labels: model::Labels::default(), points: Vec::new() }; count];
        let (value, stats) = (Value::Vector(series), Stats::default());
        let (warnings, explain) = (Vec::new(), query::Explain::default());
        let mut answer = Answer { value, stats, warnings, explain };
        let limits = Limits {
            max_query_series: max,
            max_query_series_exceeded: exceeded,
            ..Limits::default()
        };
        let checked = check_series(&mut answer, &limits).ok();
        let Value::Vector(series) = answer.value else { panic!("{:?}", answer.value) };
        assert_eq!(checked.map(|()| series.len()), left);
        assert_eq!(answer.warnings.is_empty(), left.is_none_or(|left| left == count));
    }

    #[test]
    fn too_many_series_are_cut_or_refused() {
        check_answer(3, 3, SeriesExceeded::Refuse, Some(3));
        check_answer(4, 3, SeriesExceeded::Refuse, None);
        check_answer(4, 3, SeriesExceeded::Truncate, Some(3));
        check_answer(4, 0, SeriesExceeded::Refuse, Some(4));
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        assert_eq!(hours(Duration::from_secs(2_595_601)), "721h0m1s");
    }
}
