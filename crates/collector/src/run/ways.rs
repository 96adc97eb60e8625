//! Ways into components that wait until these can be started: who sends to one may know it before.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::component::Receiver;

/// A way into a component, and its other end.
type Way<T> = (Arc<Receiver<T>>, mpsc::Receiver<Vec<T>>);

/// Ways into components that are not started yet, by the components' identities.
#[derive(Debug)]
pub struct Ways<T>(BTreeMap<String, Way<T>>);

impl<T> Default for Ways<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Ways<T> {
    /// The way into a component.
    pub fn to(&mut self, id: &str) -> Arc<Receiver<T>> {
        let way = self.0.entry(id.to_owned());
        Arc::clone(&way.or_insert_with(|| Receiver::new(id)).0)
    }

    /// The way into a component that starts now, and its other end.
    pub fn take(&mut self, id: &str) -> Way<T> {
        self.0.remove(id).unwrap_or_else(|| Receiver::new(id))
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
