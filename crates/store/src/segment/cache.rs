//! A small cache: what was used last stays, up to a number of bytes.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values by key. Values are cheap to clone: an `Arc`.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    bytes_max: usize,
    entries: Mutex<Entries<K, V>>,
}

#[derive(Debug)]
struct Entries<K, V> {
    by_key: HashMap<K, Entry<V>>,
    /// The keys by when they were used; the first one goes first.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (by_key, by_use) = (HashMap::new(), BTreeMap::new());
        Self { bytes_max, entries: Mutex::new(Entries { by_key, by_use, uses: 0, bytes: 0 }) }
    }

    /// The value of a key, which is thereby used.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Entries { by_key, by_use, uses, .. } = &mut *entries;
        let entry = by_key.get_mut(key)?;
        by_use.remove(&entry.used);
        *uses += 1;
        entry.used = *uses;
        by_use.insert(*uses, key.clone());
        Some(entry.value.clone())
    }

    /// Keeps a value of this size, in bytes, and drops what was not used for longest. A value that
    /// is larger than the whole cache is not kept.
    pub(crate) fn insert(&self, key: K, value: V, bytes: usize) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&key);
        if bytes > self.bytes_max {
            return;
        }
        while entries.bytes + bytes > self.bytes_max {
            let Some(oldest) = entries.by_use.values().next().cloned() else { break };
            entries.remove(&oldest);
        }
        entries.uses += 1;
        let used = entries.uses;
        entries.bytes += bytes;
        entries.by_use.insert(used, key.clone());
        entries.by_key.insert(key, Entry { value, bytes, used });
    }
}

impl<K: Hash + Eq, V> Entries<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cache: &Cache<&str, u8>, expect: &str) {
        let entries = cache.entries.lock().unwrap();
        let keys: Vec<&str> = entries.by_use.values().copied().collect();
        assert_eq!(keys.join(" "), expect);
        let bytes: usize = entries.by_key.values().map(|entry| entry.bytes).sum();
        assert_eq!(entries.bytes, bytes);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = Cache::new(10);
        cache.insert("a", 1, 4);
        cache.insert("b", 2, 4);
        assert_eq!(cache.get(&"a"), Some(1));
        check(&cache, "b a");
        cache.insert("c", 3, 4);
        check(&cache, "a c");
        assert_eq!(cache.get(&"b"), None);
        cache.insert("a", 4, 6);
        check(&cache, "c a");
        assert_eq!(cache.get(&"a"), Some(4));
        cache.insert("huge", 5, 11);
        check(&cache, "c a");
    }
}
