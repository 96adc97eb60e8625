//! A disk without room: pushes are refused with a time to come again, nothing that was acknowledged
//! is lost, and once there is room it goes on by itself.
//!
//! A limit on the size of files stands for the full disk: a write beyond it fails in the same place
//! and may have written a part.

use std::collections::BTreeSet;

use model::{Clock, Entry, Labels, Stream, SystemClock};

use crate::ask;
use crate::site::{Process, Site};

/// Room for some pushes in a file of the log.
const FILE_BYTES_MAX: u64 = 20_000;
/// More pushes than that.
const PUSHES: usize = 60;
const LINE_BYTES: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_loses_nothing_and_recovers_by_itself() {
    let site = Site::new();
    let pushes: Vec<Stream> = (0..PUSHES).map(stream).collect();
    let process = Process::start_without_room(&site.serve(), FILE_BYTES_MAX).await;
    let (mut acknowledged, mut refused) = (BTreeSet::new(), Vec::new());
    for stream in &pushes {
        let response = ask::push_response(&process.url, std::slice::from_ref(stream)).await;
        if response.status().as_u16() == 204 {
            acknowledged.insert(stream.entries[0].line.clone());
        } else {
            assert_eq!(response.status().as_u16(), 503);
            assert_eq!(response.headers()["Retry-After"], "5");
            refused.push(stream.clone());
        }
    }
    // A short line may still fit where a long one did not.
    assert!(acknowledged.len() > 5 && refused.len() > 5, "{} refused", refused.len());
    assert_eq!(found(&process.url).await, acknowledged, "it answers, and hides nothing");

    process.make_room().await;
    for stream in &refused {
        let answer = ask::push(&process.url, std::slice::from_ref(stream)).await.unwrap();
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    let all: BTreeSet<String> =
        pushes.iter().map(|stream| stream.entries[0].line.clone()).collect();
    assert_eq!(found(&process.url).await, all);
    process.kill().await;
    let process = Process::start(&site.serve()).await;
    assert_eq!(found(&process.url).await, all, "after a restart");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_disk_refused_is_not_there_after_a_restart() {
    let site = Site::new();
    let process = Process::start_without_room(&site.serve(), FILE_BYTES_MAX).await;
    let mut acknowledged = BTreeSet::new();
    for number in 0..PUSHES {
        let stream = stream(number);
        let answer = ask::push(&process.url, std::slice::from_ref(&stream)).await.unwrap();
        if answer.status == 204 {
            acknowledged.insert(stream.entries[0].line.clone());
        }
    }
    process.kill().await;
    let process = Process::start(&site.serve()).await;
    assert_eq!(found(&process.url).await, acknowledged);
    process.stop().await;
}

/// One line, of a length of its own.
fn stream(number: usize) -> Stream {
    let line = format!("line {number} {}", "x".repeat(LINE_BYTES * (1 + number % 3)));
    let labels = Labels::new([("source", "full")]);
    Stream { labels, entries: vec![Entry::new(SystemClock.now(), line)] }
}

/// The lines that are there, each once.
async fn found(url: &str) -> BTreeSet<String> {
    let streams = ask::lines(url, r#"{source="full"}"#).await;
    let mut found = BTreeSet::new();
    for entry in streams.into_iter().flat_map(|stream| stream.values) {
        assert!(found.insert(entry.line.clone()), "{} is there twice", entry.line);
    }
    found
}
