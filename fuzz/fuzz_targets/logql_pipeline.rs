//! No line is too odd for a stage, and what is set has the name of a label.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use logql::ast::{Expr, MetricExpr};
use logql::parse;
use logql::pipeline::{Pipeline, RowLabels, Sampler};
use model::labels::is_label_name;
use model::{Labels, Timestamp};

/// Each stage at least once, and those together that hand something on.
const LOGS: &[&str] = &[
    "| json",
    "| json a=`a[0].b`, c=`[\"d e\"]`, f",
    "| logfmt",
    "| logfmt --strict --keep-empty a, b=`c`",
    "| unpack | json",
    "| decolorize | logfmt | a != `` or b > 5",
    "| pattern `<a> <_>=<b> [<c>]` | c = ip(`10.0.0.0/8`) or a =~ `x.*`",
    "| regexp `(?P<a>\\w+)[ =](?P<b>.*)` | label_format c=a, d=`{{.b | lower}}`",
    "|> `<_>a<_> b` !> `<_>c`",
    "|~ `(?i)żó+|a\\b.` !~ `^\\s*$` |= `a` or `b` != ip(`::1`)",
    "| json | a > 1KB or b < 5m or c == 3.5 | drop d, e=`f` | keep a, b",
    "| logfmt | line_format `{{.a}} {{__line__ | trunc 9}}` | logfmt",
    "| line_format `{{fromJson __line__}}`",
    "| line_format `{{regexReplaceAll \"(a+)b\" __line__ \"<$1>\" | b64enc | substr 1 5}}`",
    "| json | label_format ts=`{{__timestamp__ | unixEpoch}}`, a=`{{.b | duration}}`",
    "| json | __error__ = `` | keep a | label_format x=__error__",
];

const METRICS: &[&str] = &[
    "sum_over_time({s=`t`} | logfmt | unwrap a [1m])",
    "quantile_over_time(0.9, {s=`t`} | json | unwrap duration_seconds(a) [1m]) by (b)",
    "max_over_time({s=`t`} | json | unwrap bytes(a) | __error__ = `` [1m]) without (b)",
    "absent_over_time({s=`t`} | unpack | a = `b` [1m])",
    "bytes_rate({s=`t`} | logfmt | line_format `{{.a}}` [1m])",
];

/// When all lines were written.
const NOON: Timestamp = Timestamp(1_768_435_200_000_000_000);

static PIPELINES: LazyLock<Vec<Pipeline>> = LazyLock::new(|| {
    let pipeline = |stages: &&str| match parse(&format!("{{s=`t`}} {stages}")) {
        Ok(Expr::Log(log)) => Pipeline::new(&log.stages).expect("the stages are sound"),
        other => panic!("{stages}: {other:?}"),
    };
    LOGS.iter().map(pipeline).collect()
});

static SAMPLERS: LazyLock<Vec<Sampler>> = LazyLock::new(|| {
    let sampler = |query: &&str| match parse(query) {
        Ok(Expr::Metric(MetricExpr::Range(range))) => {
            Sampler::new(&range).expect("the stages are sound")
        }
        other => panic!("{query}: {other:?}"),
    };
    METRICS.iter().map(sampler).collect()
});

// The first byte of an input is the number of a query, the rest is the line.
fuzz_target!(|input: &[u8]| {
    let Some((query, line)) = input.split_first() else { return };
    let Ok(line) = str::from_utf8(line) else { return };
    let (stream, metadata) = (Labels::new([("s", "t")]), Labels::new([("b", "of metadata")]));
    let mut labels = RowLabels::new(&stream, &metadata);
    let at = usize::from(*query) % (LOGS.len() + METRICS.len());
    match PIPELINES.get(at) {
        Some(pipeline) => drop(pipeline.process(NOON, line, &mut labels)),
        None => {
            let sampler = &SAMPLERS[at - LOGS.len()];
            sampler.sample(NOON, line, &mut labels);
            check_names(&sampler.series(&labels));
        }
    }
    check_names(&labels.result().merged());
});

fn check_names(labels: &Labels) {
    for (name, _) in labels.iter() {
        assert!(is_label_name(name), "{name:?}");
    }
}
