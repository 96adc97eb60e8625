//! A node of a cluster: a folder with pods' logs, a list of pods, and a collector.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use barogram_collector::discover::PodsFile;
use barogram_collector::{Collector, Config, Endpoint, Error, Handle, Parts, Status, TaskLogs};
use model::SystemClock;
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node.
pub struct Node {
    folder: TempDir,
    /// What its collector is told.
    pub config: Config,
}

/// A collector at work.
pub struct Running {
    /// What it counts.
    pub registry: Registry,
    handle: Handle,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Node {
    /// A node whose collector pushes to this address, and is quick about everything.
    pub fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            pods_folder: folder.path().join("pods"),
            state_folder: folder.path().join("state"),
            endpoints: vec![Endpoint {
                batch_bytes: 2000,
                batch_wait: Duration::from_millis(20),
                push_timeout: Duration::from_millis(300),
                backoff_min: Duration::from_millis(5),
                backoff_max: Duration::from_millis(50),
                ..Endpoint::of_store(url)
            }],
            poll_interval: Duration::from_millis(100),
            metadata_wait: Duration::from_millis(300),
            position_interval: Duration::from_millis(50),
            task_logs: TaskLogs {
                kubelet_folder: folder.path().join("kubelet"),
                look_interval: Duration::from_millis(100),
                ..TaskLogs::default()
            },
            drain_timeout: Duration::from_secs(5),
            ..Config::default()
        };
        let node = Self { folder, config };
        fs::create_dir_all(&node.config.pods_folder).unwrap();
        node.list_pods(r#"{"items": []}"#);
        node
    }

    /// Writes the list of pods.
    pub fn list_pods(&self, json: &str) {
        fs::write(self.pods_file(), json).unwrap();
    }

    /// Adds bytes to the log of a pod's only container.
    pub fn write(&self, pod: &str, bytes: &[u8]) {
        let folder = self.container(pod);
        fs::create_dir_all(&folder).unwrap();
        let mut options = fs::OpenOptions::new();
        let mut log = options.create(true).append(true).open(folder.join("0.log")).unwrap();
        log.write_all(bytes).unwrap();
    }

    /// The folder of a pod's only container.
    pub fn container(&self, pod: &str) -> PathBuf {
        self.config.pods_folder.join(format!("airflow_{pod}_uid-of-{pod}/base"))
    }

    /// Where the list of pods is.
    pub fn pods_file(&self) -> PathBuf {
        self.folder.path().join("pods.json")
    }

    /// Starts a collector.
    pub fn start(&self) -> Running {
        let mut registry = Registry::default();
        let parts = Parts {
            pods: Arc::new(PodsFile::open(self.pods_file()).unwrap()),
            pod_ends: None,
            clock: Arc::new(SystemClock),
            seed: 1,
            registry: &mut registry,
        };
        let collector = Collector::build(self.config.clone(), parts).unwrap();
        let (handle, cancel) = (collector.handle(), CancellationToken::new());
        let task = tokio::spawn(collector.run(cancel.clone()));
        Running { registry, handle, cancel, task }
    }
}

impl Running {
    /// Waits until all that is on disk is delivered.
    pub async fn drained(&mut self) -> Status {
        let drained = timeout(PATIENCE, self.handle.drained()).await;
        drained.expect("drained in time").expect("the collector runs")
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        self.handle.status()
    }

    /// Waits until it has come so far.
    pub async fn until(&self, is_there: impl Fn(Status) -> bool) {
        let wait = async {
            while !is_there(self.status()) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("it gets there in time");
    }

    /// Ends it as it is meant to end.
    pub async fn stop(self) -> Result<(), Error> {
        self.cancel.cancel();
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap()
    }

    /// Waits until it ends by itself.
    pub async fn ended(self) -> Result<(), Error> {
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap()
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        // What it had given to a thread goes on for a moment; in a killed process it would not.
        sleep(Duration::from_millis(50)).await;
    }

    /// The value of a metric, summed over its labels.
    pub fn metric(&self, name: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' ']).then(|| rest.rsplit_once(' ').unwrap().1.parse().unwrap())
        };
        let values: Vec<f64> = text.lines().filter_map(value).collect();
        assert!(!values.is_empty(), "{name} is not in\n{text}");
        values.into_iter().sum()
    }
}
