//! What the server counts.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use loki::push::Rejection;
use model::TenantId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;

/// Counters of the server.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    requests: Family<RequestLabels, Histogram, Durations>,
    in_flight: Family<RouteLabels, Gauge>,
    received_lines: Family<TenantLabels, Counter>,
    received_bytes: Family<TenantLabels, Counter>,
    discarded_lines: Family<DiscardLabels, Counter>,
    discarded_bytes: Family<DiscardLabels, Counter>,
    tails: Family<TenantLabels, Gauge>,
    tail_dropped_lines: Family<TenantLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TenantLabels {
    tenant: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DiscardLabels {
    tenant: String,
    reason: &'static str,
}

/// Makes histograms from a millisecond, a push, to the time that a query may take.
#[derive(Debug, Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0])
    }
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::new_with_constructor(Durations),
            in_flight: Family::default(),
            received_lines: Family::default(),
            received_bytes: Family::default(),
            discarded_lines: Family::default(),
            discarded_bytes: Family::default(),
            tails: Family::default(),
            tail_dropped_lines: Family::default(),
        };
        registry.register(
            "http_request_duration_seconds",
            "How long requests took",
            metrics.requests.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            metrics.in_flight.clone(),
        );
        let lines = metrics.received_lines.clone();
        registry.register("push_lines", "Lines that were acknowledged", lines);
        let bytes = metrics.received_bytes.clone();
        registry.register("push_bytes", "Bytes of the lines that were acknowledged", bytes);
        let lines = metrics.discarded_lines.clone();
        registry.register("loki_discarded_samples", "Lines that were refused", lines);
        let bytes = metrics.discarded_bytes.clone();
        registry.register("loki_discarded_bytes", "Bytes of the lines that were refused", bytes);
        registry.register("tail_active", "Live tails that are open", metrics.tails.clone());
        let lines = metrics.tail_dropped_lines.clone();
        registry.register("tail_dropped_lines", "Lines that slow tails were not sent", lines);
        metrics
    }

    /// A tail has begun.
    pub(crate) fn tail_began(&self, tenant: &TenantId) {
        self.tails.get_or_create(&TenantLabels { tenant: tenant.to_string() }).inc();
    }

    /// A tail has ended.
    pub(crate) fn tail_ended(&self, tenant: &TenantId) {
        self.tails.get_or_create(&TenantLabels { tenant: tenant.to_string() }).dec();
    }

    /// Counts what a tail was not sent.
    pub(crate) fn tail_dropped(&self, tenant: &TenantId, lines: u64) {
        let labels = TenantLabels { tenant: tenant.to_string() };
        self.tail_dropped_lines.get_or_create(&labels).inc_by(lines);
    }

    /// Counts what was stored.
    pub(crate) fn received(&self, tenant: &TenantId, lines: u64, bytes: u64) {
        let labels = TenantLabels { tenant: tenant.to_string() };
        self.received_lines.get_or_create(&labels).inc_by(lines);
        self.received_bytes.get_or_create(&labels).inc_by(bytes);
    }

    /// Counts what was refused.
    pub(crate) fn discarded(&self, tenant: &TenantId, rejected: &[Rejection]) {
        for rejection in rejected {
            let reason = rejection.reason.as_str();
            let labels = DiscardLabels { tenant: tenant.to_string(), reason };
            self.discarded_lines.get_or_create(&labels).inc_by(rejection.entries as u64);
            self.discarded_bytes.get_or_create(&labels).inc_by(rejection.bytes as u64);
        }
    }
}

/// A request that is being answered: until there is an answer, or nobody waits for it any more.
struct InFlight(Gauge);

impl InFlight {
    fn new(metrics: &Metrics, route: &str) -> Self {
        let labels = RouteLabels { route: route.to_owned() };
        let gauge = metrics.in_flight.get_or_create_owned(&labels);
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Measures every request, by route and not by path: the number of paths has no bound.
pub(crate) async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = app.clock.now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let in_flight = InFlight::new(&app.metrics, &route);
    let response = next.run(request).await;
    drop(in_flight);
    let labels = RequestLabels { method, route, status: response.status().as_u16() };
    let took = app.clock.now().since(started).as_secs_f64();
    app.metrics.requests.get_or_create(&labels).observe(took);
    response
}
