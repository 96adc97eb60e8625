//! An agent that runs a configuration.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use barogram_collector::Error;
use barogram_collector::configuration::{Configuration, Machine, of_text};
use barogram_collector::kubernetes::Access;
use barogram_collector::run::{Control, Kubernetes, Runner, RunnerConfig, RunnerParts};
use model::SystemClock;
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A machine that an agent may run on.
pub struct Place {
    folder: TempDir,
    /// Where Kubernetes is.
    pub api: Option<String>,
}

/// An agent at work.
pub struct Agent {
    pub control: Control,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), api: None };
        fs::create_dir_all(place.pods()).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn pods(&self) -> PathBuf {
        self.path("pods")
    }

    /// Adds text to a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// A configuration with the folder and the store's address put into it, and quick sinks.
    pub fn text(&self, text: &str, store: &Store) -> String {
        let endpoint = format!(
            "endpoint {{\n url = \"{}/loki/api/v1/push\"\n batch_wait = \"20ms\"\n \
             min_backoff_period = \"5ms\"\n max_backoff_period = \"50ms\"\n \
             remote_timeout = \"300ms\"\n}}",
            store.url
        );
        let folder = self.folder.path().display().to_string();
        text.replace("ENDPOINT", &endpoint).replace("FOLDER", &folder)
    }

    pub fn start(&self, text: &str, store: &Store) -> Agent {
        let text = self.text(text, store);
        self.start_configuration(&of_text("config.alloy", text, Path::new("")))
    }

    /// Starts what was read elsewhere.
    pub fn start_configuration(&self, configuration: &Configuration) -> Agent {
        let access =
            self.api.clone().map(|url| Access::Server { url, token_file: None, ca_file: None });
        let config = RunnerConfig {
            storage: self.path("state"),
            pods_folder: self.pods(),
            kubelet_folder: self.folder.path().join("kubelet"),
            look_interval: Duration::from_millis(50),
            poll_interval: Duration::from_millis(100),
            position_interval: Duration::from_millis(20),
            drain_timeout: Duration::from_secs(5),
            kubernetes: Kubernetes { access, ..Kubernetes::default() },
        };
        let parts = RunnerParts { clock: Arc::new(SystemClock), seed: 1 };
        let (machine, mut registry) = (Machine::default(), Registry::default());
        let started = Runner::start(configuration, machine, config, parts, &mut registry);
        let runner = started.unwrap_or_else(|why| panic!("{why}"));
        let (control, cancel) = (runner.control(), CancellationToken::new());
        control.counts_in(registry);
        let task = tokio::spawn(runner.run(cancel.clone()));
        Agent { control, cancel, task }
    }
}

impl Agent {
    /// Gives it a new configuration.
    pub async fn reload(&self, text: &str) -> Result<(), String> {
        self.control.reload(of_text("config.alloy", text, Path::new(""))).await
    }

    /// Ends it as it is meant to end.
    pub async fn stop(self) {
        self.cancel.cancel();
        timeout(PATIENCE, self.task).await.expect("it ends in time").unwrap().unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the store has so many different entries.
pub async fn until_stored(store: &Store, count: usize) {
    until(
        || store.stored().entries.len() >= count,
        || format!("{count} entries, there are {:#?}", store.stored().entries.keys()),
    )
    .await;
}

/// Waits for something.
pub async fn until(is_there: impl Fn() -> bool, what: impl Fn() -> String) {
    let wait = async {
        while !is_there() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "waited in vain for {}", what());
}

/// The entries of a store, each as its labels and its line.
pub fn shown(store: &Store) -> Vec<String> {
    let entries = store.stored().entries;
    let mut shown: Vec<String> =
        entries.keys().map(|(labels, _, line)| format!("{labels} {line}")).collect();
    shown.sort();
    shown
}
