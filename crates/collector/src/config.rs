//! What a user decides, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use model::{TenantId, limits};

/// The collector's configuration. Start from [`Config::default`] and change what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the kubelet keeps pods' logs: `<namespace>_<pod>_<uid>/<container>/N.log`.
    pub pods_folder: PathBuf,
    /// Where the collector keeps its positions and the batches that a store refused.
    pub state_folder: PathBuf,
    /// The store, without the path of its push API.
    pub url: String,
    /// Whose lines these are, when the store has tenants.
    pub tenant: Option<TenantId>,
    /// The longest line that is sent, in bytes; the end of a longer one is cut off, with a mark.
    pub line_bytes_max: usize,
    /// How often all folders are looked through. Changes are told by inotify before that; this is
    /// what makes sure.
    pub poll_interval: Duration,
    /// How long the first lines of a container wait for what is known of its pod. After that they
    /// go out with what the path says.
    pub metadata_wait: Duration,
    /// A batch is sent when it has so many bytes of lines and metadata,
    pub batch_bytes: usize,
    /// or when its first line is so old.
    pub batch_wait: Duration,
    /// How long a push may take.
    pub push_timeout: Duration,
    /// The pause after the first push that failed; it doubles with each that fails after it,
    pub backoff_min: Duration,
    /// up to this.
    pub backoff_max: Duration,
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
            url: "http://localhost:3100".to_owned(),
            tenant: None,
            line_bytes_max: limits::MAX_LINE_SIZE,
            poll_interval: Duration::from_secs(1),
            metadata_wait: Duration::from_secs(2),
            batch_bytes: 1024 * 1024,
            batch_wait: Duration::from_millis(200),
            push_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(60),
            position_interval: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
