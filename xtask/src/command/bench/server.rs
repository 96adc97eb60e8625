//! The real binary as a child process, and what it costs.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::StatusCode;

/// How long the server may take to be ready.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Linux counts a process' CPU time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// Between two tries of a push for which there was no room.
const PUSH_AGAIN: Duration = Duration::from_millis(100);
/// Between two looks whether it is ready.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running `barogram serve` or `up`. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
}

impl Server {
    /// Starts the binary over a data folder and waits until it is ready.
    pub(super) async fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut server = Self::launch(Command::new(binary), "serve", data, [])?;
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Starts the binary over a data folder, as `serve` or `up`, with more arguments.
    pub(crate) fn launch<'a>(
        mut command: Command,
        what: &str,
        data: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let listen = format!("127.0.0.1:{port}");
        command.args([what, "--listen", &listen, "--data"]).arg(data).args(arguments);
        command.stdout(Stdio::null());
        let spawned = command.spawn();
        let failed = || format!("failed to start {}", command.get_program().display());
        let child = spawned.with_context(failed)?;
        let (address, http) = (format!("http://{listen}"), reqwest::Client::new());
        Ok(Self { child, address, http })
    }

    /// Waits until it answers.
    pub(crate) async fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("{}/ready", self.address);
        for _ in 0..READY_TIMEOUT.as_millis() / LOOK_AGAIN.as_millis() {
            if self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        bail!("the server was not ready within {} s", READY_TIMEOUT.as_secs())
    }

    /// Seconds of CPU that the server has used, in user and kernel mode.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.child.id())
    }

    /// The most memory that the server has held, in megabytes.
    pub(crate) fn peak_memory_megabytes(&self) -> Result<u64> {
        peak_memory_megabytes(self.child.id())
    }

    /// A GET whose answer must be a success.
    pub(crate) async fn get(&self, path: &str, params: &[(&str, String)]) -> Result<String> {
        let request = self.http.get(format!("{}{path}", self.address)).query(params);
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() { Ok(text) } else { bail!("{path}: {status}: {text}") }
    }

    /// A POST whose answer must be a success.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Result<()> {
        let (status, text) = self.ask_to_take(path, body).await?;
        if status.is_success() { Ok(()) } else { bail!("{path}: {status}: {text}") }
    }

    /// The same, and again as long as the server has no room.
    pub(super) async fn post_until_taken(&self, path: &str, body: Vec<u8>) -> Result<()> {
        loop {
            match self.ask_to_take(path, body.clone()).await? {
                (status, _) if status.is_success() => return Ok(()),
                (StatusCode::SERVICE_UNAVAILABLE, _) => tokio::time::sleep(PUSH_AGAIN).await,
                (status, text) => bail!("{path}: {status}: {text}"),
            }
        }
    }

    async fn ask_to_take(&self, path: &str, body: Vec<u8>) -> Result<(StatusCode, String)> {
        let request = self.http.post(format!("{}{path}", self.address));
        let request = request.header("Content-Type", loki::push::CONTENT_TYPE).body(body);
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to be done then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of CPU that a process has used, in user and kernel mode.
pub(super) fn cpu_seconds(process: u32) -> Result<f64> {
    cpu(&process.to_string(), 11)
}

/// The sum of two fields of a process' times, user and kernel mode, of which this is the first.
fn cpu(process: &str, first: usize) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program may hold spaces; the fields after it do not.
    let fields = stat.rsplit_once(") ").context("an unknown form of /proc/PID/stat")?.1;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: f64 = fields[first].parse::<f64>()? + fields[first + 1].parse::<f64>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// Seconds of CPU that children of this process have used which have ended and were waited for.
pub(super) fn cpu_seconds_of_ended_children() -> Result<f64> {
    cpu("self", 13)
}

/// The most memory that a process has held, in megabytes.
pub(super) fn peak_memory_megabytes(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kilobytes.context("an unknown form of /proc/PID/status")? / 1024)
}

/// The binary that was named, or the one of this tree, built now.
pub(crate) fn binary(named: Option<&PathBuf>) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.clone());
    }
    let built =
        Command::new("cargo").args(["build", "--release", "-p", "barogram-cli"]).status()?;
    if !built.success() {
        bail!("failed to build the binary");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(target.join("release/barogram"))
}
