//! Many lines in one push: there at once, and the same from memory, from Parquet and after a
//! restart.

use loki::response::StreamValues;
use model::{Clock, Entry, Labels, Stream, SystemClock, Timestamp};
use std::time::Duration;

use crate::ask;
use crate::site::Site;

const STREAMS: usize = 20;
const LINES_EACH: usize = 5000;

/// What is asked before and after.
#[derive(Debug, PartialEq)]
struct Answers {
    all: Vec<StreamValues>,
    some: Vec<StreamValues>,
    count: f64,
    errors: f64,
    tasks: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_lines_are_there_at_once_and_stay_the_same() {
    let site = Site::new();
    let machines = site.machines().await;
    let pushed = streams(SystemClock.now());
    let answer = ask::push(&machines.url, &pushed).await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));

    let from_memory = answers(&machines.url).await;
    assert_eq!(machines.store.status().head_rows, 100_000);
    check(&from_memory, &pushed);

    machines.store.flush().await.unwrap();
    let status = machines.store.status();
    assert_eq!((status.head_rows, status.segment_rows), (0, 100_000));
    let from_parquet = answers(&machines.url).await;
    assert!(from_parquet == from_memory, "a flush changes no answer");
    machines.stop().await;

    let machines = site.machines().await;
    assert!(answers(&machines.url).await == from_memory, "a restart changes no answer");
    machines.stop().await;
}

/// Lines of many tasks, in one push.
fn streams(end: Timestamp) -> Vec<Stream> {
    let stream = |task: usize| {
        let labels = [("dag_id", "etl".to_owned()), ("task_id", format!("task_{task:02}"))];
        let entry = |number: usize| {
            let level = if number.is_multiple_of(100) { "ERROR" } else { "INFO" };
            let back = Duration::from_millis((LINES_EACH - number) as u64);
            Entry::new(end - back, format!("{level} - row {number} of task {task} is loaded"))
        };
        Stream { labels: Labels::new(labels), entries: (0..LINES_EACH).map(entry).collect() }
    };
    (0..STREAMS).map(stream).collect()
}

async fn answers(url: &str) -> Answers {
    Answers {
        all: sorted(ask::lines(url, r#"{dag_id="etl"}"#).await),
        some: sorted(ask::lines(url, r#"{task_id=~"task_0[12]"} |= "ERROR" |~ "row 4.*""#).await),
        count: ask::number(url, r#"sum(count_over_time({dag_id="etl"}[48h]))"#).await,
        errors: ask::number(url, r#"sum(count_over_time({dag_id="etl"} |= "ERROR" [48h]))"#).await,
        tasks: ask::values(url, "task_id").await,
    }
}

/// The order of streams is nobody's business, that of entries is.
fn sorted(mut streams: Vec<StreamValues>) -> Vec<StreamValues> {
    streams.sort_by(|a, b| a.stream.cmp(&b.stream));
    streams
}

#[track_caller]
fn check(answers: &Answers, pushed: &[Stream]) {
    let tasks: Vec<String> = (0..STREAMS).map(|task| format!("task_{task:02}")).collect();
    assert_eq!(answers.tasks, tasks);
    assert_eq!((answers.count, answers.errors), (100_000.0, 1000.0));
    assert_eq!(answers.all.len(), STREAMS);
    for (found, pushed) in answers.all.iter().zip(pushed) {
        let labels: Vec<(&str, &str)> = pushed.labels.iter().collect();
        assert!(labels.iter().all(|(name, value)| found.stream[*name] == *value));
        let found = found.values.iter().map(|entry| (entry.timestamp, entry.line.as_str()));
        let pushed = pushed.entries.iter().map(|entry| (entry.timestamp, entry.line.as_str()));
        assert!(found.eq(pushed), "the lines of {labels:?} differ");
    }
    let some: usize = answers.some.iter().map(|stream| stream.values.len()).sum();
    // Rows 400 and 4000, 4100 … 4900 of two tasks.
    assert_eq!(some, 22);
}
