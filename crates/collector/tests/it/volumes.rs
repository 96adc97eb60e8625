//! Task log files on the volumes of a node's pods, through the collector.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use airflow::path::LogPath;
use barogram_collector::{TaskLog, TaskLogsMode, TaskPlace};
use model::{Labels, Timestamp};

use crate::node::Node;
use crate::store::{Fate, Store};
use crate::task_logs::archive;

/// The entries that must be stored: stream, time and line, with the metadata.
type Entries = BTreeMap<(String, i64, String), String>;

const TRY: &str =
    "dag_id=sales/run_id=manual__2026-11-22T08:00:00+00:00/task_id=load/attempt=1.log";

/// A node with volumes.
struct World {
    node: Node,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let store = Store::start([]).await;
        let mut node = Node::new(&store.url);
        node.config.task_logs.kubelet_folder = node.config.pods_folder.join("../kubelet");
        node.config.task_logs.look_interval = Duration::from_millis(50);
        Self { node, store }
    }

    /// A pod with this label, and the folder of its volume with this plugin.
    fn pod(&self, name: &str, container: &str, volume: &str) -> PathBuf {
        let logs = self.node.container(name);
        fs::create_dir_all(logs.with_file_name(container)).unwrap();
        let uid = format!("uid-of-{name}");
        let volume =
            self.node.config.task_logs.kubelet_folder.join(uid).join("volumes").join(volume);
        fs::create_dir_all(&volume).unwrap();
        volume
    }

    /// Makes known what pods are.
    fn list(&self, pods: &[(&str, &str)]) {
        let item = |(name, labels): &(&str, &str)| {
            format!(
                r#"{{"metadata": {{"name": "{name}", "namespace": "airflow", "uid": "uid-of-{name}",
                    "labels": {{{labels}}}}}, "spec": {{"nodeName": "n1"}}}}"#
            )
        };
        let items: Vec<String> = pods.iter().map(item).collect();
        self.node.list_pods(&format!(r#"{{"items": [{}]}}"#, items.join(", ")));
    }

    fn stored(&self) -> Entries {
        let stored = self.store.stored();
        assert_eq!(stored.changed, [""; 0]);
        stored.entries.into_iter().map(|(key, (metadata, _))| (key, metadata)).collect()
    }

    fn lines(&self) -> Vec<String> {
        self.store.stored().lines()
    }
}

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// What a file is to be stored as.
fn entries(path: &str, bytes: &[u8]) -> Entries {
    let labels = Labels::new([("namespace", "airflow")]);
    let path = LogPath::parse(path).unwrap();
    let mut log = TaskLog::new(&path, &labels, TaskPlace::default(), Timestamp(0));
    log.feed(bytes);
    log.end();
    let entry = |it: barogram_collector::TaskEntry| {
        let key = (it.labels.to_string(), it.entry.timestamp.0, it.entry.line);
        (key, it.entry.metadata.to_string())
    };
    log.take().into_iter().map(entry).collect()
}

/// Airflow 2's lines of one try, written on this host.
fn text(host: &str, lines: &[&str]) -> String {
    let head = "[2026-11-22T08:00:00.000+0000] {task_command.py:467} INFO - Running <TaskInstance: \
                sales.load manual__2026-11-22T08:00:00+00:00 [running]> on host";
    let line = |(at, line): (usize, &&str)| {
        format!("[2026-11-22T08:00:0{}.000+0000] {{a.py:1}} INFO - {line}\n", at + 1)
    };
    format!("{head} {host}\n{}", lines.iter().enumerate().map(line).collect::<String>())
}

const CELERY: &str = r#""tier": "airflow", "component": "worker""#;
const EXECUTORS: &str =
    r#""tier": "airflow", "component": "worker", "kubernetes_executor": "True""#;

