//! What the store counts, in a registry that is passed in.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::cache::CacheMetrics;
use crate::objects::ObjectRequests;

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
    pub(crate) live_segments: Gauge,
    pub(crate) live_segment_bytes: Gauge,
    pub(crate) merges: Counter,
    pub(crate) merged_bytes: Counter,
    pub(crate) expired_rows: Counter,
    pub(crate) expired_bytes: Counter,
    pub(crate) expired_at_seconds: Gauge,
    pub(crate) expires_next_bytes: Gauge,
    pub(crate) erased_rows: Counter,
    pub(crate) swept_objects: Counter,
    pub(crate) upkeep_failures: Counter,
    pub(crate) cache: CacheMetrics,
    pub(crate) object_requests: ObjectRequests,
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
            ("merges", "Groups of segments that were merged into one", &self.merges),
            ("merged_bytes", "Bytes of the segments that were merged", &self.merged_bytes),
            ("expired_rows", "Lines that were older than they are kept", &self.expired_rows),
            ("expired_bytes", "Bytes of objects that retention has freed", &self.expired_bytes),
            ("erased_rows", "Lines that were erased by delete requests", &self.erased_rows),
            ("swept_objects", "Objects that nobody needed", &self.swept_objects),
            ("upkeep_failures", "Rounds of upkeep that failed", &self.upkeep_failures),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let gauges = [
            ("head_bytes", "Bytes in memory", &self.head_bytes),
            ("live_segments", "Segments that queries read", &self.live_segments),
            ("live_segment_bytes", "Bytes of those", &self.live_segment_bytes),
            ("wal_bytes", "Bytes of the write-ahead log", &self.wal_bytes),
            ("expired_at_seconds", "When retention last looked", &self.expired_at_seconds),
            ("expires_next_bytes", "Bytes that expire next", &self.expires_next_bytes),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let help = "Requests to the object store";
        registry.register("object_requests", help, self.object_requests.clone());
        self.cache.register(registry);
    }
}
