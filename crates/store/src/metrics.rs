//! What the store counts, in a registry that is passed in.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and gauges of one store.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(crate) appended_lines: Counter,
    pub(crate) appended_bytes: Counter,
    pub(crate) duplicate_lines: Counter,
    pub(crate) fsyncs: Counter,
    pub(crate) flushes: Counter,
    pub(crate) flush_failures: Counter,
    pub(crate) segment_bytes: Counter,
    pub(crate) manifest_commits: Counter,
    pub(crate) head_bytes: Gauge,
    pub(crate) wal_bytes: Gauge,
}

impl Metrics {
    /// Registers them, each with the prefix `store_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("store");
        let counters = [
            ("appended_lines", "Lines that were stored", &self.appended_lines),
            ("appended_bytes", "Bytes of the appends that were logged", &self.appended_bytes),
            ("duplicate_lines", "Lines that the store had already", &self.duplicate_lines),
            ("fsyncs", "Records of the log that were made durable", &self.fsyncs),
            ("flushes", "Times the head was written as segments", &self.flushes),
            ("flush_failures", "Flushes that failed and are tried again", &self.flush_failures),
            ("segment_bytes", "Bytes of the segments that were published", &self.segment_bytes),
            ("manifest_commits", "Manifests that were committed", &self.manifest_commits),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register("head_bytes", "Bytes in memory", self.head_bytes.clone());
        registry.register("wal_bytes", "Bytes of the write-ahead log", self.wal_bytes.clone());
    }
}