/// The logs of two real deployments with the CeleryExecutor, written bit by bit, while the
/// collector is killed again and again and answers are lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_celery_tasks_wrote_is_there_once_and_right() {
    const STEPS: usize = 4;
    let world = World::new().await;
    let volume = "kubernetes.io~empty-dir/logs";
    let volumes = ["airflow2/", "airflow3/"].map(|name| {
        let pod = name.replace('/', "-worker-0");
        (name, world.pod(&pod, "worker", volume), pod)
    });
    let pods: Vec<(&str, &str)> = volumes.iter().map(|(.., pod)| (pod.as_str(), CELERY)).collect();
    world.list(&pods);
    let mut expect = Entries::new();
    let files: Vec<(&PathBuf, String, Vec<u8>)> = archive()
        .into_iter()
        .filter_map(|(name, bytes)| {
            let path = name.split_once("/logs/")?.1.to_owned();
            let (_, volume, _) = volumes.iter().find(|(from, ..)| name.starts_with(from))?;
            LogPath::parse(&path).map(|_| (volume, path, bytes))
        })
        .collect();
    assert_eq!(files.len(), 2 * 108);
    for step in 0..STEPS {
        world.store.will([Fate::StoredInSilence, Fate::Answered(503)]);
        let running = world.node.start();
        for (volume, path, bytes) in &files {
            let part = |step: usize| bytes.len() * step / STEPS;
            write(volume, path, &bytes[part(step)..part(step + 1)]);
        }
        running.until(|status| status.task_files > 50).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        running.kill().await;
    }
    for (_, path, bytes) in &files {
        expect.extend(entries(path, bytes));
    }
    let mut running = world.node.start();
    running.drained().await;
    running.stop().await.unwrap();
    let stored = world.stored();
    let missing = expect.keys().find(|key| !stored.contains_key(*key));
    let odd = stored.keys().find(|key| !expect.contains_key(*key));
    assert_eq!((missing, odd), (None, None), "{} of {}", stored.len(), expect.len());
    assert_eq!(stored, expect);
    let by = |metadata: &String| metadata.contains(r#"attributed_by="log-path""#);
    assert!(stored.values().all(by));
    // After a good end nothing is sent again.
    let sent = |world: &World| world.store.stored().entries.values().map(|it| it.1).sum::<usize>();
    let before = sent(&world);
    let mut running = world.node.start();
    running.drained().await;
    assert_eq!(running.status().task_files, files.len() as u64);
    running.stop().await.unwrap();
    assert_eq!(sent(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_two_pods_have_is_read_once_and_an_executors_not_at_all() {
    let world = World::new().await;
    let pvc = "kubernetes.io~csi/pvc-1/mount";
    let one = world.pod("airflow-worker-0", "worker", pvc);
    let other = world.pod("airflow-worker-1", "worker", pvc);
    let pod = world.pod("sales-load-a1b2c3d4", "base", pvc);
    let own = world.pod("sales-load-a1b2c3d4", "base", "kubernetes.io~empty-dir/logs");
    world.list(&[
        ("airflow-worker-0", CELERY),
        ("airflow-worker-1", CELERY),
        ("sales-load-a1b2c3d4", EXECUTORS),
    ]);
    let try_2 = TRY.replace("attempt=1", "attempt=2");
    let trigger = format!("{TRY}.trigger.4.log");
    for (path, text) in [
        (TRY, text("airflow-worker-1", &["by celery"])),
        (&*try_2, text("sales-load-a1b2c3d4", &["by the executor"])),
        (&*trigger, "[2026-11-22T08:00:09.000+0000] {t.py:1} INFO - by a trigger\n".to_owned()),
    ] {
        write(&one.join("logs"), path, text.as_bytes());
        for pod in [&other, &pod] {
            let link = pod.join("logs").join(path);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            fs::hard_link(one.join("logs").join(path), link).unwrap();
        }
    }
    write(&own, &try_2, text("sales-load-a1b2c3d4", &["by the executor"]).as_bytes());
    let record = b"2026-11-22T08:00:01Z stdout F by the executor\n";
    world.node.write("sales-load-a1b2c3d4", record);
    let mut running = world.node.start();
    running.drained().await;
    let ends: Vec<String> = world.lines();
    let ends: Vec<&str> = ends.iter().filter_map(|it| it.rsplit(" - ").next()).collect();
    let running_line = "Running <TaskInstance: sales.load manual__2026-11-22T08:00:00+00:00 \
                        [running]> on host airflow-worker-1";
    assert_eq!(ends, [running_line, "by celery", "by a trigger", "by the executor"]);
    assert!(world.store.stored().entries.values().all(|(_, count)| *count == 1));
    assert!((running.metric("barogram_task_logs_files_left") - 1.0).abs() < 0.5);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_goes_is_heard_to_its_last_word() {
    let world = World::new().await;
    world.list(&[]);
    let mut running = world.node.start();
    running.drained().await;
    // Nobody knows the pod but by the name of its container.
    let volume = world.pod("airflow-worker-0", "worker", "kubernetes.io~empty-dir/logs");
    world.store.will(std::iter::repeat_n(Fate::Answered(503), 5));
    write(&volume, TRY, text("airflow-worker-0", &["one"]).as_bytes());
    running.until(|status| status.task_files == 1).await;
    write(&volume, TRY, b"[2026-11-22T08:00:05.000+0000] {a.py:1} INFO - last words");
    fs::remove_dir_all(volume.parent().unwrap().parent().unwrap().parent().unwrap()).unwrap();
    running.until(|status| status.task_files == 0).await;
    running.drained().await;
    running.stop().await.unwrap();
    let lines = world.lines();
    assert!(lines[2].ends_with("last words") && lines.len() == 3, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_named_is_read_and_nothing_where_it_is_off() {
    let mut world = World::new().await;
    let named = world.node.config.pods_folder.join("../named");
    write(
        &named,
        TRY,
        b"{\"timestamp\":\"2026-11-22T08:00:00Z\",\"level\":\"info\",\"event\":\"one\"}\n",
    );
    world.node.config.task_logs.folders = vec![named];
    world.node.config.task_logs.mode = TaskLogsMode::Off;
    let mut running = world.node.start();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(world.lines(), [""; 0]);
    world.node.config.task_logs.mode = TaskLogsMode::Auto;
    let mut running = world.node.start();
    running.drained().await;
    running.stop().await.unwrap();
    assert_eq!(world.lines().len(), 1);
}
