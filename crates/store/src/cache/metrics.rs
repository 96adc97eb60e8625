//! What the cache counts, in memory and on disk.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and gauges of both parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct CacheMetrics {
    hits: Family<Part, Counter>,
    misses: Family<Part, Counter>,
    evictions: Family<Part, Counter>,
    bytes: Family<Part, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    part: &'static str,
}

/// Counters and gauges of one part.
#[derive(Debug, Clone, Default)]
pub(super) struct PartMetrics {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) evictions: Counter,
    pub(super) bytes: Gauge,
}

impl CacheMetrics {
    /// Registers them.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let counters = [
            ("cache_hits", "Blocks that were found", &self.hits),
            ("cache_misses", "Blocks that were not found", &self.misses),
            ("cache_evictions", "Blocks that had to make room", &self.evictions),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register("cache_bytes", "Bytes that are kept", self.bytes.clone());
    }

    pub(super) fn memory(&self) -> PartMetrics {
        self.part("memory")
    }

    pub(super) fn disk(&self) -> PartMetrics {
        self.part("disk")
    }

    fn part(&self, part: &'static str) -> PartMetrics {
        let part = Part { part };
        PartMetrics {
            hits: self.hits.get_or_create(&part).clone(),
            misses: self.misses.get_or_create(&part).clone(),
            evictions: self.evictions.get_or_create(&part).clone(),
            bytes: self.bytes.get_or_create(&part).clone(),
        }
    }
}

impl PartMetrics {
    /// Counts what had to make room, and what is kept now.
    pub(super) fn kept(&self, evicted: usize, bytes: usize) {
        self.evictions.inc_by(evicted as u64);
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
