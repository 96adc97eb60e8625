//! The pods of this node, followed: a [`PodSource`] that knows what the API server knows.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airflow::Pod;
use k8s_openapi::api::core::v1::Pod as Object;
use kube::Api;
use model::{Entry, Labels};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Error;
use crate::error::Chain;
use crate::kubernetes::cache::Cache;
use crate::kubernetes::client::{Access, connect};
use crate::kubernetes::object;
use crate::kubernetes::pod_ends::PodEnds;
use crate::kubernetes::watch::{Failure, Observer, Patience, Selection, follow};
use crate::stage::PodSource;
use crate::write::Backoff;

/// The pods of a node, or of the cluster.
#[derive(Debug, Default)]
pub struct Pods(Mutex<Cache>);

/// Which pods, and where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodsSettings {
    /// How the API server is reached.
    pub access: Access,
    /// The node whose pods are followed; `None` for all, which a collector on every node must not
    /// ask for: each of them would hold the whole cluster.
    pub node: Option<String>,
    /// The pause after the first failure; it doubles with each that follows,
    pub backoff_min: Duration,
    /// up to this.
    pub backoff_max: Duration,
    /// How long the server may take to begin an answer.
    pub answer_timeout: Duration,
}

/// What is given from outside.
#[derive(Debug)]
pub struct PodsParts<'a> {
    /// Where the jitter of pauses begins; another number on each node.
    pub seed: u64,
    /// Where the metrics are made known.
    pub registry: &'a mut Registry,
}

impl PodsSettings {
    /// The pods of a node, with the usual pauses.
    #[must_use]
    pub fn new(access: Access, node: Option<String>) -> Self {
        Self {
            access,
            node,
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
        }
    }
}

impl Pods {
    /// The source, what hears of pods of tasks that failed, and what keeps both true as long as it
    /// is polled. The server is not waited for: while it is away, fewer pods are known.
    ///
    /// # Errors
    /// When the files or the address of the access cannot be used.
    pub async fn watch(
        settings: PodsSettings,
        parts: PodsParts<'_>,
    ) -> Result<
        (
            Arc<dyn PodSource>,
            mpsc::Receiver<(Labels, Entry)>,
            impl Future<Output = ()> + Send + use<>,
        ),
        Error,
    > {
        let client = connect(&settings.access).await?;
        let pods = Arc::new(Self::default());
        let (ends, heard) = PodEnds::new();
        let mut keeper = Keeper {
            pods: Arc::clone(&pods),
            ends,
            metrics: Metrics::register(parts.registry),
            is_failing: false,
        };
        let patience = Patience {
            answer_timeout: settings.answer_timeout,
            backoff: Backoff::new(settings.backoff_min, settings.backoff_max, parts.seed),
        };
        let field = settings.node.map(|node| format!("spec.nodeName={node}"));
        let selection = Selection { field, label: None };
        let following = async move {
            follow(Api::<Object>::all(client), selection, patience, &mut keeper).await;
        };
        Ok((pods, heard, following))
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PodSource for Pods {
    fn pod(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Pod>> {
        self.lock().find(namespace, name, uid)
    }
}

/// Keeps the cache as the server tells it.
#[derive(Debug)]
struct Keeper {
    pods: Arc<Pods>,
    ends: PodEnds,
    metrics: Metrics,
    is_failing: bool,
}

impl Keeper {
    fn change(&mut self, change: impl FnOnce(&mut Cache, Instant)) {
        let mut cache = self.pods.lock();
        change(&mut cache, Instant::now());
        self.metrics.live.set(i64::try_from(cache.live()).unwrap_or(i64::MAX));
    }
}

impl Observer<Object> for Keeper {
    fn listing(&mut self) {
        self.change(|cache, _| cache.begin_list());
    }

    fn listed(&mut self) {
        self.change(Cache::end_list);
    }

    fn watching(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the Kubernetes API answers again");
        }
        self.metrics.is_synced.set(1);
    }

    fn applied(&mut self, object: Object) {
        let pod = object::pod(&object);
        self.ends.look(&pod, &object);
        self.change(|cache, _| cache.apply(pod));
    }

    fn deleted(&mut self, object: Object) {
        let pod = object::pod(&object);
        self.ends.look(&pod, &object);
        self.ends.forget(&pod);
        self.change(|cache, now| cache.delete(pod, now));
    }

    fn failed(&mut self, failure: &Failure) {
        self.metrics.failures.inc();
        self.metrics.is_synced.set(0);
        let error = Chain(failure);
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(%error, "pods cannot be followed yet");
        } else {
            tracing::warn!(%error, "pods cannot be followed for now, those that are known stay");
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Default)]
struct Metrics {
    live: Gauge,
    is_synced: Gauge,
    failures: Counter,
}

impl Metrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let own = registry.sub_registry_with_prefix("barogram_kubernetes");
        own.register("pods", "Pods that exist, as far as is known", metrics.live.clone());
        own.register(
            "pods_synced",
            "Whether the pods that are known are those of the API server",
            metrics.is_synced.clone(),
        );
        own.register(
            "pods_failures",
            "Requests for pods that failed and were made again",
            metrics.failures.clone(),
        );
        metrics
    }
}
