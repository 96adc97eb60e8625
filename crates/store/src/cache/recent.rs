//! Values by key: what was used last stays, up to a number of bytes.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by key. Values are cheap to clone: an `Arc`.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    bytes_max: usize,
    entries: Mutex<Entries<K, V>>,
}

#[derive(Debug)]
struct Entries<K, V> {
    by_key: BTreeMap<K, Entry<V>>,
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

impl<K: Ord + Clone, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (by_key, by_use) = (BTreeMap::new(), BTreeMap::new());
        Self { bytes_max, entries: Mutex::new(Entries { by_key, by_use, uses: 0, bytes: 0 }) }
    }

    /// The value of a key, which is thereby used.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut entries = self.entries();
        let Entries { by_key, by_use, uses, .. } = &mut *entries;
        let entry = by_key.get_mut(key)?;
        by_use.remove(&entry.used);
        *uses += 1;
        entry.used = *uses;
        by_use.insert(*uses, key.clone());
        Some(entry.value.clone())
    }

    /// Keeps a value of this size, in bytes, and drops what was not used for longest, whose keys
    /// it returns. A value that is larger than the whole cache is not kept.
    pub(crate) fn insert(&self, key: K, value: V, bytes: usize) -> Vec<K> {
        let mut entries = self.entries();
        entries.remove(&key);
        if bytes > self.bytes_max {
            return vec![key];
        }
        let mut dropped = Vec::new();
        while entries.bytes + bytes > self.bytes_max {
            let Some(oldest) = entries.by_use.values().next().cloned() else { break };
            entries.remove(&oldest);
            dropped.push(oldest);
        }
        entries.uses += 1;
        let used = entries.uses;
        entries.bytes += bytes;
        entries.by_use.insert(used, key.clone());
        entries.by_key.insert(key, Entry { value, bytes, used });
        dropped
    }

    /// Drops every key of a range, and returns those that were there.
    pub(crate) fn remove_range(&self, keys: RangeInclusive<K>) -> Vec<K> {
        let mut entries = self.entries();
        let found: Vec<K> = entries.by_key.range(keys).map(|(key, _)| key.clone()).collect();
        found.iter().for_each(|key| entries.remove(key));
        found
    }

    /// Drops everything, and returns what was there.
    pub(crate) fn clear(&self) -> Vec<K> {
        let mut entries = self.entries();
        let found: Vec<K> = entries.by_key.keys().cloned().collect();
        found.iter().for_each(|key| entries.remove(key));
        found
    }

    /// What the values occupy.
    pub(crate) fn bytes(&self) -> usize {
        self.entries().bytes
    }

    /// What they may occupy.
    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    fn entries(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord, V> Entries<K, V> {
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
        assert_eq!(cache.insert("c", 3, 4), ["b"]);
        check(&cache, "a c");
        assert_eq!(cache.get(&"b"), None);
        cache.insert("a", 4, 6);
        check(&cache, "c a");
        assert_eq!(cache.get(&"a"), Some(4));
        assert_eq!(cache.insert("huge", 5, 11), ["huge"]);
        check(&cache, "c a");
    }
    #[test]
    fn ranges_of_keys_are_dropped() {
        let cache = Cache::new(10);
        for key in ["a", "b", "b2", "c"] {
            cache.insert(key, 0, 2);
        }
        assert_eq!(cache.remove_range("b"..="bz"), ["b", "b2"]);
        check(&cache, "a c");
        assert_eq!(cache.clear(), ["a", "c"]);
        check(&cache, "");
    }
}
