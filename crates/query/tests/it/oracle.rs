//! The engine against the slow evaluator: random data, random queries, equal answers.
//!
//! `BAROGRAM_ORACLE_SEED` and `BAROGRAM_ORACLE_ROUNDS` choose what is run; a failure prints its
//! seed and query.

use std::time::Duration;

use barogram_query::{Deletion, Kind, Request};
use fastrand::Rng;
use logql::ast::Expr;
use logql::eval::{self, Direction, LogParams, LogStream, SelectorScope, Series, Steps, Value};
use logql::pipeline::{Pipeline, RowLabels};
use model::{Entry, Stream, TenantId, TimeRange, Timestamp};

use crate::data::{self, Fixture, SPAN, START, pick};

/// Queries asked of each data set.
const QUERIES: usize = 40;

#[tokio::test]
async fn the_engine_answers_as_the_evaluator() {
    let first = variable("BAROGRAM_ORACLE_SEED").unwrap_or(1);
    for seed in first..first + variable("BAROGRAM_ORACLE_ROUNDS").unwrap_or(50) {
        let mut rng = Rng::with_seed(seed);
        let streams = data::streams(&mut rng);
        let mut fixture = data::fixture(&mut rng, &streams).await;
        let deletions = (0..rng.usize(0..3)).map(|_| deletion(&mut rng, &streams));
        let deletions: Vec<Deletion> = deletions.collect();
        let streams: Vec<Stream> = streams.iter().map(|s| left(s, &deletions)).collect();
        fixture.engine = fixture.engine.hiding(deletions.into());
        for _ in 0..QUERIES {
            let query = query(&mut rng);
            let kind = kind(&mut rng);
            let direction = if rng.bool() { Direction::Forward } else { Direction::Backward };
            let limit = if rng.bool() { 0 } else { rng.usize(1..40) };
            let seen = ask(&fixture, &query, kind, limit, direction).await;
            let wanted = expect(&streams, &query, kind, limit, direction);
            assert_same(&seen, &wanted, &format!("seed {seed}, {kind:?}, limit {limit}: {query}"));
        }
    }
}

fn deletion(rng: &mut Rng, streams: &[Stream]) -> Deletion {
    let query = pick(
        rng,
        &[
            r#"{dag_id="etl"}"#,
            r#"{app="airflow"} |= "error""#,
            r#"{app="airflow"} !~ "le?vel" | run_id="r1""#,
            r#"{app="airflow", run_id="r2"}"#,
            r#"{app="airflow", dag_id!="etl"} | level="meta""#,
        ],
    );
    let Ok(Expr::Log(log)) = logql::parse(query) else { panic!("{query}") };
    let times = streams.iter().flat_map(|stream| &stream.entries).map(|entry| entry.timestamp);
    let times: Vec<Timestamp> = times.collect();
    // Both ends are included, so some are the very times of entries.
    let mut bound = || match rng.choice(&times) {
        Some(time) if rng.bool() => *time,
        _ => START + SPAN.mul_f64(rng.f64()),
    };
    let (one, other) = (bound(), bound());
    Deletion { log, start: one.min(other), end: one.max(other) }
}

