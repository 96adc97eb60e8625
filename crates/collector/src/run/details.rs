//! What the parts of a component have to tell, each under its own name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::run::stats::Stats;

/// What each part tells. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Details(Arc<Mutex<BTreeMap<String, String>>>);

impl Details {
    /// A part tells this from now on, or nothing any more.
    pub fn set(&self, name: &str, detail: Option<String>, stats: &Stats) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match detail {
            Some(detail) => all.insert(name.to_owned(), detail),
            None => all.remove(name),
        };
        stats.tell(all.iter().map(|(name, detail)| (name.clone(), detail.clone())).collect());
    }
}
