//! What is counted of each sink. The names and labels are those of Alloy's `loki.write`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Which sink.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct To {
    endpoint: String,
    host: String,
    tenant: String,
}

/// The counters and gauges of all sinks.
#[derive(Debug, Clone, Default)]
pub struct WriteMetrics {
    sent_entries: Family<To, Counter>,
    sent_bytes: Family<To, Counter>,
    batch_retries: Family<To, Counter>,
    dropped_entries: Family<To, Counter>,
    queue_batches: Family<To, Gauge>,
    queue_bytes: Family<To, Gauge>,
}

/// Those of one sink.
#[derive(Debug, Clone, Default)]
pub struct SinkMetrics {
    /// Entries that the sink acknowledged.
    pub sent_entries: Counter,
    /// Bytes of pushes that the sink acknowledged, as sent.
    pub sent_bytes: Counter,
    /// Pushes that failed and were tried again.
    pub batch_retries: Counter,
    /// Entries that the sink refused for good. They lie in the dead-letter folder.
    pub dropped_entries: Counter,
    queue_batches: Gauge,
    queue_bytes: Gauge,
}

impl WriteMetrics {
    /// Makes them known to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("barogram_collector");
        let help = "Batches that wait for a sink";
        own.register("queue_batches", help, self.queue_batches.clone());
        let help = "Bytes that wait for a sink on disk";
        own.register("queue_bytes", help, self.queue_bytes.clone());
        let write = registry.sub_registry_with_prefix("loki_write");
        let counters = [
            ("sent_entries", "Entries that the store acknowledged", &self.sent_entries),
            ("sent_bytes", "Bytes of pushes that the store acknowledged", &self.sent_bytes),
            ("batch_retries", "Pushes that failed and were tried again", &self.batch_retries),
            (
                "dropped_entries",
                "Entries that the store refused; they lie in the dead-letter folder",
                &self.dropped_entries,
            ),
        ];
        for (name, help, counter) in counters {
            write.register(name, help, counter.clone());
        }
    }

    /// Those of the sink with this name, at this host, for this tenant.
    pub fn of(&self, endpoint: &str, host: &str, tenant: &str) -> SinkMetrics {
        let [endpoint, host, tenant] = [endpoint, host, tenant].map(ToOwned::to_owned);
        let to = To { endpoint, host, tenant };
        SinkMetrics {
            sent_entries: self.sent_entries.get_or_create_owned(&to),
            sent_bytes: self.sent_bytes.get_or_create_owned(&to),
            batch_retries: self.batch_retries.get_or_create_owned(&to),
            dropped_entries: self.dropped_entries.get_or_create_owned(&to),
            queue_batches: self.queue_batches.get_or_create_owned(&to),
            queue_bytes: self.queue_bytes.get_or_create_owned(&to),
        }
    }
}

impl SinkMetrics {
    /// Notes what waits.
    pub fn queued(&self, batches: usize, bytes: u64) {
        self.queue_batches.set(i64::try_from(batches).unwrap_or(i64::MAX));
        self.queue_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
