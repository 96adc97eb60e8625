//! Range aggregations: the samples of a window of time as one number.

use std::time::Duration;

use model::Timestamp;

use crate::ast::{RangeAggregation, RangeOp};

use super::params::Steps;

/// The points of one series: at each step the samples of the window before it, aggregated. A step
/// whose window is empty has no point.
///
/// The samples are sorted by time, those of one time in the order in which they came. A window
/// excludes its start and includes its end. Of `absent_over_time` the points are those where
/// something is there: see [`absent`](super::absent).
#[must_use]
pub fn points(
    agg: &RangeAggregation,
    samples: &[(Timestamp, f64)],
    steps: &Steps,
) -> Vec<(Timestamp, f64)> {
    let mut points = Vec::new();
    for time in steps.iter() {
        let (after, until) = window(agg, time);
        let from = samples.partition_point(|(time, _)| *time <= after);
        let to = samples.partition_point(|(time, _)| *time <= until);
        if from < to {
            let window = Window { samples: &samples[from..to], range: agg.range };
            points.push((time, window.aggregate(agg)));
        }
    }
    points
}

/// The window of a step: after the first time, until and with the second.
#[must_use]
pub fn window(agg: &RangeAggregation, step: Timestamp) -> (Timestamp, Timestamp) {
    let until = Timestamp(step.0.saturating_sub(agg.offset.0));
    (until - agg.range, until)
}

/// Whether the point of a step is in the answer to a query over several steps.
///
/// Loki shows a point at the end of its window moved forward by the offset, each cut to whole
/// milliseconds. With an offset that is no whole number of them that is a millisecond before the
/// step, and what is not of a step is lost. At a single step it is shown all the same.
pub(super) fn is_shown(agg: &RangeAggregation, step: Timestamp) -> bool {
    let (_, until) = window(agg, step);
    until.as_millis() + agg.offset.0 / 1_000_000 == step.as_millis()
}

/// The samples of a window, at least one, and the length of the window.
struct Window<'a> {
    samples: &'a [(Timestamp, f64)],
    range: Duration,
}

impl Window<'_> {
    fn aggregate(&self, agg: &RangeAggregation) -> f64 {
        match agg.op {
            RangeOp::CountOverTime | RangeOp::AbsentOverTime => self.samples.len() as f64,
            RangeOp::BytesOverTime | RangeOp::SumOverTime => self.sum(),
            RangeOp::Rate | RangeOp::BytesRate => self.sum() / self.range.as_secs_f64(),
            RangeOp::RateCounter => self.rate_counter(),
            RangeOp::AvgOverTime => mean(self.values()),
            RangeOp::MinOverTime => least(self.values()),
            RangeOp::MaxOverTime => greatest(self.values()),
            RangeOp::StddevOverTime => variance(self.values()).sqrt(),
            RangeOp::StdvarOverTime => variance(self.values()),
            RangeOp::QuantileOverTime => {
                quantile(agg.param.unwrap_or(f64::NAN), self.values().collect())
            }
            RangeOp::FirstOverTime => self.samples[0].1,
            RangeOp::LastOverTime => self.samples[self.samples.len() - 1].1,
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|(_, value)| *value)
    }

    fn sum(&self) -> f64 {
        self.values().sum()
    }

    /// The rate of a counter that starts again at 0 now and then: what it grew between the first
    /// and the last sample. 0 of a single sample.
    ///
    /// Prometheus extends the growth to the bounds of the window. Loki uses the same formula, but
    /// takes the samples themselves for the bounds, and milliseconds for nanoseconds: what is left
    /// of the extension is a millionth of the range, which we keep to give the same number.
    fn rate_counter(&self) -> f64 {
        let (first, last) = (self.samples[0], self.samples[self.samples.len() - 1]);
        if self.samples.len() < 2 {
            return 0.0;
        }
        let resets = self.samples.windows(2).filter(|pair| pair[1].1 < pair[0].1);
        let lost: f64 = resets.map(|pair| pair[0].1).sum();
        let growth = last.1 - first.1 + lost;
        let sampled = last.0.since(first.0).as_secs_f64();
        let between = sampled / (self.samples.len() - 1) as f64;
        let mut extension = self.range.as_secs_f64() / 1e6;
        if growth > 0.0 && first.1 >= 0.0 {
            // A counter cannot have been below 0.
            extension = extension.min(sampled * (first.1 / growth));
        }
        if extension >= between * 1.1 {
            extension = between / 2.0;
        }
        growth * ((sampled + extension) / sampled) / self.range.as_secs_f64()
    }
}

/// The mean, built up value by value so that large values do not overflow their sum.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = 0.0_f64;
    for (value, count) in values.zip(1_u64..) {
        let count = count as f64;
        // Once the mean is infinite, only the other infinity or NaN can change it.
        if mean.is_infinite() && (value == mean || value.is_finite()) {
            continue;
        }
        mean += value / count - mean / count;
    }
    mean
}

/// The variance of a whole population, by Welford's method.
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut squares, mut count) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}

/// The greatest value; NaN only where there is nothing else.
pub(super) fn greatest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}

/// The least value; NaN only where there is nothing else.
pub(super) fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::min)
}

