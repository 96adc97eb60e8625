//! The pods that are known, and those that were: pure, with the time as an argument.
//!
//! A file may be seen when Kubernetes has forgotten its pod, so a pod stays for a while after it is
//! gone. The uid tells a pod from another of the same name that came after it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use airflow::Pod;
use tokio::time::Instant;

use crate::limits::GONE_PODS_MAX;

/// How long a pod is remembered after it is gone. The kubelet removes its log folder within
/// minutes, and a file is opened when it appears; an hour covers a collector that was held up.
pub const GONE_PODS_KEPT: Duration = Duration::from_secs(60 * 60);
/// The annotation that holds the uid under which the kubelet knows a static pod. The API has only
/// its mirror, with another uid.
const CONFIG_HASH: &str = "kubernetes.io/config.hash";

/// The pods that are known.
#[derive(Debug, Default)]
pub struct Cache {
    /// By uid.
    pods: HashMap<String, Known>,
    /// How many of them exist.
    live: usize,
    /// The uids of static pods' latest mirrors, by what their log folders are called.
    mirrors: HashMap<String, String>,
    /// Those that are gone, the first to be forgotten first. One that came back since is in it too.
    gone: VecDeque<(Instant, String)>,
    /// While a list is read: the uids that were in it.
    listed: Option<HashSet<String>>,
}

#[derive(Debug)]
struct Known {
    pod: Arc<Pod>,
    gone_at: Option<Instant>,
}

impl Cache {
    /// The pod whose log folder bears these names.
    pub fn find(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Pod>> {
        let uid = self.mirrors.get(uid).map_or(uid, String::as_str);
        let pod = &self.pods.get(uid)?.pod;
        (pod.namespace == namespace && pod.name == name).then(|| Arc::clone(pod))
    }

    /// How many pods exist.
    pub fn live(&self) -> usize {
        self.live
    }

    /// A pod exists, as it is now.
    pub fn apply(&mut self, pod: Pod) {
        if let Some(listed) = &mut self.listed {
            listed.insert(pod.uid.clone());
        }
        if let Some(hash) = pod.annotations.get(CONFIG_HASH) {
            self.mirrors.insert(hash.clone(), pod.uid.clone());
        }
        let now = Known { pod: Arc::new(pod), gone_at: None };
        let before = self.pods.insert(now.pod.uid.clone(), now);
        let was_live = before.is_some_and(|before| before.gone_at.is_none());
        self.live += usize::from(!was_live);
    }

    /// A pod exists no more; this is the last that was known of it.
    pub fn delete(&mut self, pod: Pod, now: Instant) {
        let (uid, hash) = (pod.uid.clone(), pod.annotations.get(CONFIG_HASH).cloned());
        // The mirror that has taken its place may be known already.
        let newer = hash.and_then(|hash| Some((hash.clone(), self.mirrors.get(&hash)?.clone())));
        self.apply(pod);
        self.mirrors.extend(newer);
        self.is_gone(uid, now);
    }

    /// A list of all pods begins.
    pub fn begin_list(&mut self) {
        self.listed = Some(HashSet::new());
    }

    /// A list of all pods is whole: what was not in it is gone.
    pub fn end_list(&mut self, now: Instant) {
        let Some(listed) = self.listed.take() else { return };
        let missing =
            |(uid, known): &(&String, &Known)| known.gone_at.is_none() && !listed.contains(*uid);
        let missing: Vec<String> =
            self.pods.iter().filter(missing).map(|(uid, _)| uid.clone()).collect();
        missing.into_iter().for_each(|uid| self.is_gone(uid, now));
    }

    /// Forgets those that have been gone for long, or for whom there is no room.
    pub fn forget(&mut self, now: Instant) {
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= GONE_PODS_KEPT;
        while self.gone.front().is_some_and(|(at, _)| is_old(at)) || self.gone.len() > GONE_PODS_MAX
        {
            let Some((at, uid)) = self.gone.pop_front() else { return };
            if self.pods.get(&uid).is_some_and(|known| known.gone_at == Some(at)) {
                self.pods.remove(&uid);
                self.mirrors.retain(|_, mirror| *mirror != uid);
            }
        }
    }

    fn is_gone(&mut self, uid: String, now: Instant) {
        if let Some(known) = self.pods.get_mut(&uid) {
            self.live -= usize::from(known.gone_at.is_none());
            known.gone_at = Some(now);
            self.gone.push_back((now, uid));
            self.forget(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str) -> Pod {
        Pod { uid: uid.to_owned(), ..Pod::new("a", "p") }
    }

    fn mirror(uid: &str) -> Pod {
        let mut mirror = pod(uid);
        mirror.annotations.insert(CONFIG_HASH.to_owned(), "hash".to_owned());
        mirror
    }

    /// The uid of the pod that a folder is taken to be of.
    fn found(cache: &Cache, uid: &str) -> Option<String> {
        cache.find("a", "p", uid).map(|pod| pod.uid.clone())
    }

    #[test]
    fn one_of_the_same_name_is_another() {
        let mut cache = Cache::default();
        cache.apply(pod("1"));
        assert_eq!(found(&cache, "2"), None);
        cache.apply(pod("2"));
        assert_eq!(found(&cache, "1").as_deref(), Some("1"));
        assert_eq!(found(&cache, "2").as_deref(), Some("2"));
        assert!(cache.find("b", "p", "1").is_none(), "of another namespace");
        assert!(cache.find("a", "q", "1").is_none(), "of another name");
    }

    #[test]
    fn what_is_gone_is_remembered_for_a_while() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.apply(pod("1"));
        cache.delete(pod("1"), start);
        assert_eq!(cache.live(), 0);
        cache.forget(start + GONE_PODS_KEPT / 2);
        assert!(found(&cache, "1").is_some());
        cache.forget(start + GONE_PODS_KEPT);
        assert!(found(&cache, "1").is_none());
    }

    #[test]
    fn what_came_back_is_not_forgotten() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.delete(pod("1"), start);
        cache.apply(pod("1"));
        cache.forget(start + GONE_PODS_KEPT * 2);
        assert!(found(&cache, "1").is_some());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        (0..=GONE_PODS_MAX).for_each(|no| cache.delete(pod(&no.to_string()), start));
        assert!(found(&cache, "0").is_none());
        assert!(found(&cache, "1").is_some());
        assert_eq!(cache.pods.len(), GONE_PODS_MAX);
    }

    #[test]
    fn a_list_tells_who_is_gone() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.apply(pod("1"));
        cache.begin_list();
        cache.apply(pod("2"));
        assert_eq!(cache.live(), 2, "a list that is not whole says nothing of the others");
        cache.end_list(start);
        assert_eq!(cache.live(), 1);
        assert!(found(&cache, "1").is_some(), "its lines may be on their way");
    }

    #[test]
    fn a_static_pod_is_found_by_its_hash() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.apply(mirror("1"));
        assert_eq!(found(&cache, "hash").as_deref(), Some("1"));
        cache.apply(mirror("2"));
        cache.delete(mirror("1"), start);
        assert_eq!(found(&cache, "hash").as_deref(), Some("2"), "its mirror was made anew");
        cache.forget(start + GONE_PODS_KEPT);
        assert_eq!(found(&cache, "hash").as_deref(), Some("2"));
    }
}
