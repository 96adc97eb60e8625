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
}

impl Metrics {
    /// Makes the metrics and registers them, each with the prefix `store_`.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("store");
        let counters = [
            ("appended_lines", "Lines that were stored", &metrics.appended_lines),
            ("appended_bytes", "Bytes of the appends that were logged", &metrics.appended_bytes),
            ("duplicate_lines", "Lines that the store had already", &metrics.duplicate_lines),
            ("fsyncs", "Records of the log that were made durable", &metrics.fsyncs),
            ("flushes", "Times the head was written as segments", &metrics.flushes),
            ("flush_failures", "Flushes that failed and are tried again", &metrics.flush_failures),
            ("segment_bytes", "Bytes of the segments that were published", &metrics.segment_bytes),
            ("manifest_commits", "Manifests that were committed", &metrics.manifest_commits),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register("head_bytes", "Bytes in memory", metrics.head_bytes.clone());
        metrics
    }
}
