//! What becomes of the segments of a day once it is complete.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::ingest::sample;
use super::server::Server;

/// Nothing is waited for: the day is complete at once, and looked at all the time.
const TUNING: [&str; 4] =
    ["--tune", "complete_age_milliseconds=0", "--tune", "maintain_age_milliseconds=100"];
/// A server that has used less than this in a second, in seconds, has nothing to do.
const IDLE_CPU_SECONDS: f64 = 0.1;
/// Seconds without work after which no merge comes any more.
const IDLE_SECONDS: u32 = 3;
/// Seconds that all of it may take.
const SECONDS_MAX: u32 = 600;

/// A complete day.
pub(super) struct Complete {
    pub(super) segments: u64,
    pub(super) bytes: u64,
    pub(super) cpu_seconds: f64,
}

/// Starts a server for which the day is complete and waits until it has merged what it will.
pub(super) async fn complete(binary: &Path, store: &Path) -> Result<Complete> {
    let mut server = Server::launch(Command::new(binary), "serve", store, TUNING)?;
    server.wait_until_ready().await?;
    let (mut used, mut idle) = (server.cpu_seconds()?, 0);
    for _ in 0..SECONDS_MAX {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = server.cpu_seconds()?;
        idle = if now - used < IDLE_CPU_SECONDS { idle + 1 } else { 0 };
        used = now;
        if idle == IDLE_SECONDS {
            let metrics = server.get("/metrics", &[]).await?;
            let segments = sample(&metrics, "store_live_segments")?;
            let bytes = sample(&metrics, "store_live_segment_bytes")?;
            return Ok(Complete { segments, bytes, cpu_seconds: used });
        }
    }
    bail!("the server was still merging after {SECONDS_MAX} s")
}
