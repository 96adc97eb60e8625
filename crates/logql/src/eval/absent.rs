//! `absent_over_time`: a series where there is nothing.

use std::collections::BTreeSet;

use model::{Labels, Timestamp};

use crate::ast::{MatchOp, RangeAggregation};

use super::params::Steps;
use super::value::Series;

/// The one series of an `absent_over_time`: 1 at each step at which nothing was there, or no series
/// at all where something always was.
#[must_use]
pub fn series(
    agg: &RangeAggregation,
    steps: &Steps,
    present: &BTreeSet<Timestamp>,
) -> Option<Series> {
    let absent = steps.iter().filter(|time| !present.contains(time));
    let points: Vec<_> = absent.map(|time| (time, 1.0)).collect();
    (!points.is_empty()).then(|| Series { labels: labels(agg), points })
}

/// What is known of the lines that are not there: the labels that the selector sets equal to
/// something, and says nothing else about.
fn labels(agg: &RangeAggregation) -> Labels {
    let matchers = &agg.log.selector.matchers;
    let certain = matchers.iter().filter(|matcher| {
        let about = matchers.iter().filter(|other| other.name == matcher.name).count();
        matcher.op == MatchOp::Eq && about == 1
    });
    Labels::new(certain.map(|matcher| (matcher.name.as_str(), matcher.value.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Expr, MetricExpr};
    use std::time::Duration;

    #[track_caller]
    fn check(selector: &str, present: &[i64], expect: Option<(&str, &[i64])>) {
        let query = format!("absent_over_time({selector}[1m])");
        let Ok(Expr::Metric(MetricExpr::Range(agg))) = crate::parse(&query) else {
            panic!("{query}")
        };
        let step = Duration::from_nanos(1);
        let steps = Steps { start: Timestamp(1), end: Timestamp(3), step };
        let found = series(&agg, &steps, &present.iter().copied().map(Timestamp).collect());
        let shown = found.map(|series| {
            let times: Vec<i64> = series.points.iter().map(|(time, _)| time.0).collect();
            (series.labels.to_string(), times)
        });
        assert_eq!(shown, expect.map(|(labels, times)| (labels.to_owned(), times.to_vec())));
    }

    #[test]
    fn is_there_where_nothing_is() {
        check(r#"{a="b"}"#, &[2], Some((r#"{a="b"}"#, &[1, 3])));
        check(r#"{a="b"}"#, &[1, 2, 3], None);
    }

    #[test]
    fn has_the_labels_that_are_certain() {
        check(r#"{a="b", c=~"d", e!="f"}"#, &[2, 3], Some((r#"{a="b"}"#, &[1])));
        check(r#"{a="b", c="d", c=~"d.*"}"#, &[2, 3], Some((r#"{a="b"}"#, &[1])));
    }
}
