//! A log into which many write: whose its lines are said to be, through kills and a rotation, is
//! what they are said to be when they are read at once.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::node::Node;
use crate::store::{Fate, Store};

const POD: &str = "airflow-worker-0";

/// A node with a worker.
fn node(url: &str) -> Node {
    let node = Node::new(url);
    node.list_pods(
        r#"{"items": [{
            "metadata": {
                "name": "airflow-worker-0", "namespace": "airflow",
                "uid": "uid-of-airflow-worker-0",
                "labels": {"tier": "airflow", "component": "worker"}
            },
            "spec": {"containers": [{"name": "base"}]}
        }]}"#,
    );
    node
}

/// Records of a worker's lines, a tenth of a second apart.
fn records(lines: Range<usize>) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stage/pipeline/worker.log");
    let log = fs::read_to_string(path).unwrap();
    let record = |(no, line): (usize, &str)| {
        let (lane, text) = line.split_once(' ').unwrap();
        let stream = if lane == "e" { "stderr" } else { "stdout" };
        format!("2026-11-22T08:00:{:02}.{}Z {stream} F {text}\n", no / 10, no % 10)
    };
    let all = log.lines().enumerate().skip(lines.start).take(lines.len());
    all.map(record).collect::<String>().into_bytes()
}

/// What a store has: each entry with its metadata.
fn entries(store: &Store) -> BTreeMap<(String, i64, String), String> {
    let stored = store.stored();
    assert_eq!(stored.changed, Vec::<String>::new());
    stored.entries.into_iter().map(|(entry, (metadata, _))| (entry, metadata)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_line_is_does_not_depend_on_when_it_is_read() {
    let store = Store::start([]).await;
    let calm = node(&store.url);
    calm.write(POD, &records(0..39));
    let mut running = calm.start();
    running.drained().await;
    running.stop().await.unwrap();
    let expect = entries(&store);
    assert_eq!(expect.len(), 39);
    let is_told = |by: &str| {
        let by = format!("attributed_by=\"{by}\"");
        expect.values().filter(|metadata| metadata.contains(&by)).count()
    };
    assert_eq!(["line", "process"].map(is_told), [15, 11]);

    let troubled = Store::start([]).await;
    let node = node(&troubled.url);
    for (at, lines) in [(0..7), (7..12), (12..20), (20..31), (31..39)].into_iter().enumerate() {
        troubled.will([Fate::StoredInSilence, Fate::Answered(503)]);
        let running = node.start();
        node.write(POD, &records(lines.clone()));
        let read = u64::try_from(lines.len()).unwrap();
        running.until(|status| status.lines_read >= read).await;
        if at % 2 == 0 {
            running.kill().await;
        } else {
            running.stop().await.unwrap();
        }
        if at == 2 {
            let folder = node.container(POD);
            fs::rename(folder.join("0.log"), folder.join("0.log.20261122-000001")).unwrap();
        }
    }
    let mut running = node.start();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(entries(&troubled), expect);
}
