//! The generated day of logs: pushed to a server, and as plain text.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use bench::Spec;
use model::{Stream, TimeRange, Timestamp};

use super::args::Setup;
use super::server::Server;

/// Where a data set lies.
pub(super) struct Dataset {
    pub(super) spec: Spec,
    /// The server's data folder.
    pub(super) store: PathBuf,
    /// The lines, one after the other, in order of arrival.
    pub(super) text: PathBuf,
    loaded: PathBuf,
}

/// What was pushed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pushed {
    pub(super) lines: u64,
    pub(super) line_bytes: u64,
    pub(super) pushes: u64,
}

impl Dataset {
    pub(super) fn new(setup: &Setup) -> Result<Self> {
        let Setup { seed, megabytes, push_seconds, .. } = *setup;
        let spec = Spec {
            seed,
            line_bytes: megabytes * 1_000_000,
            push_seconds: push_seconds.into(),
            ..Spec::default()
        };
        let folder = setup.data.join(format!("seed-{seed}-{megabytes}mb-{push_seconds}s"));
        std::fs::create_dir_all(&folder)?;
        let (store, text, loaded) =
            (folder.join("store"), folder.join("lines.txt"), folder.join("loaded"));
        Ok(Self { spec, store, text, loaded })
    }

    /// Whether the server's folder holds the whole data set.
    pub(super) fn is_loaded(&self) -> bool {
        self.loaded.exists()
    }

    /// The time that the logs cover.
    pub(super) fn range(&self) -> TimeRange {
        let start = self.spec.start;
        TimeRange {
            start,
            end: start + std::time::Duration::from_secs(self.spec.hours as u64 * 3600),
        }
    }

    /// Pushes the data set, flushes it, and writes its text beside.
    pub(super) async fn load(&self, server: &Server) -> Result<Pushed> {
        let pushed = self.push(server).await?;
        server.post("/flush", Vec::new()).await?;
        std::fs::write(&self.loaded, format!("{pushed:?}\n"))?;
        Ok(pushed)
    }

    /// Pushes the data set, and writes its text beside.
    pub(super) async fn push(&self, server: &Server) -> Result<Pushed> {
        let mut pushed = Pushed::default();
        let mut text = BufWriter::new(File::create(&self.text)?);
        // A small day has moments without a line, and a push of none is refused.
        for streams in self.spec.batches().filter(|streams| !streams.is_empty()) {
            for line in streams.iter().flat_map(|stream| &stream.entries).map(|e| &e.line) {
                pushed.lines += 1;
                pushed.line_bytes += line.len() as u64;
                writeln!(text, "{line}")?;
            }
            push(server, &streams).await?;
            pushed.pushes += 1;
        }
        text.flush()?;
        Ok(pushed)
    }
}

/// One push; a server that asks for patience gets it.
async fn push(server: &Server, streams: &[Stream]) -> Result<()> {
    server.post("/loki/api/v1/push", loki::push::encode(streams)).await
}

/// A time as the API takes it.
pub(super) fn time(time: Timestamp) -> String {
    loki::time::time_text(time)
}
