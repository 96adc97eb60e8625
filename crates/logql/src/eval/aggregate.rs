//! `sum`, `topk` and their kin: the samples of one step, grouped and made fewer.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use model::Labels;

use crate::ast::{Grouping, VectorAggregation, VectorOp};

use super::combine::Sample;
use super::range::{greatest, least, mean, variance};

/// The result at one step. `sort` and `topk` decide its order, else it is that of the labels.
pub(super) fn apply(aggregation: &VectorAggregation, samples: Vec<Sample>) -> Vec<Sample> {
    let mut groups: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        let group = group(aggregation.grouping.as_ref(), &sample.labels);
        groups.entry(group).or_default().push(sample);
    }
    let k = usize::try_from(aggregation.param.unwrap_or_default()).unwrap_or(usize::MAX);
    let one = |aggregate: fn(&[f64]) -> f64, groups: BTreeMap<Labels, Vec<Sample>>| {
        let groups = groups.into_iter().map(|(labels, samples)| {
            let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
            Sample { labels, value: aggregate(&values) }
        });
        groups.collect()
    };
    let some = |by: fn(&Sample, &Sample) -> Ordering, k, groups: BTreeMap<Labels, Vec<Sample>>| {
        let groups = groups.into_values().flat_map(|mut samples| {
            samples.sort_by(by);
            samples.truncate(k);
            samples
        });
        groups.collect()
    };
    match aggregation.op {
        VectorOp::Sum => one(|values| values.iter().sum(), groups),
        VectorOp::Avg => one(|values| mean(values.iter().copied()), groups),
        VectorOp::Min => one(|values| least(values.iter().copied()), groups),
        VectorOp::Max => one(|values| greatest(values.iter().copied()), groups),
        VectorOp::Count => one(|values| values.len() as f64, groups),
        VectorOp::Stddev => one(|values| variance(values.iter().copied()).sqrt(), groups),
        VectorOp::Stdvar => one(|values| variance(values.iter().copied()), groups),
        // The estimate, which `check_supported` refuses, could be exact here.
        VectorOp::Topk | VectorOp::ApproxTopk => some(descending, k, groups),
        VectorOp::Bottomk => some(ascending, k, groups),
        VectorOp::Sort => some(ascending, usize::MAX, groups),
        VectorOp::SortDesc => some(descending, usize::MAX, groups),
    }
}

/// The labels of the group that a series belongs to.
fn group(grouping: Option<&Grouping>, labels: &Labels) -> Labels {
    match grouping {
        None => Labels::default(),
        Some(Grouping { without: false, labels: by }) => {
            labels.filter(|name| by.iter().any(|label| label == name))
        }
        Some(Grouping { without: true, labels: out }) => {
            let rest = labels.iter().filter(|(name, _)| !out.iter().any(|label| label == name));
            Labels::new(rest)
        }
    }
}

/// The least first, NaN last.
fn ascending(a: &Sample, b: &Sample) -> Ordering {
    let (a, b) = (a.value, b.value);
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The greatest first, NaN last.
fn descending(a: &Sample, b: &Sample) -> Ordering {
    let (a, b) = (a.value, b.value);
    b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{MetricExpr, Span};

    #[track_caller]
    fn check(op: VectorOp, param: Option<u64>, by: Option<&[&str]>, expect: &str) {
        let labels = |by: &[&str]| by.iter().map(|label| (*label).to_owned()).collect();
        let grouping = by.map(|by| Grouping { without: false, labels: labels(by) });
        let inner = Box::new(MetricExpr::Number(0.0));
        let aggregation = VectorAggregation { op, param, grouping, inner, span: Span::default() };
        let samples = [("x", "1", 3.0), ("x", "2", 1.0), ("y", "3", f64::NAN), ("y", "4", 2.0)];
        let samples = samples.map(|(app, pod, value)| Sample {
            labels: Labels::new([("app", app), ("pod", pod)]),
            value,
        });
        let result = apply(&aggregation, samples.to_vec());
        let shown: Vec<String> =
            result.iter().map(|sample| format!("{} {}", sample.labels, sample.value)).collect();
        assert_eq!(shown.join("; "), expect, "for {op:?}");
    }

    #[test]
    fn groups() {
        check(VectorOp::Count, None, None, "{} 4");
        check(VectorOp::Sum, None, Some(&["app"]), r#"{app="x"} 4; {app="y"} NaN"#);
        check(VectorOp::Max, None, Some(&["app"]), r#"{app="x"} 3; {app="y"} 2"#);
        check(VectorOp::Stdvar, None, Some(&["app"]), r#"{app="x"} 1; {app="y"} NaN"#);
    }

    #[test]
    fn picks_and_sorts_with_nan_last() {
        check(VectorOp::Topk, Some(2), None, r#"{app="x", pod="1"} 3; {app="y", pod="4"} 2"#);
        check(
            VectorOp::Bottomk,
            Some(1),
            Some(&["app"]),
            r#"{app="x", pod="2"} 1; {app="y", pod="4"} 2"#,
        );
        check(
            VectorOp::SortDesc,
            None,
            None,
            "{app=\"x\", pod=\"1\"} 3; {app=\"y\", pod=\"4\"} 2; \
             {app=\"x\", pod=\"2\"} 1; {app=\"y\", pod=\"3\"} NaN",
        );
    }
}
