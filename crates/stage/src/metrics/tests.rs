//! What entries do to metrics.

use super::*;
use crate::config::StageConfig;
use crate::pipeline::Pipeline;
use crate::testing::check_error;

fn counter(action: CounterAction, match_all: bool, count_entry_bytes: bool) -> Metric {
    Metric::new(Kind::Counter { action, match_all, count_entry_bytes }, "m")
}

fn gauge(action: GaugeAction) -> Metric {
    Metric { source: "v".into(), ..Metric::new(Kind::Gauge { action }, "m") }
}

fn pipeline(metric: Metric) -> Pipeline {
    let mapping = [("m".to_owned(), String::new()), ("v".to_owned(), String::new())].into();
    let logfmt = crate::logfmt::Config { mapping, ..Default::default() };
    let metrics = Config { metrics: vec![metric] };
    Pipeline::new(&[StageConfig::Logfmt(logfmt), StageConfig::Metrics(metrics)], 0).unwrap()
}

fn feed(pipeline: &mut Pipeline, lines: &[&str], at: Timestamp) {
    for line in lines {
        let labels = Labels::new([("app", "a"), ("__path__", *line)]);
        pipeline.process(Entry::new(labels, at, *line), at, &mut Vec::new());
    }
}

#[track_caller]
fn check(metric: Metric, lines: &[&str], expect: Option<Measure>) {
    let mut pipeline = pipeline(metric);
    feed(&mut pipeline, lines, Timestamp(0));
    let families = pipeline.families(Timestamp(0));
    assert_eq!(families[0].name, "loki_process_custom_m");
    let expect = expect.map(|measure| (Labels::new([("app", "a")]), measure));
    assert_eq!(families[0].series, Vec::from_iter(expect), "for {lines:?}");
}

#[test]
fn counters() {
    use CounterAction::{Add, Inc};
    let some = |value| Some(Measure::Counter(value));
    check(counter(Inc, false, false), &["m=1", "m=x", "x=1"], some(2.0));
    check(counter(Inc, true, false), &["m=1", "x"], some(2.0));
    check(counter(Add, false, false), &["m=1.5", "m=500ms", "m=x", "m=-1"], some(2.0));
    check(counter(Add, true, true), &["123", "4567"], some(7.0));
    let value = Metric { value: "fail".into(), ..counter(Inc, false, false) };
    check(value, &["m=fail", "m=success"], some(1.0));
    check(counter(Inc, false, false), &["x"], None);
}

#[test]
fn gauges() {
    use GaugeAction::{Add, Dec, Inc, Set, Sub};
    let lines = ["v=3", "v=1", "x"];
    for (action, value) in [(Inc, 2.0), (Dec, -2.0), (Set, 1.0), (Add, 4.0), (Sub, -4.0)] {
        check(gauge(action), &lines, Some(Measure::Gauge(value)));
    }
    check(gauge(Set), &["v=x"], None);
}

#[test]
fn histograms() {
    let metric = Metric::new(Kind::Histogram { buckets: vec![0.1, 1.0] }, "m");
    let expect = Measure::Histogram { buckets: vec![(0.1, 1), (1.0, 2)], sum: 3.0, count: 3 };
    check(metric, &["m=0.1", "m=900ms", "m=2"], Some(expect));
}

#[test]
fn what_nothing_touches_is_forgotten() {
    let mut pipeline = pipeline(counter(CounterAction::Inc, false, false));
    feed(&mut pipeline, &["m=1"], Timestamp(0));
    assert_eq!(pipeline.families(Timestamp::from_secs(299))[0].series.len(), 1);
    assert_eq!(pipeline.families(Timestamp::from_secs(300))[0].series.len(), 0);
}

#[test]
fn settings_that_make_no_sense() {
    use CounterAction::Inc;
    let check = |metric, expect| {
        check_error(StageConfig::Metrics(Config { metrics: vec![metric] }), expect);
    };
    let histogram = |buckets| Metric::new(Kind::Histogram { buckets }, "m");
    check(
        Metric { name: String::new(), ..counter(Inc, false, false) },
        "stage.metrics: name: a metric needs a name",
    );
    check(
        Metric { max_idle_duration: Duration::ZERO, ..gauge(GaugeAction::Set) },
        "stage.metrics: max_idle_duration: must be at least 1s",
    );
    check(
        Metric { value: "x".into(), ..counter(Inc, true, false) },
        "stage.metrics: match_all: cannot be true together with value",
    );
    check(
        counter(Inc, true, true),
        "stage.metrics: count_entry_bytes: needs match_all = true and action = \"add\"",
    );
    check(histogram(vec![]), "stage.metrics: buckets: at least one is needed");
    check(histogram(vec![1.0, 1.0]), "stage.metrics: buckets: must grow from one to the next");
}