/// What the deletions leave of a stream.
fn left(stream: &Stream, deletions: &[Deletion]) -> Stream {
    let is_deleted = |entry: &Entry, deletion: &Deletion| {
        let Deletion { log, start, end } = deletion;
        let selector = eval::Selector::new(&log.selector, SelectorScope::default()).unwrap();
        let pipeline = Pipeline::new(&log.stages).unwrap();
        let mut labels = RowLabels::new(&stream.labels, &entry.metadata);
        (*start..=*end).contains(&entry.timestamp)
            && selector.matches(&stream.labels, &entry.metadata)
            && pipeline.process(entry.timestamp, &entry.line, &mut labels).is_some()
    };
    let mut left = stream.clone();
    left.entries.retain(|entry| !deletions.iter().any(|deletion| is_deleted(entry, deletion)));
    left
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

type Outcome = Result<Value, String>;

async fn ask(
    fixture: &Fixture,
    query: &str,
    kind: Kind,
    limit: usize,
    direction: Direction,
) -> Outcome {
    let request = Request {
        tenant: TenantId::default(),
        query: logql::parse(query).unwrap_or_else(|error| panic!("{query}: {error}")),
        kind,
        limit,
        direction,
        interval: Duration::ZERO,
    };
    let answer = fixture.engine.run(request).await;
    answer.map(|answer| answer.value).map_err(|error| error.to_string())
}

fn expect(
    streams: &[Stream],
    query: &str,
    kind: Kind,
    limit: usize,
    direction: Direction,
) -> Outcome {
    let (start, end, step) = match kind {
        Kind::Instant { time } => (time, time, Duration::ZERO),
        Kind::Range { start, end, step } => (start, end, step),
    };
    let answer = match (logql::parse(query).unwrap(), kind) {
        (Expr::Log(_), Kind::Instant { .. }) => return Err("instant log query".to_owned()),
        (Expr::Log(log), _) => {
            let range = TimeRange { start, end };
            let (interval, split) = (Duration::ZERO, Duration::ZERO);
            let scope = SelectorScope::default();
            let params = LogParams { range, limit, direction, interval, split, scope };
            eval::log(&log, streams, &params).map(Value::Streams)
        }
        (Expr::Metric(metric), _) => {
            let steps = Steps { start, end, step };
            eval::metric(&metric, streams, &steps, SelectorScope::default())
        }
        (Expr::Count(_), _) => unreachable!("no random query counts"),
    };
    answer.map_err(|error| error.to_string())
}

#[track_caller]
fn assert_same(seen: &Outcome, wanted: &Outcome, what: &str) {
    match (seen, wanted) {
        // Which of several series with an error is named is left open.
        (Err(_), Err(_)) => {}
        (Ok(seen), Ok(wanted)) => {
            let (seen, wanted) = (shown(seen), shown(wanted));
            assert!(seen == wanted, "{what}\nseen:\n{seen}\nwanted:\n{wanted}");
        }
        _ => panic!("{what}\nseen: {seen:?}\nwanted: {wanted:?}"),
    }
}

/// An answer as a text that is the same for equal answers.
fn shown(value: &Value) -> String {
    match value {
        Value::Streams(streams) => sorted(streams.iter().map(stream_text)),
        Value::Matrix(series) => format!("matrix\n{}", sorted(series.iter().map(series_text))),
        Value::Vector(series) => format!("vector\n{}", sorted(series.iter().map(series_text))),
        Value::Scalar(time, value) => format!("{time} {value}"),
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> String {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.join("\n")
}

fn stream_text(stream: &LogStream) -> String {
    let labels = &stream.labels;
    let (stream_labels, metadata, parsed) = (&labels.stream, &labels.metadata, &labels.parsed);
    format!("{stream_labels} {metadata} {parsed} {:?}", stream.entries)
}

/// Sums may differ in their last digits, because they are added in another order.
fn series_text(series: &Series) -> String {
    let points = series.points.iter().map(|(time, value)| format!("{time} {value:.9e}"));
    format!("{} {}", series.labels, points.collect::<Vec<_>>().join(", "))
}

fn kind(rng: &mut Rng) -> Kind {
    let second = |n: u64| Duration::from_millis(n * 500);
    let start = START + second(rng.u64(0..100));
    if rng.u8(0..4) == 0 {
        return Kind::Instant { time: start };
    }
    let end = start + second(rng.u64(0..120)).min(SPAN);
    Kind::Range { start, end, step: second(rng.u64(1..30)) }
}

fn query(rng: &mut Rng) -> String {
    match rng.u8(0..10) {
        0..=3 => log(rng),
        4..=6 => range(rng),
        7 => aggregation(rng),
        8 => format!(
            "{} {} {}",
            aggregation(rng),
            pick(rng, &["+", "/", "or", "> bool"]),
            aggregation(rng)
        ),
        _ => format!("label_replace({}, \"x\", \"$1\", \"dag_id\", \"(.).*\")", aggregation(rng)),
    }
}

fn log(rng: &mut Rng) -> String {
    let selector = pick(
        rng,
        &[
            r#"{app="airflow"}"#,
            r#"{dag_id=~"etl|train"}"#,
            r#"{app="airflow", run_id="r1"}"#,
            r#"{app="airflow", run_id!="r1"}"#,
            r#"{app="airflow", n!=""}"#,
            r#"{app="nobody"}"#,
        ],
    );
    let stages = (0..rng.usize(0..4)).map(|_| stage(rng)).collect::<Vec<_>>().join(" ");
    format!("{selector} {stages}")
}

fn stage(rng: &mut Rng) -> String {
    let stages = [
        r#"|= "error""#,
        r#"!= "info" or "warn""#,
        r#"|~ "(?i)ERROR|took""#,
        r#"!~ "^.level""#,
        "|> `<_>took<_>`",
        r#"|= ip("10.0.0.0/25")"#,
        "| json",
        r#"| json t="o.took", level"#,
        "| logfmt",
        "| logfmt --strict",
        "| logfmt level, n",
        "| pattern `[<level>] took <took> for <_>`",
        "| regexp `took.(?P<took>[0-9a-z]+)`",
        r#"| level="error""#,
        r#"| level=~"warn|meta" or n > 1"#,
        "| took > 500ms",
        "| size < 20KB",
        r#"| run_id="r1""#,
        r#"| line_format "{{.level}} {{.run_id}}""#,
        r#"| label_format lvl=level, both="{{.dag_id}}/{{.n}}""#,
        r#"| drop n, level="error""#,
        r#"| keep level, dag_id="etl""#,
        r#"| __error__="""#,
        "| decolorize",
    ];
    pick(rng, &stages).to_owned()
}

fn range(rng: &mut Rng) -> String {
    let window = pick(rng, &["1s", "5s", "7s", "30s", "1500ms"]);
    let offset = pick(rng, &["", "", " offset 3s", " offset -2s"]);
    if rng.bool() {
        let op = pick(
            rng,
            &["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"],
        );
        return format!("{op}({} [{window}]{offset})", log(rng));
    }
    let unwrap = pick(
        rng,
        &[
            "| logfmt | unwrap n",
            "| logfmt | unwrap duration(took) | __error__=\"\"",
            "| json | unwrap n | __error__=\"\"",
            "| logfmt | unwrap bytes(size) | __error__=\"\"",
        ],
    );
    let log = log(rng);
    let group = pick(rng, &["", "", " by (dag_id)", " without (n)"]);
    match rng.u8(0..10) {
        0 => format!("sum_over_time({log} {unwrap} [{window}]{offset})"),
        1 => format!("rate({log} {unwrap} [{window}]{offset})"),
        2 => format!("rate_counter({log} {unwrap} [{window}]{offset})"),
        3 => format!("quantile_over_time(0.7, {log} {unwrap} [{window}]{offset}){group}"),
        n => {
            let ops = ["avg", "min", "max", "stddev", "first", "last"];
            let op = ops[usize::from(n) - 4];
            format!("{op}_over_time({log} {unwrap} [{window}]{offset}){group}")
        }
    }
}

fn aggregation(rng: &mut Rng) -> String {
    let group = pick(rng, &["", " by (dag_id)", " by (level)", " without (n)"]);
    let op = pick(rng, &["sum", "avg", "min", "max", "count", "stddev", "topk", "bottomk"]);
    let count = if op.ends_with('k') { "2, " } else { "" };
    format!("{op}{group} ({count}{})", range(rng))
}
