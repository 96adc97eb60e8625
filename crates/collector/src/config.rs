//! What a user decides, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use model::limits;

use crate::write::Endpoint;

/// Which of Airflow's task log files are read from the volumes of this node's pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLogs {
    /// Which of those that are there.
    pub mode: TaskLogsMode,
    /// Where the kubelet keeps what belongs to a pod: `<uid>/volumes/…`.
    pub kubelet_folder: PathBuf,
    /// Folders besides that hold logs of Airflow, such as a `hostPath` of workers.
    pub folders: Vec<PathBuf>,
    /// How long ago a file may have been written to that nothing is known of. What is older is
    /// history, and nobody waits for it.
    pub age_max: Duration,
    /// How often volumes are looked through, at most. Changes are told by inotify before that.
    pub look_interval: Duration,
    /// Whose files are read.
    pub namespaces: Namespaces,
}

/// Namespaces that are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// These; all where there is none.
    pub include: Vec<String>,
    /// And these are not.
    pub exclude: Vec<String>,
}

impl Namespaces {
    /// Whether a namespace is meant.
    #[must_use]
    pub fn has(&self, namespace: &str) -> bool {
        let is_in = |list: &[String]| list.iter().any(|other| other == namespace);
        (self.include.is_empty() || is_in(&self.include)) && !is_in(&self.exclude)
    }
}

/// Which task log files are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaskLogsMode {
    /// Those whose lines no pod prints, as far as that is known.
    #[default]
    Auto,
    /// All on volumes of workers, schedulers and triggerers, though their lines come twice.
    On,
    /// None.
    Off,
}

impl Default for TaskLogs {
    fn default() -> Self {
        Self {
            mode: TaskLogsMode::Auto,
            kubelet_folder: PathBuf::from("/var/lib/kubelet/pods"),
            folders: Vec::new(),
            age_max: Duration::from_secs(24 * 3600),
            look_interval: Duration::from_secs(5),
            namespaces: Namespaces::default(),
        }
    }
}

impl std::str::FromStr for TaskLogsMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(format!("{text:?} must be \"auto\", \"on\" or \"off\"")),
        }
    }
}

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
    /// Which of Airflow's task log files are read besides.
    pub task_logs: TaskLogs,
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
            task_logs: TaskLogs::default(),
        }
    }
}
