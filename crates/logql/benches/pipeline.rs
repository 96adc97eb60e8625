//! What each stage costs a line: `cargo bench -p barogram-logql`. Compare runs on one machine.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop there")]
#![allow(missing_docs, reason = "the macros of criterion make items without documents")]

use std::hint::black_box;

use barogram_logql as logql;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logql::ast::Expr;
use logql::pipeline::{Pipeline, RowLabels};
use model::{Labels, Timestamp};

const AIRFLOW_2: &str = "[2026-01-15T07:00:03.123+0000] {taskinstance.py:1157} INFO - Marking task \
    as SUCCESS. dag_id=dag_07, task_id=task_3, run_id=scheduled__2026-01-15T07:00:00+00:00";
const AIRFLOW_3: &str = r#"{"timestamp":"2026-01-15T07:00:03.123456Z","level":"info","event":"Fetched page 17: 100 rows in 0.25s","logger":"airflow.task","filename":"export.py","lineno":41,"dag_id":"dag_07","run_id":"scheduled__2026-01-15T07:00:00+00:00","task_id":"task_3","try_number":1,"map_index":-1}"#;
const LOGFMT: &str = "ts=2026-01-15T05:50:01.616373Z level=info caller=handler.go:378 msg=\"GET \
    /static/app.js done\" method=DELETE path=/static/app.js status=200 duration=133ms size=759B";

const STAGES: [(&str, &str, &str); 9] = [
    ("substring", "|= `zebra crossing`", AIRFLOW_2),
    ("regex", "|~ `retried [34] times|sum 00ff`", AIRFLOW_2),
    ("pattern filter", "|> `<_> INFO - Marking task as <_>`", AIRFLOW_2),
    ("pattern", "| pattern `[<ts>] {<source>} <level> - <msg>`", AIRFLOW_2),
    ("regexp", r"| regexp `dag_id=(?P<dag>\w+), task_id=(?P<task>\w+)`", AIRFLOW_2),
    ("json", "| json", AIRFLOW_3),
    ("json of one path", "| json logger=`logger`", AIRFLOW_3),
    ("logfmt", "| logfmt", LOGFMT),
    (
        "logfmt, filter, format",
        "| logfmt | status>=200 | line_format `{{.method}} {{.path}}`",
        LOGFMT,
    ),
];

fn stages(c: &mut Criterion) {
    let stream = Labels::new([("namespace", "airflow"), ("dag_id", "dag_07"), ("level", "info")]);
    let metadata = Labels::new([("run_id", "scheduled__2026-01-15"), ("try_number", "1")]);
    for (name, stages, line) in STAGES {
        let Ok(Expr::Log(log)) = logql::parse(&format!("{{a=\"b\"}} {stages}")) else {
            panic!("{stages} are no stages");
        };
        let pipeline = Pipeline::new(&log.stages).unwrap();
        let mut labels = RowLabels::new(&stream, &metadata);
        let mut group = c.benchmark_group("stage");
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                labels.reset(&stream, &metadata);
                pipeline.process(Timestamp(0), black_box(line), &mut labels).is_some()
            });
        });
        group.finish();
    }
}

fn parse(c: &mut Criterion) {
    let query = r#"sum by (dag_id) (rate({namespace="airflow", component=~"worker|scheduler"}
        |= "ERROR" | logfmt | status >= 500 or duration > 1s | line_format "{{.msg}}" [5m])) > 10"#;
    c.bench_function("parse", |b| b.iter(|| logql::parse(black_box(query)).is_ok()));
}

criterion_group!(benches, stages, parse);
criterion_main!(benches);
