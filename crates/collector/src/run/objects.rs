//! What is known of the objects of one kind in Kubernetes, as they come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::ResourceExt;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::Chain;
use crate::kubernetes::{Failure, Observer};
use crate::run::stats::Stats;

/// What is known of each object, by its uid. What is gone stays for a while.
#[derive(Debug)]
pub struct Objects<T> {
    state: Mutex<State<T>>,
    changed: Notify,
    kept: Duration,
}

#[derive(Debug)]
struct State<T> {
    /// What is known, and since when the object is gone.
    known: BTreeMap<String, (T, Option<Instant>)>,
    /// While a list is read, those that were not in it yet.
    missing: BTreeSet<String>,
    /// Whether all were listed once.
    is_whole: bool,
}

impl<T: Clone> Objects<T> {
    /// None yet. Those that are gone stay for so long.
    #[must_use]
    pub fn new(kept: Duration) -> Self {
        let (known, missing) = (BTreeMap::new(), BTreeSet::new());
        let state = Mutex::new(State { known, missing, is_whole: false });
        Self { state, changed: Notify::new(), kept }
    }

    /// Waits until something changes.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What is known now.
    pub fn now(&self, now: Instant) -> Vec<T> {
        let mut state = self.lock();
        let is_old = |at: Instant| now.saturating_duration_since(at) >= self.kept;
        state.known.retain(|_, (_, gone_at)| !gone_at.is_some_and(is_old));
        state.known.values().map(|(known, _)| known.clone()).collect()
    }

    /// Whether all that there are were told once.
    pub fn is_whole(&self) -> bool {
        self.lock().is_whole
    }

    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what is known as the server tells it.
pub struct Keeper<K, T> {
    objects: Arc<Objects<T>>,
    make: fn(&K) -> T,
    /// The namespaces of those that are wanted; none for all.
    namespaces: Vec<String>,
    stats: Arc<Stats>,
    is_failing: bool,
}

impl<K, T> Keeper<K, T> {
    /// Keeps what this makes of objects.
    pub fn new(
        objects: Arc<Objects<T>>,
        make: fn(&K) -> T,
        namespaces: Vec<String>,
        stats: Arc<Stats>,
    ) -> Self {
        Self { objects, make, namespaces, stats, is_failing: false }
    }
}

impl<K: kube::Resource, T: Clone + Send> Observer<K> for Keeper<K, T> {
    fn listing(&mut self) {
        let mut state = self.objects.lock();
        state.missing = state.known.keys().cloned().collect();
    }

    fn listed(&mut self) {
        // What is not in the list is gone.
        let now = Instant::now();
        self.objects.change(|state| {
            state.is_whole = true;
            for uid in std::mem::take(&mut state.missing) {
                if let Some((_, gone_at)) = state.known.get_mut(&uid) {
                    gone_at.get_or_insert(now);
                }
            }
        });
    }

    fn watching(&mut self) {
        self.stats.note(None);
        self.is_failing = false;
    }

    fn applied(&mut self, object: K) {
        let is_wanted = self.namespaces.is_empty()
            || object.namespace().is_some_and(|it| self.namespaces.contains(&it));
        if !is_wanted {
            return;
        }
        let uid = object.uid().unwrap_or_default();
        let made = (self.make)(&object);
        self.objects.change(|state| {
            state.missing.remove(&uid);
            state.known.insert(uid, (made, None));
        });
    }

    fn deleted(&mut self, object: K) {
        let uid = object.uid().unwrap_or_default();
        self.applied(object);
        let now = Instant::now();
        self.objects.change(|state| {
            if let Some((_, gone_at)) = state.known.get_mut(&uid) {
                *gone_at = Some(now);
            }
        });
    }

    fn failed(&mut self, failure: &Failure) {
        self.stats.note(Some(Chain(failure).to_string()));
        let error = Chain(failure);
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(%error, "Kubernetes cannot be followed yet");
        } else {
            tracing::warn!(%error, "Kubernetes cannot be followed for now, it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service;

    use super::*;

    #[test]
    fn what_is_not_listed_again_is_gone() {
        let objects = Arc::new(Objects::new(Duration::ZERO));
        let name = |service: &Service| service.name_any();
        let namespaces = vec!["a".to_owned()];
        let mut keeper = Keeper::new(Arc::clone(&objects), name, namespaces, Stats::new());
        let service = |name: &str, namespace: &str| -> Service {
            let metadata = serde_json::json!({"name": name, "namespace": namespace, "uid": name});
            serde_json::from_value(serde_json::json!({"metadata": metadata})).unwrap()
        };
        let now = || objects.now(Instant::now()).join(" ");
        keeper.listing();
        keeper.applied(service("x", "a"));
        keeper.applied(service("y", "a"));
        keeper.applied(service("z", "b"));
        assert!(!objects.is_whole());
        keeper.listed();
        assert_eq!((now().as_str(), objects.is_whole()), ("x y", true));
        keeper.listing();
        keeper.applied(service("y", "a"));
        assert_eq!(now(), "x y", "until the list is whole");
        keeper.listed();
        assert_eq!(now(), "y");
        keeper.deleted(service("y", "a"));
        assert_eq!(now(), "");
    }
}
