//! What the collector counts. Where Alloy counts the same, the name is Alloy's, so that its
//! dashboards and alerts go on working.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::prometheus::RemoteWriteMetrics;
use crate::write::WriteMetrics;

/// The collector's counters and gauges. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Files that are open.
    pub files_open: Gauge,
    /// Bytes read from files.
    pub read_bytes: Counter,
    /// Physical lines read from files.
    pub read_lines: Counter,
    /// Entries whose end was cut off because they were too long.
    pub cut_entries: Counter,
    /// Containers whose lines went out without what is known of their pod.
    pub unknown_pods: Counter,
    /// Logs that are read from the Kubernetes API now.
    pub api_streams: Gauge,
    /// Logs that wait for their turn to be read from the Kubernetes API.
    pub api_streams_waiting: Gauge,
    /// Lines read from the Kubernetes API for the first time.
    pub api_lines: Counter,
    /// What is counted of task log files.
    pub task_logs: TaskLogMetrics,
    /// What is counted of the journal.
    pub journal: JournalMetrics,
    /// What is counted of syslog.
    pub syslog: SyslogMetrics,
    /// What is counted of logs that Docker's engine tells.
    pub docker: DockerMetrics,
    /// What is counted of each sink.
    pub write: WriteMetrics,
    /// What is counted of sending samples.
    pub remote_write: RemoteWriteMetrics,
}

impl Metrics {
    /// The metrics, made known to a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let own = registry.sub_registry_with_prefix("barogram_collector");
        own.register("files_open", "Files that are open", metrics.files_open.clone());
        own.register(
            "cut_entries",
            "Entries whose end was cut off because they were too long",
            metrics.cut_entries.clone(),
        );
        own.register(
            "unknown_pods",
            "Containers whose lines went out without what is known of their pod",
            metrics.unknown_pods.clone(),
        );
        own.register(
            "api_streams",
            "Logs that are read from the Kubernetes API",
            metrics.api_streams.clone(),
        );
        own.register(
            "api_streams_waiting",
            "Logs that wait for their turn to be read from the Kubernetes API",
            metrics.api_streams_waiting.clone(),
        );
        own.register("api_lines", "Lines read from the Kubernetes API", metrics.api_lines.clone());
        let file = registry.sub_registry_with_prefix("loki_source_file");
        file.register("read_bytes", "Bytes read from files", metrics.read_bytes.clone());
        file.register("read_lines", "Lines read from files", metrics.read_lines.clone());
        metrics.task_logs.register(registry);
        metrics.journal.register(registry);
        metrics.syslog.register(registry);
        metrics.docker.register(registry);
        metrics.write.register(registry);
        metrics.remote_write.register(registry);
        metrics
    }
}

/// What is counted of Airflow's task log files.
#[derive(Debug, Clone, Default)]
pub struct TaskLogMetrics {
    /// Files that are read.
    pub files: Gauge,
    /// Files that are left, since their lines are printed as well, or that do not say yet.
    pub files_left: Gauge,
    /// Files that are open.
    pub handles: Gauge,
    /// Bytes that are in files and were not read yet.
    pub unread_bytes: Gauge,
    /// Bytes that were read.
    pub bytes: Counter,
    /// Entries that were made of them.
    pub lines: Counter,
}

impl TaskLogMetrics {
    fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("barogram_task_logs");
        own.register("files", "Task log files that are read", self.files.clone());
        own.register(
            "files_left",
            "Task log files that are not read, since their lines are printed as well",
            self.files_left.clone(),
        );
        own.register("handles", "Task log files that are open", self.handles.clone());
        own.register(
            "unread_bytes",
            "Bytes of task log files that were not read yet",
            self.unread_bytes.clone(),
        );
        own.register("read_bytes", "Bytes read of task log files", self.bytes.clone());
        own.register("entries", "Entries made of task log files", self.lines.clone());
    }
}

/// What is counted of messages of syslog.
#[derive(Debug, Clone, Default)]
pub struct SyslogMetrics {
    /// Entries that were made of messages.
    pub entries: Counter,
    /// Messages that are not written as they should be. They are taken whole.
    pub parsing_errors: Counter,
    /// Messages without a text, which are left out.
    pub empty_messages: Counter,
}

impl SyslogMetrics {
    fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("loki_source_syslog");
        own.register("entries", "Entries made of messages of syslog", self.entries.clone());
        own.register(
            "parsing_errors",
            "Messages of syslog that are not written as they should be",
            self.parsing_errors.clone(),
        );
        own.register(
            "empty_messages",
            "Messages of syslog without a text, which are left out",
            self.empty_messages.clone(),
        );
    }
}

/// What is counted of the journal.
#[derive(Debug, Clone, Default)]
pub struct JournalMetrics {
    /// Lines that were made of entries.
    pub lines: Counter,
    /// Entries that are damaged or have no message.
    pub parsing_errors: Counter,
}

impl JournalMetrics {
    fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("loki_source_journal_target");
        own.register("lines", "Lines made of entries of the journal", self.lines.clone());
        own.register(
            "parsing_errors",
            "Entries of the journal that are damaged or have no message",
            self.parsing_errors.clone(),
        );
    }
}

/// What is counted of logs that Docker's engine tells.
#[derive(Debug, Clone, Default)]
pub struct DockerMetrics {
    /// Entries that were made of lines.
    pub entries: Counter,
    /// Lines without a time, which are left out.
    pub parsing_errors: Counter,
}

impl DockerMetrics {
    fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("loki_source_docker_target");
        own.register("entries", "Entries made of lines of containers", self.entries.clone());
        own.register(
            "parsing_errors",
            "Lines of containers without a time, which are left out",
            self.parsing_errors.clone(),
        );
    }
}
