//! A place of its own for each test: a node's folders, a data folder, and barogram there as a
//! process or as the machines in this one.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use barogram_cli::agent::{Agent, Push};
use barogram_cli::args::{Cli, Command as Asked, UpArgs};
use barogram_cli::assemble::{self, Running, Serving};
use barogram_cli::demo::play;
use clap::Parser;
use collector::Handle;
use prometheus_client::registry::Registry;
use store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The longest that a test waits for anything. Only a test that fails waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at something that no signal tells of.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Loki's own settings, so that one query may return everything.
const SETTINGS: &str = "limits_config:\n  max_entries_limit_per_query: 0\n";
/// The signal with which a process ends that aborts.
const SIGABRT: i32 = 6;
/// A list of no pods.
const NO_PODS: &str = r#"{"apiVersion":"v1","kind":"PodList","items":[]}"#;

/// Folders for one barogram.
pub struct Site {
    folder: TempDir,
    pods_dir: PathBuf,
}

/// Barogram as a process that serves.
pub struct Process {
    /// Where it serves.
    pub url: String,
    child: Child,
    said: Arc<Mutex<String>>,
}

/// Barogram's machines in this process: a store, its server and a collector.
pub struct Machines {
    /// Where they serve.
    pub url: String,
    /// Sees how far the collector is.
    pub arrivals: Handle,
    /// The store, to be flushed.
    pub store: Store,
    serving: Running,
    collecting: JoinHandle<Result<(), collector::Error>>,
    cancel: CancellationToken,
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pods_dir = folder.path().join("pods");
        std::fs::create_dir_all(&pods_dir).unwrap();
        std::fs::write(folder.path().join("pods.json"), NO_PODS).unwrap();
        std::fs::write(folder.path().join("loki.yaml"), SETTINGS).unwrap();
        Self { folder, pods_dir }
    }

    /// The folder with all of it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the data are.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// A play of the sample on this node.
    pub fn play(&self, duration: Duration) -> play::Config {
        play::Config::new(self.path(), duration)
    }

    /// What is said on the command line to collect, store and serve here.
    pub fn up(&self) -> Vec<String> {
        let mut line = self.serve();
        "up".clone_into(&mut line[0]);
        let (pods, file) = (&self.pods_dir, self.path().join("pods.json"));
        line.extend(["--pods-dir".to_owned(), pods.display().to_string()]);
        line.extend(["--pods-file".to_owned(), file.display().to_string()]);
        line
    }

    /// What is said on the command line to store and serve here.
    pub fn serve(&self) -> Vec<String> {
        let (data, settings) = (self.data(), self.path().join("loki.yaml"));
        let line = ["serve", "--listen", "127.0.0.1:0", "--data"].map(str::to_owned);
        let rest = [data.display().to_string(), "--config".to_owned()];
        line.into_iter().chain(rest).chain([settings.display().to_string()]).collect()
    }

    /// Starts the machines in this process.
    pub async fn machines(&self) -> Machines {
        let line = ["barogram".to_owned()].into_iter().chain(self.up());
        let Asked::Up(UpArgs { serve, pods }) = Cli::parse_from(line).command else {
            unreachable!("`up` was said");
        };
        let opened = Serving::open(&serve).await.unwrap();
        let (store, url) = (opened.store.clone(), format!("http://{}", opened.address));
        let mut registry = Registry::default();
        let state = serve.data.join("collector");
        let push = Push { url: &url, token_file: None };
        let agent = Agent::open(&pods, push, &state, &mut registry).await.unwrap();
        let (arrivals, cancel) = (agent.handle(), CancellationToken::new());
        let serving = opened.start(registry).unwrap();
        let collecting = tokio::spawn(agent.run(cancel.clone()));
        Machines { url, arrivals, store, serving, collecting, cancel }
    }
}

impl Machines {
    /// Waits until all that is on disk is in the store.
    pub async fn arrived(&mut self) {
        let drained = timeout(PATIENCE, self.arrivals.drained()).await;
        drained.expect("all arrives in time").expect("the collector runs");
    }

    pub async fn stop(self) {
        self.cancel.cancel();
        self.collecting.await.unwrap().unwrap();
        self.serving.stop().await.unwrap();
    }
}

impl Process {
    /// Starts it and waits until it serves.
    pub async fn start(arguments: &[String]) -> Self {
        Self::start_as(command(arguments)).await
    }

    /// Starts it to abort at a hop (`wal:written:3`), if it passes there.
    pub async fn start_to_crash(arguments: &[String], at: &str) -> Self {
        let mut command = command(arguments);
        command.env(assemble::CRASH_VARIABLE, at);
        Self::start_as(command).await
    }

    /// Starts it with no room for files larger than so many bytes, as on a disk that is full. Where
    /// there is room again is up to [`Self::make_room`].
    pub async fn start_without_room(arguments: &[String], file_bytes_max: u64) -> Self {
        // A process is told by a signal that ends it, unless it ignores that.
        let script = r#"trap "" XFSZ; exec prlimit --fsize="$0:" "$@""#;
        let binary = env!("CARGO_BIN_EXE_barogram");
        let line = ["-c", script, &file_bytes_max.to_string(), binary].map(str::to_owned);
        let line: Vec<String> = line.into_iter().chain(arguments.iter().cloned()).collect();
        Self::start_as(command_of("sh", &line)).await
    }

    /// Lets its files grow as they like from now on.
    pub async fn make_room(&self) {
        let id = self.id().to_string();
        let arguments = ["--pid", &id, "--fsize=unlimited:"];
        assert!(Command::new("prlimit").args(arguments).status().await.unwrap().success());
    }

    async fn start_as(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let heard = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                *heard.lock().unwrap() += &(line + "\n");
            }
        });
        let address = || {
            let said = said.lock().unwrap().clone();
            let (_, rest) = said.split_once(" serving address=")?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let mut found = None;
        until("it serves", || {
            found = address();
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended: {}", said.lock().unwrap());
            found.is_some()
        })
        .await;
        Self { url: format!("http://{}", found.unwrap()), child, said }
    }

    /// `kill -9`
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for it to abort; `false` when it is still there after that time.
    pub async fn aborts_within(&mut self, patience: Duration) -> bool {
        let Ok(ended) = timeout(patience, self.child.wait()).await else { return false };
        let ended = ended.unwrap();
        assert_eq!(ended.signal(), Some(SIGABRT), "{ended}: {}", self.said.lock().unwrap());
        true
    }

    /// Ends it as Kubernetes does.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(status.success());
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("it ends in time").unwrap();
        assert!(ended.success(), "{ended}: {}", self.said.lock().unwrap());
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }
}

/// Runs the binary to its end.
pub async fn run(arguments: &[impl AsRef<OsStr>]) -> Output {
    let output = command(arguments).stdout(Stdio::piped()).output();
    timeout(PATIENCE, output).await.expect("it ends in time").unwrap()
}

/// Looks until it is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        while !is_so() {
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

fn command(arguments: &[impl AsRef<OsStr>]) -> Command {
    command_of(env!("CARGO_BIN_EXE_barogram"), arguments)
}

fn command_of(program: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("BAROGRAM_LOG").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
