//! How much memory the server takes while a query reads far more than it may hold.

use std::time::Duration;

use model::{Clock, Entry, Labels, Stream, SystemClock};

use crate::ask;
use crate::site::{Process, Site};

/// What a query may hold, in megabytes.
const BUDGET: u64 = 32;
/// One push, in megabytes of lines.
const PUSH: u64 = 8;
/// The lines are long: rows alone must not decide how much is read at a time.
const LINE_BYTES: usize = 64 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_reads_ten_times_its_budget_stays_below_it() {
    let site = Site::new();
    let settings = format!("limits_config: {{max_query_memory: {BUDGET}MB}}\n");
    std::fs::write(site.path().join("loki.yaml"), settings).unwrap();
    let process = Process::start(&site.serve()).await;
    for push in 0..10 * BUDGET / PUSH {
        let answer = ask::push(&process.url, &streams(push)).await.unwrap();
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    ask::flush(&process.url).await;
    process.stop().await;

    // A new process has no memory left over that a query could use.
    let process = Process::start(&site.serve()).await;
    let before = peak_megabytes(process.id());
    let bytes = r#"sum(bytes_over_time({app="airflow"} |= "end of line" [1h]))"#;
    assert_eq!(ask::number(&process.url, bytes).await, (10 * BUDGET * 1024 * 1024) as f64);
    let needle = r#"sum(count_over_time({app="airflow"} |~ "nowhere (to|) be found" [1h]))"#;
    assert_eq!(ask::number(&process.url, needle).await, 0.0);
    let grown = peak_megabytes(process.id()) - before;
    assert!(grown < BUDGET, "the server has grown by {grown} MB");
    process.stop().await;
}

/// Lines of two tasks that differ in their number alone.
fn streams(push: u64) -> Vec<Stream> {
    let now = SystemClock.now();
    let count = PUSH as usize * 1024 * 1024 / LINE_BYTES / 2;
    let stream = |task: &str| {
        let entry = |number: usize| {
            let time = now - Duration::from_millis((count - number) as u64);
            let start = format!("push {push}, line {number} of {task} ");
            let line = format!("{start}{:>1$}", "end of line", LINE_BYTES - start.len());
            Entry::new(time, line)
        };
        let labels = Labels::new([("app", "airflow"), ("task_id", task)]);
        Stream { labels, entries: (0..count).map(entry).collect() }
    };
    ["extract", "load"].map(stream).into()
}

/// The most memory that a process has held.
fn peak_megabytes(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
