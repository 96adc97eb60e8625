//! The queue keeps its order, its bound, and what a killed process left in it.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::status::Progress;
use crate::tail::Positions;

struct Bench {
    folder: TempDir,
    progress: Progress,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), progress: Progress::new() }
    }

    fn custody(&self) -> Custody {
        Custody::new(Positions::open(self.folder.path()).unwrap(), self.progress.clone())
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("queue")
    }

    fn open(&self, bytes_max: u64) -> (Queue, Vec<Mark>) {
        Queue::open(self.path(), bytes_max, &self.custody(), SinkMetrics::default()).unwrap()
    }

    fn settled(&self) -> u64 {
        self.progress.watch().borrow().entries_settled
    }

    async fn push(&self, queue: &Queue, no: u64, body: &'static str) {
        let mark = Mark::from_words([no; Mark::WORDS]);
        let body = Bytes::from_static(body.as_bytes());
        let record = Record { entries: 1, records: 1, marks: vec![mark], body };
        queue.push(record, vec![Arc::new(self.custody().ticket_of_queued(1))]).await;
    }

    fn files(&self) -> usize {
        fs::read_dir(self.path()).unwrap().count()
    }
}

#[tokio::test]
async fn batches_come_out_in_their_order_and_are_gone_when_done() {
    let bench = Bench::new();
    let (queue, _) = bench.open(u64::MAX);
    bench.push(&queue, 1, "one").await;
    bench.push(&queue, 2, "two").await;
    for expect in ["one", "two"] {
        let front = queue.front().await.unwrap();
        assert_eq!(front.body, expect);
        queue.done(front.number).await;
    }
    assert_eq!((bench.settled(), bench.files()), (2, 0));
    queue.close();
    assert!(queue.front().await.is_none());
}

#[tokio::test]
async fn what_a_killed_process_left_is_there_with_how_far_was_read() {
    let bench = Bench::new();
    let (queue, _) = bench.open(u64::MAX);
    bench.push(&queue, 1, "one").await;
    bench.push(&queue, 2, "two").await;
    std::mem::forget(queue);
    fs::write(bench.path().join("00000000000000000002.new"), "cut off").unwrap();
    let (queue, marks) = bench.open(u64::MAX);
    assert_eq!(marks.iter().map(|mark| mark.to_words()[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(queue.front().await.unwrap().body, "one");
    bench.push(&queue, 3, "three").await;
    assert_eq!(bench.files(), 3);
}

#[tokio::test]
async fn a_full_queue_waits_for_room() {
    let bench = Bench::new();
    let (queue, _) = bench.open(1);
    bench.push(&queue, 1, "larger than the bound, and sent all the same").await;
    let wait = timeout(Duration::from_millis(30), bench.push(&queue, 2, "next")).await;
    assert!(wait.is_err(), "it has to wait");
    let front = queue.front().await.unwrap();
    queue.done(front.number).await;
    bench.push(&queue, 3, "after").await;
    assert_eq!(queue.front().await.unwrap().body, "after");
}

#[tokio::test]
async fn a_damaged_batch_is_put_aside_and_not_settled() {
    let bench = Bench::new();
    let (queue, _) = bench.open(u64::MAX);
    bench.push(&queue, 1, "one").await;
    bench.push(&queue, 2, "two").await;
    drop(queue);
    let settled = bench.settled();
    let path = bench.path().join("00000000000000000000.batch");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let (queue, marks) = bench.open(u64::MAX);
    assert_eq!((marks.len(), bench.settled()), (1, settled));
    assert_eq!(queue.front().await.unwrap().body, "two");
    assert!(path.with_extension("broken").exists());
}

#[tokio::test]
async fn a_disk_that_fails_leaves_lines_in_memory() {
    let bench = Bench::new();
    let (queue, _) = bench.open(u64::MAX);
    fs::remove_dir_all(bench.path()).unwrap();
    bench.push(&queue, 1, "one").await;
    let front = queue.front().await.unwrap();
    assert_eq!(front.body, "one");
    queue.done(front.number).await;
    assert_eq!(bench.settled(), 1);
}
