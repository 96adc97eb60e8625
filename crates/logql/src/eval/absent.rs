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
