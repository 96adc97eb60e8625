//! Starts the server and kills it at random moments, while it serves and while it starts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use indicatif::ProgressBar;
use tokio::sync::watch;
use tokio::time::sleep;

use super::sender::Target;
use crate::command::bench::server::Server;

/// How long it may live once it serves: long enough for several flushes.
const LIFE_MILLISECONDS_MAX: u64 = 1500;
/// One life in so many ends while the server starts, and reads its log.
const STILLBORN_ONE_IN: u32 = 5;
/// How long such a life may be.
const START_MILLISECONDS_MAX: u64 = 100;
/// Small, so that kills fall into flushes, commits and removals of log files, too.
const TUNING: [&str; 8] = [
    "compact_inputs_min=2",
    "maintain_age_milliseconds=100",
    "removed_age_milliseconds=1000",
    "flush_rows=1000",
    "flush_check_milliseconds=20",
    "flush_age_milliseconds=500",
    "refresh_age_milliseconds=200",
    "wal_segment_bytes=50000",
];

/// How the server is started.
pub(super) struct Site {
    pub(super) binary: PathBuf,
    /// The folder that is the server's own.
    pub(super) data: PathBuf,
    /// Where its objects are, if not in its folder.
    pub(super) store: Option<String>,
    /// What it says.
    pub(super) log: PathBuf,
}

impl Site {
    fn launch(&self) -> Result<Server> {
        let mut command = Command::new(&self.binary);
        let log = File::options().create(true).append(true).open(&self.log);
        command.stderr(log.with_context(|| format!("failed to open {}", self.log.display()))?);
        let tunings = TUNING.into_iter().flat_map(|tuning| ["--tune", tuning]);
        let store = self.store.iter().flat_map(|url| ["--store", url]);
        Server::launch(command, "serve", &self.data, tunings.chain(store))
    }

    /// Starts it, and waits until it is ready.
    async fn start(&self) -> Result<Server> {
        let mut server = self.launch()?;
        let log = || format!("the server does not start again; see {}", self.log.display());
        server.wait_until_ready().await.with_context(log)?;
        Ok(server)
    }
}

/// Kills the server so many times, and tells the senders where the next one is. Returns the last
/// one, which lives.
pub(super) async fn kill(
    site: &Site,
    kills: u64,
    mut random: Rng,
    target: &watch::Sender<Target>,
    progress: &ProgressBar,
) -> Result<Server> {
    for _ in 0..kills {
        let server = if random.u32(..STILLBORN_ONE_IN) == 0 {
            let server = site.launch()?;
            sleep(Duration::from_millis(random.u64(..START_MILLISECONDS_MAX))).await;
            server
        } else {
            let server = site.start().await?;
            target.send_replace(Target::At(server.address.clone()));
            sleep(Duration::from_millis(random.u64(..LIFE_MILLISECONDS_MAX))).await;
            server
        };
        // `kill -9`
        drop(server);
        target.send_replace(Target::Away);
        progress.inc(1);
    }
    let server = site.start().await?;
    target.send_replace(Target::Last(server.address.clone()));
    Ok(server)
}

/// Makes an empty folder for a server, in place of what an earlier run left.
pub(super) fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}
