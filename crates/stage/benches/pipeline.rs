//! What stages cost a line: `cargo bench -p barogram-stage`. Compare runs on one machine.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop there")]
#![allow(missing_docs, reason = "the macros of criterion make items without documents")]

use std::hint::black_box;

use barogram_stage as stage;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use model::{Labels, Timestamp};
use stage::{Entry, Pipeline, StageConfig, cri, labels, r#match, multiline, regex};

const HEAD: &str = "2026-01-15T07:00:03.123456789Z stdout F ";
const RECORD: &str = "[2026-01-15T07:00:03.123+0000] {taskinstance.py:1157} INFO - Marking task as \
    SUCCESS. dag_id=dag_07, task_id=task_3, execution_date=20260115T070000, try 1 of 3";
const FRAME: &str = "  File \"/home/airflow/.local/lib/python3.11/site-packages/airflow/models/\
    taskinstance.py\", line 2311, in _run_raw_task: self._execute_task(context, task_orig)";
const LINES: usize = 1000;

fn regex(expression: &str) -> StageConfig {
    let expression = expression.to_owned();
    StageConfig::Regex(regex::Config { expression, ..regex::Config::default() })
}

fn to_labels(names: &[&str]) -> StageConfig {
    let values = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    StageConfig::Labels(labels::Config { values, ..labels::Config::default() })
}

/// What a DaemonSet does to every line.
fn usual() -> Vec<StageConfig> {
    let firstline = r"^\[".to_owned();
    let join = multiline::Config { firstline, ..multiline::Config::default() };
    vec![
        StageConfig::Cri(cri::Config::default()),
        StageConfig::Multiline(join),
        to_labels(&["stream"]),
    ]
}

/// The block that recipes for Airflow recommend.
fn recipe() -> Vec<StageConfig> {
    let stages = vec![
        regex(r"\[(?P<timestamp>[^\]]+)\] \{(?P<source>[^}]+)\}"),
        regex(r"dag_id=(?P<dag_id>[\w-]+)"),
        regex(r"task_id=(?P<task_id>[\w-]+)"),
        regex(r"execution_date=(?P<execution_date>[\w:+-]+)"),
        to_labels(&["dag_id", "task_id", "execution_date"]),
    ];
    let selector = r#"{namespace="airflow"}"#.to_owned();
    let config = r#match::Config { selector, stages, ..r#match::Config::default() };
    vec![StageConfig::Cri(cri::Config::default()), StageConfig::Match(config)]
}

/// Records, every tenth with five more lines, of twenty files in turn.
fn entries() -> Vec<Entry> {
    let files = (0..20).map(|n| {
        let pod = format!("pod-{n}");
        let names = [("namespace", "airflow"), ("app", "airflow"), ("container", "base")];
        Labels::new(names.map(|(a, b)| (a, b.to_owned())).into_iter().chain([("pod", pod)]))
    });
    let files: Vec<Labels> = files.collect();
    let line = |n: usize| if n % 15 > 9 { FRAME } else { RECORD };
    let entry =
        |n: usize| Entry::new(files[n / 50].clone(), Timestamp(0), format!("{HEAD}{}", line(n)));
    (0..LINES).map(entry).collect()
}

fn pipelines(c: &mut Criterion) {
    let bytes: usize = entries().iter().map(|entry| entry.line.len()).sum();
    let mut group = c.benchmark_group("pipeline");
    group.throughput(Throughput::Bytes(bytes as u64));
    for (name, stages) in [("cri, multiline, labels", usual()), ("cri and the recipe", recipe())] {
        let mut pipeline = Pipeline::new(&stages, 0).unwrap();
        let mut out = Vec::with_capacity(LINES);
        group.bench_function(name, |b| {
            b.iter_batched(
                entries,
                |entries| {
                    out.clear();
                    for entry in entries {
                        pipeline.process(entry, Timestamp(0), &mut out);
                    }
                    black_box(out.len())
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, pipelines);
criterion_main!(benches);
