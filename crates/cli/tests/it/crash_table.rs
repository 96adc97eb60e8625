//! The crash table: the process aborts after every hop of a line's life, is started again and
//! audited. What was acknowledged is found, nothing is found twice, nothing is found that was not
//! sent; and all of it sent again changes nothing but what was missing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use model::{Clock, SystemClock, Timestamp};
use serde_json::json;
use store::Hop;
use tokio::time::sleep;

use crate::ask;
use crate::site::{PATIENCE, Process, Site};

/// The first time that a hop is passed, and the next, when there is something from before.
const PASSINGS: [u64; 2] = [1, 2];
/// Small, so that each hop is passed several times within a few pushes.
const TUNING: [&str; 8] = [
    "compact_inputs_min=2",
    "maintain_age_milliseconds=20",
    "removed_age_milliseconds=50",
    "flush_rows=10",
    "flush_check_milliseconds=10",
    "refresh_age_milliseconds=20",
    "wal_segment_bytes=600",
    "wal_bytes_max=1000000",
];
const PUSHES: usize = 12;
const LINES_EACH: usize = 5;
/// Between two pushes: longer than between two looks whether a flush is due.
const PAUSE: Duration = Duration::from_millis(25);
/// Cases that run at the same time; each waits for the disk most of the time.
const AT_ONCE: usize = 2;
/// Every other line is of the day before, so that most flushes make two segments.
const BACK: Duration = Duration::from_secs(23 * 3600);

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_lines_are_found_once_after_a_crash_at_any_hop() {
    let cases = Hop::ALL.into_iter().flat_map(|hop| PASSINGS.map(|passing| (hop, passing)));
    let runs = futures::stream::iter(cases).map(|(hop, passing)| async move {
        let at = format!("{hop}:{passing}");
        (!check(&at).await).then_some(at)
    });
    let not_passed: Vec<Option<String>> = runs.buffer_unordered(AT_ONCE).collect().await;
    let not_passed: Vec<String> = not_passed.into_iter().flatten().collect();
    assert!(not_passed.is_empty(), "hops that were not passed: {}", not_passed.join(", "));
}

/// What was sent and what became of it, by number of the line.
#[derive(Default)]
struct Sent {
    all: BTreeSet<usize>,
    acknowledged: BTreeSet<usize>,
}

/// Crashes there, and looks. Returns whether it did crash.
async fn check(at: &str) -> bool {
    let site = Site::new();
    let tuned = TUNING.into_iter().flat_map(|tuning| ["--tune".to_owned(), tuning.to_owned()]);
    let arguments: Vec<String> = site.serve().into_iter().chain(tuned).collect();
    let now = SystemClock.now();

    let mut process = Process::start_to_crash(&arguments, at).await;
    let sent = push_until_it_ends(&process.url, now).await;
    let aborted = process.aborts_within(PATIENCE).await;
    process.kill().await;

    let process = Process::start(&arguments).await;
    let found = found(&process.url, at).await;
    let lost: Vec<_> = sent.acknowledged.difference(&found).collect();
    let never_sent: Vec<_> = found.difference(&sent.all).collect();
    assert!(lost.is_empty() && never_sent.is_empty(), "{at}: lost {lost:?}, extra {never_sent:?}");
    // Nobody remembers what was acknowledged, so all of it is sent again.
    for numbers in pushes() {
        let answer = push(&process.url, now, &numbers).await.unwrap();
        assert_eq!(answer.status, 204, "{at}: {}", answer.text);
    }
    let all: BTreeSet<usize> = pushes().flatten().collect();
    assert_eq!(self::found(&process.url, at).await, all, "{at}: sent again");
    ask::flush(&process.url).await;
    assert_eq!(self::found(&process.url, at).await, all, "{at}: flushed");
    process.kill().await;

    let process = Process::start(&arguments).await;
    assert_eq!(self::found(&process.url, at).await, all, "{at}: started once more");
    process.stop().await;
    aborted
}

async fn push_until_it_ends(url: &str, now: Timestamp) -> Sent {
    let mut sent = Sent::default();
    for numbers in pushes() {
        sent.all.extend(&numbers);
        // Without an answer it may be stored or not.
        let Ok(answer) = push(url, now, &numbers).await else { break };
        assert_eq!(answer.status, 204, "{}", answer.text);
        sent.acknowledged.extend(&numbers);
        sleep(PAUSE).await;
    }
    sent
}

/// The numbers of the lines of each push.
fn pushes() -> impl Iterator<Item = Vec<usize>> {
    (0..PUSHES).map(|push| (0..LINES_EACH).map(|line| push * LINES_EACH + line).collect())
}

async fn push(url: &str, now: Timestamp, numbers: &[usize]) -> Result<ask::Answer, reqwest::Error> {
    let values = numbers.iter().map(|number| {
        let back = if number.is_multiple_of(2) { Duration::ZERO } else { BACK };
        let time = now - back + Duration::from_micros(*number as u64);
        json!([time.as_nanos().to_string(), format!("line {number}")])
    });
    let stream = json!({"stream": {"source": "crash"}, "values": values.collect::<Vec<_>>()});
    let body = json!({"streams": [stream]}).to_string().into_bytes();
    ask::post(url, "application/json", body).await
}

/// The numbers of all lines that are there, each once.
async fn found(url: &str, at: &str) -> BTreeSet<usize> {
    let streams = ask::lines(url, r#"{source="crash"}"#).await;
    let entries = streams.iter().flat_map(|stream| &stream.values);
    let mut found = BTreeSet::new();
    for entry in entries {
        let number = entry.line.strip_prefix("line ").unwrap().parse().unwrap();
        assert!(found.insert(number), "{at}: line {number} is there twice");
    }
    found
}
