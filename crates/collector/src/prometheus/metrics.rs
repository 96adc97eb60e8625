//! What is counted of sending samples. The names and labels are those of Prometheus and Alloy.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Which endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct To {
    component_id: String,
    remote_name: String,
    url: String,
}

/// Which endpoint, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Dropped {
    component_id: String,
    remote_name: String,
    url: String,
    reason: String,
}

/// The counters and gauges of all endpoints.
#[derive(Debug, Clone, Default)]
pub struct RemoteWriteMetrics {
    samples: Family<To, Counter>,
    bytes: Family<To, Counter>,
    failed: Family<To, Counter>,
    retried: Family<To, Counter>,
    dropped: Family<Dropped, Counter>,
    pending: Family<To, Gauge>,
    sent_until: Family<To, Gauge<f64, AtomicU64>>,
}

/// Those of one endpoint.
#[derive(Debug, Clone)]
pub struct RemoteMetrics {
    /// Samples that were sent to it.
    pub samples: Counter,
    /// Bytes that were sent, packed.
    pub bytes: Counter,
    /// Samples that it refused.
    pub failed: Counter,
    /// Samples that were sent again.
    pub retried: Counter,
    /// Samples that wait.
    pub pending: Gauge,
    /// The latest time of samples that it has, in seconds since 1970.
    pub sent_until: Gauge<f64, AtomicU64>,
    /// Samples that were dropped since too many waited,
    pub dropped_full: Counter,
    /// since they were too old,
    pub dropped_old: Counter,
    /// or since the agent ended before they were taken.
    pub dropped_end: Counter,
}

impl RemoteWriteMetrics {
    /// Makes them known to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("prometheus_remote_storage");
        let counters = [
            ("samples", "Samples that were sent", &self.samples),
            ("bytes", "Bytes of samples that were sent, packed", &self.bytes),
            ("samples_failed", "Samples that an endpoint refused", &self.failed),
            ("samples_retried", "Samples that were sent again", &self.retried),
        ];
        for (name, help, counter) in counters {
            own.register(name, help, counter.clone());
        }
        let help = "Samples that were dropped without being sent";
        own.register("samples_dropped", help, self.dropped.clone());
        own.register("samples_pending", "Samples that wait to be sent", self.pending.clone());
        own.register(
            "queue_highest_sent_timestamp_seconds",
            "The latest time of samples that were sent, in seconds since 1970",
            self.sent_until.clone(),
        );
    }

    /// Those of a component's endpoint with this name at this address.
    pub fn of(&self, component: &str, name: &str, url: &str) -> RemoteMetrics {
        let [component_id, remote_name, url] = [component, name, url].map(ToOwned::to_owned);
        let to = To { component_id, remote_name, url };
        let dropped = |reason: &str| {
            let To { component_id, remote_name, url } = to.clone();
            let reason = reason.to_owned();
            self.dropped.get_or_create_owned(&Dropped { component_id, remote_name, url, reason })
        };
        RemoteMetrics {
            samples: self.samples.get_or_create_owned(&to),
            bytes: self.bytes.get_or_create_owned(&to),
            failed: self.failed.get_or_create_owned(&to),
            retried: self.retried.get_or_create_owned(&to),
            pending: self.pending.get_or_create_owned(&to),
            sent_until: self.sent_until.get_or_create_owned(&to),
            dropped_full: dropped("queue_full"),
            dropped_old: dropped("too_old"),
            dropped_end: dropped("ended"),
        }
    }
}
