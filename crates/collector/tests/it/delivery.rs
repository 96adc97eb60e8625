//! Every line arrives, whatever the store does and whenever the collector ends.

use std::fs;
use std::time::Duration;

use barogram_collector::{Endpoint, Error, ErrorKind};

use crate::node::Node;
use crate::store::{Fate, Store};

/// CRI records of these lines, a millisecond apart.
fn records(lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let record = |(at, line): (usize, String)| {
        let (seconds, millis) = (at / 1000, at % 1000);
        format!("2026-11-22T08:00:{seconds:02}.{millis:03}Z stdout F {line}\n")
    };
    lines.into_iter().enumerate().flat_map(|at| record(at).into_bytes()).collect()
}

fn numbered(pod: &str, count: usize) -> Vec<String> {
    (0..count).map(|no| format!("{pod} says {no:04}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_in_every_way_gets_every_line() {
    use Fate::{Answered, Stored, StoredAndAnswered, StoredInSilence};
    let fates = [
        Answered(500),
        Answered(429),
        Stored,
        StoredAndAnswered(503),
        StoredInSilence,
        Answered(404),
        Stored,
        StoredInSilence,
        Answered(401),
        StoredAndAnswered(500),
    ];
    let store = Store::start(fates).await;
    let node = Node::new(&store.url);
    let mut expect = Vec::new();
    for pod in ["a", "b", "c"] {
        let lines = numbered(pod, 300);
        node.write(pod, &records(lines.clone()));
        expect.extend(lines);
    }
    let mut running = node.start();
    let status = running.drained().await;
    assert_eq!(store.stored().lines(), expect);
    assert_eq!(store.stored().changed, [""; 0]);
    assert_eq!((status.lines_read, status.physical_lines_acked), (900, 900));
    assert_eq!((status.entries_acked, status.files), (900, 3));
    assert!(status.entries_sent > 900);
    assert!((running.metric("loki_write_sent_entries_total") - 900.0).abs() < 0.5);
    assert!(running.metric("loki_write_batch_retries_total") >= 8.0);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_nothing_is_lost_and_nothing_doubled() {
    let store = Store::start([]).await;
    let node = Node::new(&store.url);
    let lines = numbered("a", 600);
    let bytes = records(lines.clone());
    // Pieces that end in the middle of lines.
    for (no, piece) in bytes.chunks(bytes.len() / 7).enumerate() {
        store.will([Fate::StoredInSilence]);
        let running = node.start();
        node.write("a", piece);
        tokio::time::sleep(Duration::from_millis(40 * no as u64)).await;
        running.kill().await;
    }
    let mut running = node.start();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(store.stored().lines(), lines);
    assert_eq!(store.stored().changed, [""; 0]);
    let sent =
        |store: &Store| store.stored().entries.values().map(|(_, count)| count).sum::<usize>();
    let before = sent(&store);
    let mut running = node.start();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(sent(&store), before, "after a good end nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_lives_for_a_moment_is_heard_to_its_last_word() {
    let store = Store::start(std::iter::repeat_n(Fate::Answered(503), 30)).await;
    let node = Node::new(&store.url);
    let mut running = node.start();
    running.drained().await;
    // Each is written, rotated in its middle, and gone, while the store is away.
    let mut expect = Vec::new();
    for no in 0..20 {
        let pod = format!("pod-{no:02}");
        let lines = numbered(&pod, 20);
        let bytes = records(lines.clone());
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let end = first.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        node.write(&pod, &first[..end]);
        let folder = node.container(&pod);
        running.until(|status| status.files_opened == 2 * no + 1).await;
        fs::rename(folder.join("0.log"), folder.join("0.log.20261122-080000")).unwrap();
        node.write(&pod, &[&first[end..], second].concat());
        running.until(|status| status.files_opened == 2 * no + 2).await;
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        expect.extend(lines);
    }
    let status = running.drained().await;
    assert_eq!(store.stored().lines(), expect);
    assert_eq!(status.files, 0, "what is gone is let go");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_refuses_is_put_aside_and_does_not_block() {
    let store = Store::start([Fate::Answered(400)]).await;
    let mut node = Node::new(&store.url);
    node.config.endpoints[0].tenant = Some("team-a".to_owned());
    node.write("a", &records(numbered("a", 1)));
    let mut running = node.start();
    let status = running.drained().await;
    assert_eq!((status.entries_refused, status.entries_acked), (1, 0));
    node.write("a", b"2026-11-22T09:00:00Z stdout F next\n");
    running.drained().await;
    assert_eq!(store.stored().lines(), ["next"]);
    assert_eq!(store.stored().tenants.iter().collect::<Vec<_>>(), ["team-a"]);
    assert!((running.metric("loki_write_dropped_entries_total") - 1.0).abs() < 0.5);
    running.stop().await.unwrap();
    let letters = fs::read_dir(node.config.state_folder.join("dead-letters/store")).unwrap();
    let letters: Vec<String> =
        letters.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].contains("a says 0000") && letters[0].contains("400 Bad Request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_a_pod_that_come_late_are_waited_for_and_survive_it() {
    let store = Store::start([]).await;
    let mut node = Node::new(&store.url);
    node.config.metadata_wait = Duration::from_secs(20);
    node.write("w", &records(["one".to_owned()]));
    let running = node.start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(store.stored().lines(), [""; 0]);
    node.list_pods(
        r#"{"items": [{"metadata": {"name": "w", "namespace": "airflow", "uid": "uid-of-w",
            "annotations": {"dag_id": "d", "run_id": "r:1", "task_id": "t", "try_number": "2"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "base"}]}}]}"#,
    );
    let mut running = running;
    running.drained().await;
    running.stop().await.unwrap();
    // Kubernetes has forgotten the pod when the collector starts again.
    node.list_pods(r#"{"items": []}"#);
    node.write("w", b"2026-11-22T09:00:00Z stdout F two\n");
    let mut running = node.start();
    running.drained().await;
    running.stop().await.unwrap();
    let labels =
        r#"{app="airflow", container="base", dag_id="d", namespace="airflow", task_id="t"}"#;
    let metadata = concat!(
        r#"{attributed_by="pod-annotations", map_index="-1", node="n1", pod="w", "#,
        r#"run_id="r:1", stream="stdout", try_number="2"}"#,
    );
    for ((stream, _, _), (facts, _)) in store.stored().entries {
        assert_eq!((stream.as_str(), facts.as_str()), (labels, metadata));
    }
    assert_eq!(store.stored().lines(), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pods_folder_that_cannot_be_read_ends_it_with_what_to_do() {
    let node = Node::new("http://127.0.0.1:9");
    fs::remove_dir(&node.config.pods_folder).unwrap();
    let running = node.start();
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(running.status().scans == 0, "one that is missing is waited for");
    fs::write(&node.config.pods_folder, "").unwrap();
    let error = running.ended().await.unwrap_err();
    assert!(matches!(error, Error::PodsFolder { .. }));
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_time_though_the_store_is_away() {
    let mut node = Node::new("http://127.0.0.1:9");
    node.config.drain_timeout = Duration::from_millis(200);
    node.write("a", &records(numbered("a", 50)));
    let running = node.start();
    running.until(|status| status.lines_read == 50).await;
    running.stop().await.unwrap();
    let store = Store::start([]).await;
    node.config.endpoints[0].url = Endpoint::of_store(&store.url).url;
    let mut running = node.start();
    running.drained().await;
    assert_eq!(store.stored().lines(), numbered("a", 50));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_lines_that_are_refused_are_put_aside() {
    let store = Store::start([]).await;
    store.refuse("says 0007");
    let node = Node::new(&store.url);
    let mut expect = Vec::new();
    for pod in ["a", "b", "c"] {
        node.write(pod, &records(numbered(pod, 40)));
        expect.extend(numbered(pod, 40).into_iter().filter(|line| !line.contains("0007")));
    }
    let mut running = node.start();
    let status = running.drained().await;
    assert_eq!(store.stored().lines(), expect);
    assert_eq!((status.entries_acked, status.entries_refused), (117, 3));
    assert!((running.metric("loki_write_dropped_entries_total") - 3.0).abs() < 0.5);
    running.stop().await.unwrap();
    let letters = fs::read_dir(node.config.state_folder.join("dead-letters/store")).unwrap();
    assert_eq!(letters.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_away_holds_up_no_other_and_gets_all_when_it_is_back() {
    let (near, far) = (Store::start([]).await, Store::start([]).await);
    let mut node = Node::new(&near.url);
    let away = Endpoint {
        name: "far".to_owned(),
        url: "http://127.0.0.1:9/loki/api/v1/push".to_owned(),
        ..node.config.endpoints[0].clone()
    };
    node.config.endpoints.push(away);
    node.config.drain_timeout = Duration::from_millis(100);
    node.write("a", &records(numbered("a", 300)));
    let running = node.start();
    running.until(|status| status.entries_acked == 300).await;
    // The pod is gone, and so is the collector, before the other comes back.
    fs::remove_dir_all(node.container("a").parent().unwrap()).unwrap();
    running.kill().await;
    assert_eq!((near.stored().lines().len(), far.stored().lines().len()), (300, 0));
    node.config.endpoints[1].url = Endpoint::of_store(&far.url).url;
    let mut running = node.start();
    running.drained().await;
    assert_eq!(far.stored().lines(), numbered("a", 300));
    assert_eq!(near.stored().lines(), numbered("a", 300));
    running.stop().await.unwrap();
    assert_eq!(fs::read_dir(node.config.state_folder.join("queue/far")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_of_a_pod_that_is_gone_outlives_a_kill() {
    let mut node = Node::new("http://127.0.0.1:9");
    node.write("a", &records(numbered("a", 300)));
    let running = node.start();
    let queue = node.config.state_folder.join("queue/store");
    running.until(|status| status.lines_read == 300).await;
    let queued = || fs::read_dir(&queue).unwrap().count() >= 300 * 12 / 2000;
    running.until(|_| queued()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    fs::remove_dir_all(node.container("a").parent().unwrap()).unwrap();
    running.kill().await;
    let store = Store::start([]).await;
    node.config.endpoints[0].url = Endpoint::of_store(&store.url).url;
    let mut running = node.start();
    running.drained().await;
    assert_eq!(store.stored().lines(), numbered("a", 300));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_disk_is_not_read_again() {
    let mut node = Node::new("http://127.0.0.1:9");
    node.config.drain_timeout = Duration::from_millis(100);
    node.write("a", &records(numbered("a", 300)));
    let running = node.start();
    running.until(|status| status.lines_read == 300).await;
    running.stop().await.unwrap();
    let store = Store::start([]).await;
    node.config.endpoints[0].url = Endpoint::of_store(&store.url).url;
    let mut running = node.start();
    let status = running.drained().await;
    assert_eq!(store.stored().lines(), numbered("a", 300));
    assert_eq!((status.lines_read, status.entries_acked), (0, 300));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_holds_the_reader_up_and_loses_nothing() {
    let mut node = Node::new("http://127.0.0.1:9");
    node.config.endpoints[0].queue_bytes_max = 1000;
    node.write("a", &records(numbered("a", 9_000)));
    let running = node.start();
    running.until(|status| status.lines_read > 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let queue = node.config.state_folder.join("queue/store");
    let bytes: u64 =
        fs::read_dir(&queue).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < 100_000, "{bytes} bytes wait");
    running.kill().await;
    let store = Store::start([]).await;
    node.config.endpoints[0].url = Endpoint::of_store(&store.url).url;
    let mut running = node.start();
    running.drained().await;
    assert_eq!(store.stored().lines(), numbered("a", 9_000));
    running.stop().await.unwrap();
}
