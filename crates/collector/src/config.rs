//! What a user decides, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use model::limits;

use crate::write::Endpoint;

/// The collector's configuration. Start from [`Config::default`] and change what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the kubelet keeps pods' logs: `<namespace>_<pod>_<uid>/<container>/N.log`.
    pub pods_folder: PathBuf,
    /// Where the collector keeps its positions and the batches that a store refused.
    pub state_folder: PathBuf,
    /// Where lines go: to each of these, with a queue of its own.
    pub endpoints: Vec<Endpoint>,
    /// The longest line that is sent, in bytes; the end of a longer one is cut off, with a mark.
    pub line_bytes_max: usize,
    /// How often all folders are looked through. Changes are told by inotify before that; this is
    /// what makes sure.
    pub poll_interval: Duration,
    /// How long the first lines of a container wait for what is known of its pod. After that they
    /// go out with what the path says.
    pub metadata_wait: Duration,
    /// How often positions are written to disk.
    pub position_interval: Duration,
    /// How long the collector, told to end, may go on sending what it has read.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pods_folder: PathBuf::from("/var/log/pods"),
            state_folder: PathBuf::from("/var/lib/barogram/collector"),
            endpoints: vec![Endpoint::default()],
            line_bytes_max: limits::MAX_LINE_SIZE,
            poll_interval: Duration::from_secs(1),
            metadata_wait: Duration::from_secs(2),
            position_interval: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