/// The q-quantile, between two values by linear interpolation.
fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // NaN sorts before all numbers, as in Prometheus.
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.total_cmp(b)));
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::{Expr, MetricExpr};
    use proptest::prelude::*;

    fn aggregation(text: &str) -> RangeAggregation {
        let Ok(Expr::Metric(MetricExpr::Range(range))) = crate::parse(text) else {
            panic!("{text} is no range aggregation");
        };
        *range
    }

    fn of_op(op: RangeOp, seconds: u64) -> RangeAggregation {
        let agg = aggregation(r#"count_over_time({a="b"}[1s])"#);
        RangeAggregation { op, range: Duration::from_secs(seconds), param: Some(0.5), ..agg }
    }

    /// Aggregates samples one second apart, at a single step behind the last.
    #[track_caller]
    fn check(op: RangeOp, values: &[f64], expect: f64) {
        let times = (1..).map(Timestamp::from_secs);
        let samples: Vec<_> = times.zip(values.iter().copied()).collect();
        let steps = Steps::instant(Timestamp::from_secs(values.len() as i64));
        let points = points(&of_op(op, 100), &samples, &steps);
        let value = points[0].1;
        let same = (value - expect).abs() < 1e-9 || value == expect;
        assert!(same || value.is_nan() && expect.is_nan(), "{op:?} of {values:?}: {value}");
    }

    #[test]
    fn aggregates() {
        check(RangeOp::CountOverTime, &[5.0, 7.0], 2.0);
        check(RangeOp::Rate, &[5.0, 7.0], 0.12);
        check(RangeOp::SumOverTime, &[5.0, 7.0], 12.0);
        check(RangeOp::AvgOverTime, &[1.0, 2.0, 6.0], 3.0);
        check(RangeOp::AvgOverTime, &[f64::INFINITY, 1.0], f64::INFINITY);
        check(RangeOp::AvgOverTime, &[f64::INFINITY, f64::NEG_INFINITY], f64::NAN);
        check(RangeOp::MinOverTime, &[f64::NAN, 2.0, 1.0], 1.0);
        check(RangeOp::MaxOverTime, &[f64::NAN, 2.0, 1.0], 2.0);
        check(RangeOp::StdvarOverTime, &[2.0, 4.0, 6.0], 8.0 / 3.0);
        check(RangeOp::StddevOverTime, &[2.0, 4.0], 1.0);
        check(RangeOp::QuantileOverTime, &[4.0, 1.0, 2.0, 3.0], 2.5);
        check(RangeOp::FirstOverTime, &[3.0, 2.0, 9.0], 3.0);
        check(RangeOp::LastOverTime, &[3.0, 2.0, 9.0], 9.0);
    }

    #[test]
    fn counters_may_start_again() {
        check(RangeOp::RateCounter, &[7.0], 0.0);
        let extended = (3.0 + 100.0 / 1e6) / 3.0;
        check(RangeOp::RateCounter, &[10.0, 30.0, 5.0, 15.0], 35.0 * extended / 100.0);
    }

    #[test]
    fn quantiles_outside_of_0_to_1_are_infinite() {
        assert_eq!(quantile(-0.1, vec![1.0]), f64::NEG_INFINITY);
        assert_eq!(quantile(1.1, vec![1.0]), f64::INFINITY);
        assert!(quantile(f64::NAN, vec![1.0]).is_nan());
    }

    #[test]
    fn a_window_excludes_its_start_and_includes_its_end() {
        let samples = [0, 5, 10].map(|secs| (Timestamp::from_secs(secs), 1.0));
        let steps = Steps::instant(Timestamp::from_secs(10));
        let count = |seconds| points(&of_op(RangeOp::CountOverTime, seconds), &samples, &steps);
        assert_eq!(count(5)[0].1, 1.0);
        assert_eq!(count(10)[0].1, 2.0);
        assert_eq!(count(11)[0].1, 3.0);
    }

    #[test]
    fn a_step_is_lost_to_a_part_of_a_millisecond() {
        let shown = |offset: &str| {
            let query = format!(r#"count_over_time({{a="b"}}[5s] offset {offset})"#);
            is_shown(&aggregation(&query), Timestamp::from_secs(60))
        };
        assert!(shown("1h") && shown("-2ms") && shown("-1ns"));
        assert!(!shown("1ns") && !shown("1500us"));
    }

    #[test]
    fn an_offset_moves_the_window_and_not_the_point() {
        let agg = aggregation(r#"count_over_time({a="b"}[5s] offset 1m)"#);
        let samples = [(Timestamp::from_secs(10), 1.0)];
        let at = Timestamp::from_secs(72);
        assert_eq!(points(&agg, &samples, &Steps::instant(at)), [(at, 1.0)]);
    }

    proptest! {
        #[test]
        fn each_point_is_what_a_scan_of_all_samples_finds(
            mut times in prop::collection::vec(0_i64..100, 0..50),
            range in 1_u64..30,
            step in 1_u64..20,
        ) {
            times.sort_unstable();
            let samples: Vec<_> = times.iter().map(|t| (Timestamp::from_secs(*t), 1.0)).collect();
            let (start, end) = (Timestamp::from_secs(10), Timestamp::from_secs(90));
            let steps = Steps { start, end, step: Duration::from_secs(step) };
            let scan = steps.iter().filter_map(|time| {
                let after = time - Duration::from_secs(range);
                let count = samples.iter().filter(|(t, _)| *t > after && *t <= time).count();
                (count > 0).then_some((time, count as f64))
            });
            let agg = of_op(RangeOp::CountOverTime, range);
            prop_assert_eq!(points(&agg, &samples, &steps), scan.collect::<Vec<_>>());
        }
    }
}
